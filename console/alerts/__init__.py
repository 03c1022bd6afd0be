"""Alerts: rules that look at crashes and streams, targets that are told, and the log of what was told to whom."""
