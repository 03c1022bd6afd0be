"""Mutexes, semaphores, message queues, timers, work queues and slabs."""

from analyzer.zephyr.objects import message_queue, mutex, semaphore, slab, timer, work_queue
from tests.analyzer.zephyr.objects.structures import BASE, FIELDS, WORD, members, memory, words

TIMEOUT = timer.timeout_members(FIELDS["_timeout", "dticks"], WORD)


def test_a_mutex_names_its_owner() -> None:
    free = mutex.read(members("k_mutex", (BASE, words(0, 0, 0, 0))))
    once = mutex.read(members("k_mutex", (BASE, words(0, 0, 0x20001000, 1))))
    twice = mutex.read(members("k_mutex", (BASE, words(0, 0, 0x20001000, 2))))

    assert free
    assert (free.text, free.owner) == ("free", None)
    assert once
    assert (once.text, once.owner, once.facts) == ("locked", 0x20001000, {"lock_count": 1})
    assert twice
    assert twice.text == "locked 2 times"


def test_what_is_not_in_the_dump_has_no_state() -> None:
    assert mutex.read(members("k_mutex", (BASE, words(0, 0, 1)))) is None
    assert semaphore.read(members("k_sem", (BASE, words(0)))) is None
    assert message_queue.read(members("k_msgq", (BASE, words(0, 0, 0)))) is None
    assert slab.read(members("k_mem_slab", (BASE, words(0)))) is None
    assert work_queue.read(members("k_work_q", (BASE - 8, words(0)))) is None


def test_a_semaphore_above_its_limit_is_damaged() -> None:
    good = semaphore.read(members("k_sem", (BASE, words(0, 0, 2, 3))))
    bad = semaphore.read(members("k_sem", (BASE, words(0, 0, 4, 3))))

    assert good
    assert (good.text, good.problem) == ("count 2 of 3", None)
    assert bad
    assert bad.problem == "its count 4 is above its limit 3"


def test_a_full_message_queue_says_so() -> None:
    queue = message_queue.read(members("k_msgq", (BASE, words(0, 0, 24, 2, 2))))

    assert queue
    assert queue.text == "2 of 2 messages of 24 bytes, full"
    assert queue.facts == {"used": 2, "capacity": 2, "message_size": 24}
    damaged = message_queue.read(members("k_msgq", (BASE, words(0, 0, 24, 2, 3))))
    assert damaged
    assert damaged.problem


def test_time_left_is_summed_along_the_list() -> None:
    head, first, second = BASE, BASE + 0x100, BASE + 0x200
    listed = memory(
        (head, words(first, second)),
        (first, words(second, head, 0, 14)),
        (second, words(head, first, 0, 5)),
    )

    assert timer.remaining_ticks(head, TIMEOUT, listed) == {first: 14, second: 19}


def test_a_list_of_timeouts_that_runs_in_a_circle_ends() -> None:
    head, first = BASE, BASE + 0x100
    listed = memory((head, words(first, first)), (first, words(first, first, 0, 3)))

    assert timer.remaining_ticks(head, TIMEOUT, listed) == {first: 3}


def test_a_timeout_may_be_ahead_of_the_last_announced_tick() -> None:
    head, first = BASE, BASE + 0x100
    listed = memory((head, words(first, first)), (first, words(head, head, 0, -2)))

    assert timer.remaining_ticks(head, TIMEOUT, listed) == {first: -2}


def test_a_timer_tells_when_and_what() -> None:
    running = members("k_timer", (BASE, words(1, 1, 0, 0, 0x101, 10, 0)))
    found = timer.read(running, {BASE: 19})
    assert found
    assert found.text == "expires in 19 ticks, every 10"
    assert found.functions == {"calls": (0x101,)}

    stopped = timer.read(members("k_timer", (BASE, words(0, 0, 0, 0, 0, 0, 3))), {})
    assert stopped
    assert (stopped.text, stopped.facts) == ("stopped", {"expired": 3})


def test_pending_work_is_listed_in_order() -> None:
    first, second = BASE + 0x100, BASE + 0x200
    queue = members("k_work_q", (BASE, words(first, second, 3)), (first, words(second, 0x11)), (second, words(0, 0x21)))
    found = work_queue.read(queue)

    assert found
    assert found.text == "busy, 2 items pending"
    assert found.functions == {"pending": (0x11, 0x21)}


def test_work_that_runs_in_a_circle_is_said() -> None:
    first = BASE + 0x100
    found = work_queue.read(members("k_work_q", (BASE, words(first, first, 1)), (first, words(first, 0x11))))

    assert found
    assert found.problem
    assert "circle" in found.problem


def test_a_slab_counts_its_free_blocks() -> None:
    buffer = BASE + 0x100
    blocks = words(buffer + 8, 0) + words(0, 0) + bytes(16)
    good = slab.read(members("k_mem_slab", (BASE, words(0, 0, 4, 8, buffer, buffer, 2)), (buffer, blocks)))
    assert good
    assert (good.text, good.problem) == ("2 of 4 blocks of 8 bytes", None)

    lost = slab.read(members("k_mem_slab", (BASE, words(0, 0, 4, 8, buffer, buffer, 1)), (buffer, blocks)))
    assert lost
    assert lost.problem == "2 blocks are free and 1 taken, of 4"

    wild = slab.read(members("k_mem_slab", (BASE, words(0, 0, 4, 8, buffer, 0x41414141, 2)), (buffer, blocks)))
    assert wild
    assert wild.problem == "its list of free blocks leads to 0x41414141, which is no block"
