"""The commands of the command line, one file each. They import what they need when they run."""
