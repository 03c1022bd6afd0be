"""Dump and ELF to report."""
