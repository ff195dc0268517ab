"""What is true. Standard library and pytz only: no I/O, no now(), randomness passed in, frozen values."""
