"""Crashes that never happened, straight into the console's tables: as many as wanted, skewed as real ones are."""

import random
import time
import uuid
from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from sqlalchemy import func, insert, select

from console.database import Database
from console.database.base import Base
from console.database.tables import (
    Crash,
    CrashAttribute,
    CrashDay,
    CrashHour,
    Device,
    Fingerprint,
    FingerprintDevice,
    Group,
    Profile,
)

DAY_MS = 86_400_000
BATCH = 5_000
_FUNCTIONS = (
    "calibration_in_range",
    "sensor_read",
    "net_context_bind",
    "tcp_send_data",
    "ring_buf_put",
    "k_mutex_unlock",
    "flash_write_page",
    "ble_gap_advertise",
    "modem_parse_line",
    "json_obj_parse",
    "coap_packet_init",
    "lvgl_flush",
    "adc_sequence_start",
    "spi_transceive",
    "queue_take",
    "settings_load_one",
    "led_pattern_step",
    "ota_apply_chunk",
    "gnss_fix_publish",
    "crypto_verify",
)
_KINDS = (
    ("null-dereference", "Null pointer dereference in"),
    ("bus-fault", "Bus fault in"),
    ("stack-overflow", "Stack overflow of main in"),
    ("assert", "Assertion failed in"),
    ("illegal-instruction", "Illegal instruction in"),
    ("kernel-panic", "Kernel panic in"),
)
_BOARDS = (
    ("mps2/an385", "cortex-m"),
    ("nrf52840dk/nrf52840", "cortex-m"),
    ("qemu_riscv32", "riscv"),
    ("qemu_cortex_a53", "arm64"),
)
_TRUST = ("context", "cfi", "cfi", "frame-pointer", "scan")
_REGIONS = ("eu", "us", "us", "us", "apac")


@dataclass(frozen=True, slots=True)
class Fleet:
    """How much of everything."""

    crashes: int
    profiles: int = 400
    devices: int = 20_000
    days: int = 90
    seed: int = 7


def profile_rows(fleet: Fleet, rng: random.Random) -> list[dict[str, Any]]:
    """Profiles; several are builds of the same cause and share its fingerprint."""
    rows: list[dict[str, Any]] = []
    for number in range(1, fleet.profiles + 1):
        cause = (number - 1) // 4
        function = _FUNCTIONS[cause % len(_FUNCTIONS)] + (f"_{cause}" if cause >= len(_FUNCTIONS) else "")
        kind, words = _KINDS[cause % len(_KINDS)]
        board, architecture = _BOARDS[cause % len(_BOARDS)]
        symbolized = number % 11 != 0
        file = f"src/app/{function.split('_')[0]}.c"
        title = (
            f"{words} {function} ({file.rsplit('/', 1)[1]}:{40 + cause})" if symbolized else f"{words} 0x{number:08x}"
        )
        rows.append(
            {
                "id": number,
                "digest": f"{number:064x}",
                "crashes": 0,
                "first_ms": 0,
                "last_ms": 0,
                "fingerprint": f"2-{cause:024x}" if symbolized else f"2-{number:024x}u",
                "kind": kind,
                "title": title,
                "function": function if symbolized else None,
                "file": file if symbolized else None,
                "line": 40 + cause if symbolized else None,
                "thread": rng.choice(["main", "sensor", "workq", "net_rx", "shell"]),
                "trust": rng.choice(_TRUST),
                "symbolized": symbolized,
                "complete": number % 17 != 0,
                "architecture": architecture,
                "build_id": f"{rng.getrandbits(160):040x}",
                "firmware": "weather-station" if cause % 3 else "gateway",
                "version": f"1.{number % 4 + 2}.{cause % 3}",
                "board": board,
                "os": "Zephyr 4.1.0",
                "text": f"{title}\n{function}\n{file}\nmain".casefold(),
            }
        )
    return rows


