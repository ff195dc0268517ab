"""What is sent, and when: raise what is due, claim it, decide again, send it, settle it."""
