"""The rules, a room for each family; check/registry.py imports them in order.

H header page, S size, B bad pages, I identity, G ghosts, M kernel memory,
F file system, A access, P privilege, U unseen.
"""
