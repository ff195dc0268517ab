"""Recipro: one small prompt a day that helps two people keep caring for each other."""

__version__ = "0.1.0"
