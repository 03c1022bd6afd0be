"""Points in time as people write them: absolute (RFC 3339), or relative to now (`24h`, `7d`)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

_RELATIVE: Final = re.compile(r"0*([1-9][0-9]{0,4})([mhdw])")
_UNIT_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time; `text` is canonical, so that equal moments are equal."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """From what somebody wrote; raises `ValueError`."""
        if match := _RELATIVE.fullmatch(text):
            return cls(f"{match[1]}{match[2]}")
        # In a query string a bare + is a space.
        when = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        try:
            return cls.of((when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC))
        except OverflowError as error:
            raise ValueError("a date from 0001-01-01 to 9999-12-31 is expected") from error

    @classmethod
    def of(cls, when: datetime) -> Self:
        """An absolute one, to the millisecond."""
        return cls(when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))

    @property
    def is_relative(self) -> bool:
        """Whether it moves along with now."""
        return _RELATIVE.fullmatch(self.text) is not None

    def at(self, now_ms: int) -> int:
        """Unix milliseconds, seen from `now_ms`."""
        if match := _RELATIVE.fullmatch(self.text):
            return now_ms - int(match[1]) * _UNIT_MS[match[2]]
        return round(datetime.fromisoformat(self.text).timestamp() * 1000)


def time_of(ms: int) -> datetime:
    """Unix milliseconds as the models of the API take them."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def maybe_time_of(ms: int | None) -> datetime | None:
    """As `time_of`, of what may not have happened."""
    return None if ms is None else time_of(ms)


def rfc3339(ms: int) -> str:
    """Unix milliseconds as the API writes them."""
    return time_of(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
