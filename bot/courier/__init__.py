"""The only door to Telegram: a Card goes in, an Outcome comes out."""
