"""Who leaves memory when it runs out: policies, one file each."""
