"""What is said, every word of it: a domain value and a Voice make a Card. No Telegram, no database."""
