"""Faultcast: crash reports for fleets of embedded devices."""

__version__ = "0.1.0"
