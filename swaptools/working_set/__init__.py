"""What a trace needs of memory: footprint, working sets, distances, miss ratios.

Pure: batches of references come in, values go out, in the memory of a page table.
"""
