"""What somebody is told: the body of a webhook, and the lines of a message. Pure."""

import re
import uuid
from typing import Final

import msgspec

from console.alerts.rule import Trigger
from console.web.moment import rfc3339

LONGEST_TITLE: Final = 200
SUMMARY: Final = "summary"
TEST: Final = "test"
_CALLS: Final = re.compile(r"@(?=\w)|<(?=[!@#])")


class GroupFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A group of crashes, as an alert tells of it."""

    id: int
    title: str
    kind: str
    crashes: int
    devices: int
    url: str


class CrashFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A crash, as an alert tells of it."""

    event_id: str
    time: str
    device: str
    title: str
    kind: str
    firmware: str
    version: str
    board: str
    url: str


class AlertData(msgspec.Struct, frozen=True, kw_only=True):
    """What is told; what does not belong to a trigger is null or empty."""

    rule: str
    """Name of the rule."""
    title: str
    """One line."""
    text: str
    """A few lines."""
    url: str
    """The page that shows it."""
    count: int = 1
    """Crashes of a spike, dumps that wait, entries that wait, alerts of a summary."""
    group: GroupFacts | None = None
    crash: CrashFacts | None = None
    device: str = ""
    build_id: str = ""
    stage: str = ""
    subjects: list[str] = []
    """Of a summary: what it is about, `group 12` or `device lab-7`, at most 1000."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook."""

    id: str
    """The same at every try, also sent as `webhook-id`."""
    type: str
    """`alert.` and the trigger, `alert.summary` or `alert.test`."""
    timestamp: str
    data: AlertData


def new_alert(kind: Trigger | str, data: AlertData, now_ms: int) -> Alert:
    """An alert with an id of its own."""
    return Alert(id=f"msg_{uuid.uuid4().hex}", type=f"alert.{kind}", timestamp=rfc3339(now_ms), data=data)


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Alert)


def encode_alert(alert: Alert) -> str:
    """JSON as it is kept, signed and sent."""
    return _encoder.encode(alert).decode()


def decode_alert(body: str) -> Alert:
    """Of what `encode_alert` made."""
    return _decoder.decode(body)


def one_line(text: str, length: int = LONGEST_TITLE) -> str:
    """Text of a device in one line, cut where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def message_of(alert: Alert) -> tuple[str, str]:
    """Title and text for people. What devices say calls nobody: `@everyone` stays a word."""
    data = alert.data
    lines = (_quiet(data.text), data.url, f"Rule: {_quiet(data.rule)}" if data.rule else "")
    return _quiet(one_line(data.title)), "\n".join(line for line in lines if line)


def _quiet(text: str) -> str:
    return _CALLS.sub(lambda match: f"{match[0]}\N{ZERO WIDTH SPACE}", text)
