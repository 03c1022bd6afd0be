"""Reading DWARF 2 to 5 as far as an analysis of a stopped program needs it."""
