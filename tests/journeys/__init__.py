"""Whole stories, played over HTTP with the real bot."""
