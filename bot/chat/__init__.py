"""What is heard. A use case is a plain function inside one transaction: it reads, writes, and returns one Answer."""
