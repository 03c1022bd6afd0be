"""What an analysis says, for programs and for people."""
