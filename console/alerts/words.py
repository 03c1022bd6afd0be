"""What each alert says. Pure: facts in, title and text out."""

from collections.abc import Sequence
from typing import Final

from console.alerts.alert import AlertData, CrashFacts, GroupFacts, one_line
from console.alerts.behind import Behind
from console.alerts.rule import Trigger
from console.web.formats import device_path, duration, plural

MOST_SUBJECTS: Final = 1_000
_SUMMARIES: Final = {
    Trigger.NEW_GROUP: ("new group", "new groups"),
    Trigger.REGRESSION: ("regression", "regressions"),
    Trigger.SPIKE: ("group with a spike", "groups with spikes"),
    Trigger.CRASH_LOOP: ("device in a crash loop", "devices in crash loops"),
    Trigger.MISSING_SYMBOLS: ("build without symbols", "builds without symbols"),
    Trigger.LAG: ("stage behind", "stages behind"),
}


def new_group(rule: str, group: GroupFacts, crash: CrashFacts) -> AlertData:
    """A cause that had not been seen."""
    return AlertData(
        rule=rule,
        title=one_line(f"New crash: {crash.title}"),
        text=f"{_where(crash)}\n{_spread(group)}",
        url=group.url,
        group=group,
        crash=crash,
        device=crash.device,
    )


def regression(rule: str, group: GroupFacts, crash: CrashFacts) -> AlertData:
    """A group that was resolved and is not."""
    return AlertData(
        rule=rule,
        title=one_line(f"Back again: {crash.title}"),
        text=f"It was resolved, and crashed in a build that should have the fix.\n{_where(crash)}\n{_spread(group)}",
        url=group.url,
        group=group,
        crash=crash,
        device=crash.device,
    )


def spike(rule: str, group: GroupFacts, crash: CrashFacts, count: int, minutes: int) -> AlertData:
    """A group that crashes often."""
    return AlertData(
        rule=rule,
        title=one_line(f"{plural(count, 'crash', 'crashes')} in {minutes} min: {group.title}"),
        text=f"The last one: {_where(crash)}\n{_spread(group)}",
        url=group.url,
        count=count,
        group=group,
        crash=crash,
        device=crash.device,
    )


def crash_loop(rule: str, crash: CrashFacts, group: GroupFacts, address: str) -> AlertData:
    """A device that crashes again and again."""
    return AlertData(
        rule=rule,
        title=one_line(f"Crash loop: {one_line(crash.device, 80)}"),
        text=f"Three crashes or more within ten minutes. The last one: {one_line(crash.title)}\n{_where(crash)}",
        url=address + device_path(crash.device),
        group=group,
        crash=crash,
        device=crash.device,
    )


def missing_symbols(rule: str, build_id: str, firmware: str, waiting: int, address: str) -> AlertData:
    """A build that dumps wait for; `firmware` is what its devices call it, or empty."""
    name = one_line(firmware, 80) or f"build {one_line(build_id, 12)}"
    return AlertData(
        rule=rule,
        title=one_line(f"No symbols for {name}: {plural(waiting, 'dump')} waiting"),
        text=f"Upload the ELF file of build id {one_line(build_id, 64)}; the dumps are then analysed again.",
        url=f"{address}/firmware",
        count=waiting,
        build_id=build_id,
    )


def lag(rule: str, behind: Behind, address: str) -> AlertData:
    """A stage that does not keep up."""
    many = len(behind.partitions) > 8
    named = (
        plural(len(behind.partitions), "partition") if many else f"partition {', '.join(map(str, behind.partitions))}"
    )
    return AlertData(
        rule=rule,
        title=f"The {behind.stage} is behind: {plural(behind.entries, 'entry', 'entries')} waiting",
        text=f"The oldest one waits for {duration(behind.oldest_ms)}, in {named}. Are the workers running?",
        url=f"{address}/operations",
        count=behind.entries,
        stage=behind.stage,
    )


def summary(rule: str, trigger: Trigger, subjects: Sequence[str], more: int, address: str) -> AlertData:
    """What was not told one by one; `more` subjects are not listed."""
    count = len(subjects) + more
    one, many = _SUMMARIES[trigger]
    return AlertData(
        rule=rule,
        title=plural(count, one, many),
        text=(
            "Not told one by one: the crashes are older than an hour, or there was too much to tell. "
            f"{', '.join(subjects[:10])}{'…' if count > 10 else ''}"
        ),
        url=f"{address}{_PAGES.get(trigger, '/groups')}",
        count=count,
        subjects=list(subjects),
    )


_PAGES: Final = {
    Trigger.CRASH_LOOP: "/devices",
    Trigger.MISSING_SYMBOLS: "/firmware",
    Trigger.LAG: "/operations",
}


def test(target: str, address: str) -> AlertData:
    """What the test button sends."""
    return AlertData(
        rule="",
        title="Faultcast: a test",
        text=f"This is what an alert to {one_line(target, 80)} looks like. Nothing crashed.",
        url=f"{address}/alerts",
    )


def _where(crash: CrashFacts) -> str:
    firmware = " ".join(each for each in (crash.firmware, crash.version) if each)
    run = f"{firmware} on {crash.board}" if firmware and crash.board else firmware or crash.board
    return one_line(f"{crash.device}: {run}" if run else crash.device)


def _spread(group: GroupFacts) -> str:
    return f"{plural(group.crashes, 'crash', 'crashes')} on {plural(group.devices, 'device')} so far"
