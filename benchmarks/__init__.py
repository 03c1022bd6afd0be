"""Measurements, each beside its peer in one run. `make bench` runs them all; a figure without its peer is no figure."""
