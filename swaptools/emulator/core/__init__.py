"""Every hot function over flat buffers, and what makes them fast; nothing else."""
