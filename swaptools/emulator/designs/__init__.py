"""The designs of the thread, one a file, the same shape each."""
