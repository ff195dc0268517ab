"""Speed beside named peers: run by make bench, never by pytest."""
