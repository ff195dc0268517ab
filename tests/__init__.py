"""Promises the bot keeps, told as tests."""
