"""What msgspec raises for bytes that are not the message they should be."""

import msgspec

MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Every decoder of messages from outside catches all three: msgspec wraps neither text that is not UTF-8 nor nesting
deeper than the interpreter's stack, and one that escapes would stop a worker."""
