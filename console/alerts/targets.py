"""Where alerts go: kept, changed, and shown without what is secret in them."""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from console.alerts.send import APPRISE, WEBHOOK, load_apprise
from console.database.tables import AlertRule, AlertTarget, Delivery
from console.web.errors import NotFound
from contract.errors import InputError, LimitExceeded

MAX_NAME: Final = 100
MAX_URL: Final = 2_000
MOST: Final = 200
KINDS: Final = (WEBHOOK, APPRISE)
_HIDDEN: Final = "****"
_LONG: Final = re.compile(r"[^/]{16,}")


class BadTarget(InputError):
    """A target cannot have these values."""

    code = "bad-target"


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A target as it is listed."""

    target: AlertTarget
    rules: int
    """That send to it."""


async def all_targets(session: AsyncSession) -> list[TargetRow]:
    """Every target, by name."""
    rules = select(func.count()).where(AlertRule.target_id == AlertTarget.id).correlate(AlertTarget).scalar_subquery()
    rows = await session.execute(select(AlertTarget, rules).order_by(func.lower(AlertTarget.name), AlertTarget.id))
    return [TargetRow(target, count) for target, count in rows]


async def get_target(session: AsyncSession, target_id: int) -> AlertTarget:
    """One; raises `NotFound`."""
    target = await session.get(AlertTarget, target_id)
    if target is None:
        raise NotFound("there is no such target; it may have been deleted")
    return target


async def add_target(session: AsyncSession, name: str, kind: str, url: str, now_ms: int) -> AlertTarget:
    """Keep a target whose values were checked; a webhook gets a key that its messages are signed with.

    Raises:
        LimitExceeded: there are very many already.
    """
    if (await session.execute(select(func.count()).select_from(AlertTarget))).scalar_one() >= MOST:
        raise LimitExceeded(f"there are {MOST} targets already: delete one first")
    target = AlertTarget(name=name, kind=kind, url=url, secret=new_key() if kind == WEBHOOK else "", created_ms=now_ms)
    session.add(target)
    await session.flush()
    return target


async def enable_target(session: AsyncSession, target: AlertTarget, *, enabled: bool) -> None:
    """Let a target have alerts, or no more; what waits for one that is disabled is given up."""
    target.enabled = enabled
    if not enabled:
        waiting = update(Delivery).where(Delivery.target_id == target.id, Delivery.state == "waiting")
        await session.execute(waiting.values(state="failed", reply="the target was disabled"))
    await session.flush()


async def delete_target(session: AsyncSession, target: AlertTarget) -> None:
    """Delete a target with its rules and its log."""
    await session.execute(delete(AlertTarget).where(AlertTarget.id == target.id))


async def change_key(session: AsyncSession, target: AlertTarget) -> None:
    """Give a webhook another key; messages are signed with it from now on. Raises `BadTarget`."""
    if target.kind != WEBHOOK:
        raise BadTarget("only webhooks have a key")
    target.secret = new_key()
    await session.flush()


def new_key() -> str:
    """A key as the Standard Webhooks specification writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def check_name(name: str) -> str:
    """The name of a target; raises `BadTarget`."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise BadTarget(f"a target needs a name of 1 to {MAX_NAME} characters")
    return name


def check_kind(kind: str) -> str:
    """The kind of a target; raises `BadTarget`."""
    if kind not in KINDS:
        raise BadTarget(f"{kind[:40]!r} is no kind of target: take {' or '.join(KINDS)}")
    return kind


def check_url(kind: str, url: str) -> str:
    """The address of a target; loads Apprise, so call it in a thread. Raises `BadTarget`.

    Hosts of one's own network are what a self-hosted console is for, and only admins say where alerts go.
    """
    url = url.strip()
    if not url or len(url) > MAX_URL or not url.isprintable():
        raise BadTarget(f"expected an address of 1 to {MAX_URL} characters")
    if kind == WEBHOOK:
        try:
            parts = urlsplit(url)
            fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            fine = False
        if not fine:
            raise BadTarget("expected the address of a webhook: https://host/path, or http:// inside your network")
    elif _service(url) is None:
        raise BadTarget(
            "Apprise does not know this address, or something in it is missing: "
            "its page on the service says how it is written"
        )
    return url


def shown_url(target: AlertTarget) -> str:
    """An address without what is secret in it; loads Apprise for its kind, so call it in a thread."""
    if target.kind == APPRISE:
        service = _service(target.url)
        if service is None:
            return f"{target.url.partition(':')[0]}://{_HIDDEN}"
        return str(service.url(privacy=True)).partition("?")[0]
    parts = urlsplit(target.url)
    host = parts.netloc.rpartition("@")[2]
    path = _LONG.sub(lambda match: match[0][:4] + _HIDDEN, parts.path)
    query = urlencode([(name, _HIDDEN) for name, _ in parse_qsl(parts.query, keep_blank_values=True)], safe="*")
    return urlunsplit((parts.scheme, f"{_HIDDEN}@{host}" if "@" in parts.netloc else host, path, query, ""))


def shown_key(target: AlertTarget) -> str:
    """As much of a key as tells it from another one."""
    return f"{target.secret[:10]}{_HIDDEN}" if target.secret else ""


def _service(url: str) -> Any:
    return load_apprise().Apprise.instantiate(url, suppress_exceptions=True)


async def names(session: AsyncSession) -> Sequence[tuple[int, str]]:
    """Id and name of every target, for a choice."""
    rows = await session.execute(select(AlertTarget.id, AlertTarget.name).order_by(func.lower(AlertTarget.name)))
    return [(id_, name) for id_, name in rows]
