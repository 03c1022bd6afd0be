import pytest

from console.operations.health import LEFT_MS, WorkerState, partitions_of, shown_workers, stages_of, state_of
from console.operations.lag import Rate, Sample, StreamLag, Worker

BUSY_MS = 60_000
NOW = 1_000_000


@pytest.mark.parametrize(
    ("pending", "idle_ms", "state"),
    [
        (0, 500, WorkerState.IDLE),
        (1, 500, WorkerState.WORKING),
        (1, 59_000, WorkerState.WORKING),
        (0, 59_000, WorkerState.SILENT),
        (1, 61_000, WorkerState.SILENT),
    ],
)
def test_a_worker_is_silent_when_it_asks_for_nothing_and_has_no_reason(
    pending: int, idle_ms: int, state: WorkerState
) -> None:
    assert state_of(Worker("analyzer", "a", pending, idle_ms), BUSY_MS) is state


def test_an_old_redis_does_not_tell_who_is_there_so_work_that_lies_there_does() -> None:
    quiet = Worker("analyzer", "q", 0, 500_000, asks=False)
    assert state_of(quiet, BUSY_MS) is WorkerState.QUIET
    for waits, there in ((2_000, 1), (20_000, 0)):
        lags = (StreamLag("analyzer", 0, 3, 0, 9, NOW - waits),)
        assert stages_of(Sample(1.0, lags, (quiet,)), {}, BUSY_MS, NOW)[1].workers == there


def test_who_left_long_ago_is_counted_unless_they_hold_work() -> None:
    there = Worker("analyzer", "there", 0, 10)
    holds = Worker("analyzer", "holds", 1, LEFT_MS + 1)
    left = Worker("analyzer", "left", 0, LEFT_MS + 1)
    shown, count = shown_workers([there, holds, left], BUSY_MS)
    assert [(each.name, state) for each, state in shown] == [
        ("there", WorkerState.IDLE),
        ("holds", WorkerState.SILENT),
    ]
    assert count == 1


def test_a_stage_is_stuck_when_work_waits_and_nobody_is_there() -> None:
    lags = (StreamLag("analyzer", 0, 3, 1, 9, NOW - 5_000), StreamLag("analyzer", 1, 2, 0, 9, NOW - 9_000))
    workers = (Worker("analyzer", "gone", 0, 999_999), Worker("reassembler", "r", 0, 10))
    reassembler, analyzer = stages_of(Sample(1.0, lags, workers), {"analyzer": Rate(1.0, 2.0)}, BUSY_MS, NOW)
    assert (analyzer.entries, analyzer.pending, analyzer.waits_ms, analyzer.workers) == (5, 1, 9_000, 0)
    assert analyzer.rate == Rate(1.0, 2.0)
    assert analyzer.is_stuck
    assert (reassembler.entries, reassembler.waits_ms, reassembler.rate) == (0, None, None)
    assert not reassembler.is_stuck


def test_every_partition_is_there() -> None:
    lag = StreamLag("analyzer", 1, 3, 1, 9, None)
    assert [(each.number, each.lags) for each in partitions_of([lag], 2)] == [(0, (None, None)), (1, (None, lag))]
