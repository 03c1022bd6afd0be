"""Chunk streams to whole dumps: windows, gaps, acknowledgements, salvage."""
