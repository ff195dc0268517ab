"""The whole bot under updates that nobody planned: `make fuzz`, and a few thousand of them in the suite."""