async def fill(database: Database, fleet: Fleet, now_ms: int | None = None) -> None:
    """Write a fleet's crashes into empty tables."""
    now = now_ms or int(time.time() * 1000)
    rng = random.Random(fleet.seed)
    profiles = profile_rows(fleet, rng)
    zipf = list(accumulate(1 / rank for rank in range(1, fleet.profiles + 1)))
    devices = [
        {"id": each, "name": f"{('sensor', 'gateway')[each % 5 == 0]}-{each:05d}", "crashes": 0, "first_ms": 0}
        | {"last_ms": 0, "profile_id": None, "loop_ms": None}
        for each in range(1, fleet.devices + 1)
    ]
    hours: Counter[tuple[int, int]] = Counter()
    met: Counter[tuple[str, int]] = Counter()
    times = sorted(now - int(rng.random() ** 1.3 * fleet.days * DAY_MS) for _ in range(fleet.crashes))

    def crash_rows() -> Iterator[dict[str, Any]]:
        for number, at in enumerate(times, 1):
            profile = profiles[bisect(zipf, rng.random() * zipf[-1])]
            device = devices[int(rng.random() ** 2 * fleet.devices)]
            for each in (profile, device):
                each["crashes"] += 1
                each["first_ms"] = each["first_ms"] or at
                each["last_ms"] = at
            device["profile_id"] = profile["id"]
            hours[at // 3_600_000, profile["id"]] += 1
            met[profile["fingerprint"], device["id"]] += 1
            yield {
                "id": number,
                "event_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                "time_ms": at,
                "revision": 4 if profile["symbolized"] else 3,
                "change": number,
                "profile_id": profile["id"],
                "device_id": device["id"],
                "uptime_ms": rng.randrange(10**8),
                "sha256": f"{number:064x}",
                "size": 8_000 + number % 60_000,
            }

    crashes = list(crash_rows())
    of_print: dict[str, list[dict[str, Any]]] = {}
    for each in profiles:
        each["first_ms"] = each["first_ms"] or now
        each["last_ms"] = each["last_ms"] or now
        of_print.setdefault(each["fingerprint"], []).append(each)
    used = [each for each in devices if each["crashes"]]
    counted = Counter(fingerprint for fingerprint, _ in met)
    groups = [
        {
            "id": number,
            "title": some[0]["title"],
            "kind": some[0]["kind"],
            "created_ms": min(each["first_ms"] for each in some),
            "first_ms": min(each["first_ms"] for each in some),
            "last_ms": max(each["last_ms"] for each in some),
            "crashes": sum(each["crashes"] for each in some),
            "devices": counted[name],
            "decided_ms": None,
            "resolved_ms": None,
            "regressed_ms": None,
            "state": "unresolved",
            "resolved_version": "",
        }
        for number, (name, some) in enumerate(of_print.items(), 1)
    ]
    prints = [
        {"fingerprint": name, "group_id": number, "home_id": number, "crashes": sum(each["crashes"] for each in some)}
        for number, (name, some) in enumerate(of_print.items(), 1)
    ]
    await _insert(database, Profile, profiles)
    await _insert(database, Device, used)
    await _insert(database, Group, groups)
    await _insert(database, Fingerprint, prints)
    await _insert(database, Crash, crashes)
    attributes = (
        {"key": key, "value": value, "time_ms": each["time_ms"], "crash_id": each["id"]}
        for each in crashes
        for key, value in (
            ("region", _REGIONS[each["device_id"] % 5]),
            ("batch", str(each["device_id"] % 400)),
            ("boot", str(each["id"] % 977)),
        )
    )
    await _insert(database, CrashAttribute, attributes)
    hourly = ({"hour": hour, "profile_id": each, "crashes": count} for (hour, each), count in hours.items())
    await _insert(database, CrashHour, hourly)
    days = Counter[tuple[int, int]]()
    for (hour, each), count in hours.items():
        days[hour // 24, each] += count
    daily = ({"day": day, "profile_id": each, "crashes": count} for (day, each), count in days.items())
    await _insert(database, CrashDay, daily)
    seen = ({"fingerprint": each, "device_id": device, "crashes": count} for (each, device), count in met.items())
    await _insert(database, FingerprintDevice, seen)


async def _insert(database: Database, table: type[Base], rows: Any) -> None:
    batch: list[dict[str, Any]] = []
    async with database.writing() as session:
        for each in rows:
            batch.append(each)
            if len(batch) == BATCH:
                await session.execute(insert(table), batch)
                batch.clear()
        if batch:
            await session.execute(insert(table), batch)
        columns = table.__table__.columns
        if not database.is_sqlite and "id" in columns:  # PostgreSQL does not see that its numbers were given
            name = table.__tablename__
            await session.execute(select(func.setval(func.pg_get_serial_sequence(name, "id"), func.max(columns["id"]))))
