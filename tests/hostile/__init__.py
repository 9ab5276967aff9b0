"""What a stranger would try: hostile bytes, odd streams, signals at any moment."""
