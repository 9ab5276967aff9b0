"""A kernel's swap in user space: slots, zswap, zram and the designs argued about."""
