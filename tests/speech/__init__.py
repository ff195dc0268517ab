"""Mirrors bot/."""
