"""What kernels do, as data and pure functions; nothing here asks the running one."""
