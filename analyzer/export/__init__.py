"""A report for other tools: an ELF core for debuggers, Markdown for a ticket."""
