from console.alerts.spike import latest_spike


def test_a_spike_is_so_many_crashes_in_a_window_that_ends_at_a_fresh_one() -> None:
    times = [0, 10, 20, 500, 510, 520, 530]
    assert latest_spike(times, [520], 3, 100) == (520, 3)
    assert latest_spike(times, [530, 20], 3, 100) == (530, 4)
    assert latest_spike(times, [500], 3, 100) is None
    assert latest_spike(times, [20], 3, 100) == (20, 3)
    assert latest_spike([], [], 1, 100) is None


def test_a_window_does_not_hold_its_first_moment() -> None:
    assert latest_spike([0, 100], [100], 2, 100) is None
    assert latest_spike([1, 100], [100], 2, 100) == (100, 2)


def test_crashes_of_one_moment_all_count() -> None:
    assert latest_spike([5, 5, 5], [5], 3, 1) == (5, 3)
