"""Firmware: ELF files that are uploaded, indexed, looked for, linked by hand and removed."""
