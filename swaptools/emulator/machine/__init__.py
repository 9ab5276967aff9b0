"""Areas, tasks, zswap and devices put together: one kernel's swap."""
