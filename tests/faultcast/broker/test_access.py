import pytest

from faultcast.broker.access import Access, Grant
from faultcast.broker.topic import InvalidTopic

DEVICES = Grant("faultcast/v1/device/%u/#")
INGEST = Grant("faultcast/v1/device/+/dump", write=False, user="ingest")


def test_without_users_everybody_comes_in() -> None:
    assert Access(None, ()).admits(None, None)
    assert Access(None, ()).admits("anybody", b"anything")


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        ("ada", b"lovelace", True),
        ("ada", b"wrong", False),
        ("ada", None, False),
        ("eve", b"lovelace", False),
        ("eve", b"", False),
        (None, None, False),
        ("", b"", False),
        (None, b"", False),
    ],
)
def test_users_need_their_password(name: str | None, password: bytes | None, *, expected: bool) -> None:
    assert Access({"ada": "lovelace"}, ()).admits(name, password) is expected


def test_without_grants_everything_is_allowed() -> None:
    access = Access(None, ())
    assert access.may_publish("ada", "a")
    assert access.may_subscribe(None, "#")


def test_a_device_has_its_own_topics_and_no_others() -> None:
    access = Access(None, (DEVICES, INGEST))
    assert access.may_publish("d1", "faultcast/v1/device/d1/dump")
    assert access.may_subscribe("d1", "faultcast/v1/device/d1/ack")
    assert not access.may_publish("d1", "faultcast/v1/device/d2/dump")
    for pattern in ("#", "faultcast/v1/device/+/ack", "faultcast/v1/device/d2/ack", "faultcast/v1/device/#"):
        assert not access.may_subscribe("d1", pattern)
    assert not access.may_publish(None, "faultcast/v1/device//dump")


def test_a_grant_may_be_for_reading_only_and_for_one_user() -> None:
    access = Access(None, (DEVICES, INGEST))
    assert access.may_subscribe("ingest", "faultcast/v1/device/+/dump")
    assert access.may_subscribe("ingest", "$share/workers/faultcast/v1/device/+/dump")
    assert not access.may_subscribe("ingest", "$share/workers/faultcast/v1/device/+/ack")
    assert not access.may_publish("ingest", "faultcast/v1/device/d1/dump")
    assert not access.may_subscribe("other", "faultcast/v1/device/+/dump")


@pytest.mark.parametrize("name", ["+", "#", "d1/../d2", "a/b"])
def test_a_name_that_would_widen_a_grant_gets_none(name: str | None) -> None:
    access = Access(None, (DEVICES,))
    assert not access.may_subscribe(name, f"faultcast/v1/device/{name}/ack")
    assert not access.may_publish(name, "faultcast/v1/device/d2/dump")


def test_a_grant_is_checked_when_it_is_given() -> None:
    with pytest.raises(InvalidTopic):
        Access(None, (Grant("a/#/b"),))
