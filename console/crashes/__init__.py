"""One crash: what a person opens, and what a program asks about it."""
