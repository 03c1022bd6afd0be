"""Crash events: the filter, pages of them, charts, saved filters, exports, live."""
