"""Moved to the rooms' common ground."""

from console.web.moment import Moment, rfc3339

__all__ = ["Moment", "rfc3339"]
