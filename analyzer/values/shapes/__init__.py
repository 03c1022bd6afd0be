"""How values of each kind of type are shown, worked out once per type and firmware."""
