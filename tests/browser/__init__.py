"""The page itself, in a real browser."""
