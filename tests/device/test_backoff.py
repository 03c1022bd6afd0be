from device.backoff import MOST, reconnect_pause


def test_pauses_double_to_a_bound_and_are_jittered_down_to_nothing() -> None:
    longest = [reconnect_pause(failures, lambda: 1.0) for failures in range(1, 100)]
    assert longest[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(longest) == MOST
    assert reconnect_pause(5, lambda: 0.0) == 0.0
