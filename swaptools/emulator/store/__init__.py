"""What the core refers to by number: contents, codecs, compressed pools, cgroups."""
