import json

from console.alerts import words
from console.alerts.alert import CrashFacts, GroupFacts, decode_alert, encode_alert, message_of, new_alert
from console.alerts.rule import Trigger

GROUP = GroupFacts(id=7, title="Assertion failed in f", kind="assert", crashes=3, devices=2, url="https://c/groups/7")


def crash(device: str = "lab-7", title: str = "Assertion failed in f") -> CrashFacts:
    return CrashFacts(
        event_id="e1",
        time="2026-03-01T08:00:00.000Z",
        device=device,
        title=title,
        kind="assert",
        firmware="gateway",
        version="1.4.2",
        board="nrf52840dk",
        url="https://c/crashes/e1",
    )


def test_the_body_says_what_it_is_and_survives_the_database() -> None:
    alert = new_alert(Trigger.NEW_GROUP, words.new_group("New", GROUP, crash()), 1_772_352_000_000)
    body = json.loads(encode_alert(alert))
    assert body["type"] == "alert.new-group"
    assert body["timestamp"] == "2026-03-01T08:00:00.000Z"
    assert body["data"]["group"]["id"] == 7
    assert body["data"]["crash"]["device"] == body["data"]["device"] == "lab-7"
    assert decode_alert(encode_alert(alert)) == alert


def test_people_read_what_where_how_often_and_a_link() -> None:
    title, text = message_of(new_alert(Trigger.NEW_GROUP, words.new_group("New", GROUP, crash()), 0))
    assert title == "New crash: Assertion failed in f"
    assert text.splitlines() == [
        "lab-7: gateway 1.4.2 on nrf52840dk",
        "3 crashes on 2 devices so far",
        "https://c/groups/7",
        "Rule: New",
    ]


def test_a_device_calls_nobody_and_does_not_write_long() -> None:
    hostile = crash("@everyone <!channel> <@U123>\n" + "x" * 10_000, "t\r\n" * 5_000)
    for data in (
        words.new_group("r", GROUP, hostile),
        words.regression("r", GROUP, hostile),
        words.spike("r", GROUP, hostile, 50, 10),
        words.crash_loop("r", hostile, GROUP, "https://c"),
    ):
        title, text = message_of(new_alert("x", data, 0))
        assert len(title) <= 210
        assert "\n" not in title
        assert "@everyone" not in title + text
        assert "<!channel" not in title + text
        assert "<@" not in title + text
        assert len(text.replace(data.url, "")) < 800


def test_a_summary_counts_what_it_does_not_list() -> None:
    data = words.summary("r", Trigger.CRASH_LOOP, [f"device d{n}" for n in range(20)], 5, "https://c")
    assert data.title == "25 devices in crash loops"
    assert data.count == 25
    assert data.url == "https://c/devices"
    assert "device d9…" in data.text
