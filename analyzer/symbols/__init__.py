"""Symbols of a firmware image: build ids, the index built from an ELF once, and its reader."""
