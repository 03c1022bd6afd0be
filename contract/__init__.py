"""What crosses a process boundary: topics, messages, stream records, events."""
