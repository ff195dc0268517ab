"""What is remembered. SQLAlchemy Core: rows in, dataclasses out. Stores, does not decide."""
