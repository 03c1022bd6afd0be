from faultcast.broker.quota import Quota


def test_full_from_the_limit_until_a_quarter_has_drained() -> None:
    heard = []
    quota = Quota(8, 1000, lambda: heard.append(1))
    for _ in range(8):
        assert not quota.full
        quota.charge(1)
    assert quota.full
    quota.release(1)
    assert quota.full
    assert not heard
    quota.release(1)
    assert not quota.full
    assert heard == [1]


def test_bytes_count_too_and_one_large_message_always_fits() -> None:
    quota = Quota(100, 1000, lambda: None)
    quota.charge(5000)
    assert quota.full
    quota.release(5000)
    assert not quota.full
    assert (quota.messages, quota.bytes) == (0, 0)


def test_a_place_is_full_when_the_place_around_it_is() -> None:
    heard = []
    around = Quota(100, 1000, lambda: heard.append("around"))
    one, other = (Quota(100, 1000, lambda: heard.append("inner"), around) for _ in range(2))
    one.charge(500)
    other.charge(500)
    assert one.full
    assert other.full
    one.release(500)
    assert not other.full
    assert heard == ["around"]
