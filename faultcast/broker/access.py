"""Who may connect, and who may read or write which topics."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faultcast.broker.topic import check_filter, covers, split_share

_USER = "%u"


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to read (subscribe to) or write (publish to) the topics of a filter.

    `%u` in the filter stands for the user's name, so that one grant pins every device to its own topics. `user` is the
    one it is for; None is for everybody.
    """

    pattern: str
    read: bool = True
    write: bool = True
    user: str | None = None

    def covers(self, username: str | None, pattern: str) -> bool:
        """Whether this grant is for the user and covers the filter or name in whole."""
        if self.user is not None and self.user != username:
            return False
        granted = self.pattern
        if _USER in granted:
            # A name with a wildcard or a slash in it would widen the grant to other people's topics.
            if not username or any(sign in username for sign in "+#/"):
                return False
            granted = granted.replace(_USER, username)
        return covers(granted, pattern)


class Access:
    """Users with passwords, and grants. Without users everybody comes in; without grants everything is allowed."""

    def __init__(self, users: Mapping[str, str] | None, grants: Sequence[Grant]) -> None:
        for grant in grants:
            check_filter(grant.pattern)
        self._users = None if users is None else {name: password.encode() for name, password in users.items()}
        self._grants = tuple(grants)

    def admits(self, username: str | None, password: bytes | None) -> bool:
        """Whether this user may connect."""
        if self._users is None:
            return True
        # Compare something for unknown names too: the time taken does not tell which names exist.
        expected = self._users.get(username or "", b"")
        same = hmac.compare_digest(expected, password or b"")
        return same and username in self._users

    def may_publish(self, username: str | None, topic: str) -> bool:
        """Whether the user may publish to a topic name."""
        return not self._grants or any(grant.write and grant.covers(username, topic) for grant in self._grants)

    def may_subscribe(self, username: str | None, pattern: str) -> bool:
        """Whether the user may see everything that a filter, shared or not, matches."""
        _, inner = split_share(pattern)
        return not self._grants or any(grant.read and grant.covers(username, inner) for grant in self._grants)
