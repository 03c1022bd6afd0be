"""The symbol index file: how each part is written and read. Little endian, offsets checked, no pickles.

The reader trusts nothing that the file says: damage ends in `CorruptIndex` or in a well-formed answer.
"""
