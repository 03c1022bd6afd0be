"""The console: crash events to a database, pages and an HTTP API for people."""
