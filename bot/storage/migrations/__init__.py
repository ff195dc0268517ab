"""The schema's history. HEAD and KNOWN are written down so that a start need not import Alembic to see it is current."""

KNOWN = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every revision this program can migrate from, oldest first; a test compares them with the scripts."""
HEAD = KNOWN[-1]
