"""Topics: a device id is one topic level and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.topics import DEVICE_ID, BadDeviceId, Topics, check_device_id

HOSTILE = [
    "",
    "+",
    "#",
    "$SYS",
    "a/b",
    "a/../b",
    "/a",
    "a/",
    "a+",
    "a#",
    "a b",
    "a\n",
    "\na",
    "a\0",
    "a\u200bb",
    "\uff41",
    "é",
    "\u0661",
    "a\ud800",
    "{p}",
    "a*",
    "a\\b",
    "'a'",
    "x" * 129,
]


@pytest.mark.parametrize("device", HOSTILE)
def test_a_hostile_device_id_never_becomes_a_topic(device: str) -> None:
    topics = Topics()
    for make in (check_device_id, topics.dump, topics.ack, topics.crash_event):
        with pytest.raises(BadDeviceId) as caught:
            make(device)
        assert caught.value.code == "message.device-id"
    with pytest.raises(BadDeviceId):
        topics.device_of(f"faultcast/v1/device/{device}/dump")


def test_the_error_about_a_device_id_is_printable_and_short() -> None:
    with pytest.raises(BadDeviceId) as caught:
        check_device_id("\x1b[31m\n" + "x" * 10_000)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("device", ["a", "x" * 128, "sensor-17", "00:11:22:33:44:55", "user@host", "a.b_c~d"])
def test_a_plain_device_id_passes_unchanged(device: str) -> None:
    assert check_device_id(device) == device
    assert Topics().device_of(Topics().dump(device)) == device


@given(st.from_regex(DEVICE_ID, fullmatch=True), st.sampled_from(["faultcast", "acme/plant-7", "a/b/c"]))
def test_the_device_of_a_dump_topic_is_the_one_it_was_made_for(device: str, root: str) -> None:
    assert Topics(root).device_of(Topics(root).dump(device)) == device


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "faultcast/v1/device/dump",
        "faultcast/v1/device//dump",
        "faultcast/v1/device/a/ack",
        "faultcast/v1/device/a/dump/",
        "faultcast/v1/device/a/b/dump",
        "faultcast/v2/device/a/dump",
        "other/v1/device/a/dump",
        "x/faultcast/v1/device/a/dump",
        "faultcast/v1/event/crash/a",
    ],
)
def test_a_topic_of_another_shape_belongs_to_no_device(topic: str) -> None:
    with pytest.raises(BadDeviceId):
        Topics().device_of(topic)


def test_the_topics_are_those_of_the_protocol() -> None:
    topics = Topics("acme/faultcast")
    assert topics.dump("d1") == "acme/faultcast/v1/device/d1/dump"
    assert topics.ack("d1") == "acme/faultcast/v1/device/d1/ack"
    assert topics.crash_event("d1") == "acme/faultcast/v1/event/crash/d1"
    assert topics.dumps == "acme/faultcast/v1/device/+/dump"
    assert topics.crash_events == "acme/faultcast/v1/event/crash/+"


@pytest.mark.parametrize("root", ["", "/", "a/", "/a", "a//b", "+", "a/#", "$share", "$SYS", "a b", "a\n", "{a}"])
def test_a_root_that_is_no_plain_levels_is_refused(root: str) -> None:
    with pytest.raises(ValueError, match="plain levels"):
        Topics(root)
