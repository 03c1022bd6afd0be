"""Devices: those that have crashed, and the past of each."""
