"""The sessions of all clients: opened, taken over, kept for a while, ended; and the wills that hang on them."""

import asyncio
import logging
import secrets
from dataclasses import dataclass

from faultcast.broker.message import Message
from faultcast.broker.router import Router
from faultcast.broker.session import NEVER, Link, Session

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Will:
    """What to publish when a client is gone without a goodbye, and for how many seconds to wait for its return."""

    message: Message
    delay: int


class Sessions:
    """By client id. Timers run on the loop that is running when a session is left."""

    def __init__(self, router: Router, max_sessions: int) -> None:
        self._router = router
        self._max_sessions = max_sessions
        self._sessions: dict[str, Session] = {}
        self._endings: dict[Session, asyncio.TimerHandle] = {}
        self._wills: dict[Session, tuple[asyncio.TimerHandle, Message]] = {}

    @property
    def full(self) -> bool:
        """No room for one more client id."""
        return len(self._sessions) >= self._max_sessions

    def new_client_id(self) -> str:
        """For a client that came without one."""
        return f"auto-{secrets.token_hex(12)}"

    def find(self, client_id: str) -> Session | None:
        """The session of a client id, connected or not."""
        return self._sessions.get(client_id)

    def open(
        self, client_id: str, username: str | None, link: Link, *, clean: bool, expiry: int
    ) -> tuple[Session, bool]:
        """Attach a connection to its session; True if the session was there before.

        Whoever is connected under the client id is sent away first (section 3.1.4).
        """
        known = self._sessions.get(client_id)
        if known is not None and known.link is not None:
            known.link.take_over()
            known = self._sessions.get(client_id)
        if known is not None and clean:
            self._end(known)
            known = None
        session = known or Session(client_id, username, self._router.quota())
        self._sessions[client_id] = session
        if (ending := self._endings.pop(session, None)) is not None:
            ending.cancel()
        if (pending := self._wills.pop(session, None)) is not None:
            pending[0].cancel()
        session.expiry = expiry
        session.attach(link)
        return session, known is not None

    def leave(self, session: Session, will: Will | None) -> None:
        """The connection of a session is gone; `will` is what it left behind if it did not say goodbye."""
        session.detach()
        if session.dropped:
            logger.info("client %.64r: %d QoS 0 messages dropped", session.client_id, session.dropped)
            session.dropped = 0
        loop = asyncio.get_running_loop()
        if will is not None:
            if will.delay:
                timer = loop.call_later(will.delay, self._publish_will, session)
                self._wills[session] = timer, will.message
            else:
                self._router.deliver(will.message)
        if not session.expiry:
            self._end(session)
        elif session.expiry != NEVER:
            self._endings[session] = loop.call_later(session.expiry, self._end, session)

    def close(self) -> None:
        """Stop all timers."""
        for timer in self._endings.values():
            timer.cancel()
        for timer, _ in self._wills.values():
            timer.cancel()
        self._endings.clear()
        self._wills.clear()

    def _publish_will(self, session: Session) -> None:
        timer, message = self._wills.pop(session)
        timer.cancel()
        self._router.deliver(message)

    def _end(self, session: Session) -> None:
        # A delayed will is published no later than its session ends (section 3.1.2.5).
        if session in self._wills:
            self._publish_will(session)
        if (ending := self._endings.pop(session, None)) is not None:
            ending.cancel()
        if self._sessions.get(session.client_id) is session:
            del self._sessions[session.client_id]
        self._router.forget(session)
