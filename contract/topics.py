"""MQTT topics: who publishes where.

The device id is a topic level, so that a broker's access list on the user name pins a device to its own topics.

| topic | direction | payload |
| --- | --- | --- |
| `{root}/v1/device/{device}/dump` | device to Faultcast, QoS 1 | `contract.chunk.Chunk` |
| `{root}/v1/device/{device}/ack` | Faultcast to device, QoS 1 | `contract.ack.Ack` |
| `{root}/v1/event/crash/{device}` | Faultcast to consumers, QoS 1 | `contract.event.CrashEvent` |
"""

import re
from dataclasses import dataclass

from contract.errors import MessageError

DEVICE_ID = re.compile(r"[A-Za-z0-9._:@~-]{1,128}")
"""What a device may be called: no level separator, no wildcard, no white space, printable everywhere."""

_ROOT = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*")


class BadDeviceId(MessageError):
    """A device id that cannot be a topic level."""

    code = "message.device-id"


def check_device_id(device: str) -> str:
    """Return the id unchanged, or raise `BadDeviceId`."""
    if not DEVICE_ID.fullmatch(device):
        raise BadDeviceId(
            f"device id {device[:40]!r} is not usable: take 1 to 128 of the characters A-Z a-z 0-9 . _ : @ ~ -"
        )
    return device


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic of one installation, below one root."""

    root: str = "faultcast"

    def __post_init__(self) -> None:
        """Refuse a root that would not be plain topic levels."""
        if not _ROOT.fullmatch(self.root):
            raise ValueError(f"topic root {self.root!r} must be plain levels such as 'faultcast' or 'acme/faultcast'")

    def dump(self, device: str) -> str:
        """Where `device` publishes its chunks."""
        return f"{self.root}/v1/device/{check_device_id(device)}/dump"

    def ack(self, device: str) -> str:
        """Where `device` listens for acknowledgements."""
        return f"{self.root}/v1/device/{check_device_id(device)}/ack"

    def crash_event(self, device: str) -> str:
        """Where the crashes of `device` are announced."""
        return f"{self.root}/v1/event/crash/{check_device_id(device)}"

    @property
    def dumps(self) -> str:
        """Filter for the chunks of all devices."""
        return f"{self.root}/v1/device/+/dump"

    @property
    def crash_events(self) -> str:
        """Filter for the crash events of all devices."""
        return f"{self.root}/v1/event/crash/+"

    def device_of(self, topic: str) -> str:
        """The device that a dump topic belongs to; raises `BadDeviceId` for any other topic."""
        prefix, suffix = f"{self.root}/v1/device/", "/dump"
        if not (topic.startswith(prefix) and topic.endswith(suffix)):
            raise BadDeviceId(f"topic {topic[:80]!r} is not {prefix}DEVICE{suffix}")
        return check_device_id(topic[len(prefix) : -len(suffix)])
