"""Crash events on their way into the database."""
