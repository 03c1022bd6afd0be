"""Chunk streams to whole dumps."""
