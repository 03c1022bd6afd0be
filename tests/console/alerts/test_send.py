import json

from support.alerts import receiver

from console.alerts import words
from console.alerts.alert import TEST, encode_alert, new_alert
from console.alerts.send import send
from console.alerts.targets import check_url, new_key
from console.database.tables import AlertTarget

BODY = encode_alert(new_alert(TEST, words.test("ops", "https://c"), 1_772_352_000_000))


def target(kind: str, url: str) -> AlertTarget:
    return AlertTarget(id=1, name="ops", kind=kind, url=url, secret=new_key() if kind == "webhook" else "")


async def test_apprise_carries_title_and_text() -> None:
    with receiver() as there:
        url = there.url.replace("http://", "json://")
        outcome = await send(target("apprise", check_url("apprise", url)), BODY)
    assert outcome.delivered, outcome
    ((_, body),) = there.got
    assert json.loads(body)["title"] == "Faultcast: a test"
    assert "https://c/alerts" in json.loads(body)["message"]


async def test_why_apprise_could_not_is_said() -> None:
    with receiver([401]) as there:
        outcome = await send(target("apprise", there.url.replace("http://", "json://")), BODY)
    assert not outcome.delivered
    assert "401" in outcome.reply
    unknown = await send(target("apprise", "bogus://x"), BODY)
    assert not unknown.delivered
    assert "does not know" in unknown.reply


async def test_a_test_of_a_webhook_says_what_was_answered() -> None:
    with receiver([202, 400]) as there:
        there.reply = b'{"queued": true}'
        assert (await send(target("webhook", there.url), BODY)).reply == '202 Accepted {"queued": true}'
        assert not (await send(target("webhook", there.url), BODY)).delivered
