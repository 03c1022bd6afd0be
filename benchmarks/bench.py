"""What the measurements share: services, medians, the table."""

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the services of the tests


@dataclass(frozen=True)
class Series:
    """Rates of one contender, per second, one for each round."""

    name: str
    rates: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.rates)


def p95(times: Sequence[float]) -> float:
    """What 95 of 100 stay below."""
    return statistics.quantiles(times, n=20)[-1]


def report(title: str, unit: str, ours: Series, peer: Series | None) -> None:
    """Print medians with their spread, and the ratio."""
    print(f"{title} on {os.cpu_count()} cores, Python {platform.python_version()}, {len(ours.rates)} rounds")
    for series in filter(None, (ours, peer)):
        print(
            f"  {series.name:<34} {series.median:>10,.1f} {unit}/s"
            f"   ({min(series.rates):,.1f} .. {max(series.rates):,.1f})"
        )
    if peer is not None:
        print(f"ratio {ours.median / peer.median:.1f}")
