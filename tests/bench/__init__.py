"""Speed beside named peers, and a day with trouble: `make bench`, `make soak`. pytest only sees that all of it runs."""
