"""What is old goes: dumps, reports and events, each after a time of its own."""
