from pathlib import Path

import pytest

from device.broker import BadBrokerUrl, Broker, Tls, parse_broker_url


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://broker", Broker("broker", 1883)),
        ("mqtt://broker:1234/", Broker("broker", 1234)),
        ("mqtt://me:p%40ss@broker", Broker("broker", 1883, "me", "p@ss")),
        ("mqtt://me@broker", Broker("broker", 1883, "me")),
        ("mqtts://broker", Broker("broker", 8883, tls=Tls())),
        ("mqtt://[::1]:1884", Broker("::1", 1884)),
    ],
)
def test_urls(url: str, broker: Broker) -> None:
    assert parse_broker_url(url) == broker


@pytest.mark.parametrize(
    "url", ["", "broker", "http://broker", "mqtt://", "mqtt://b:port", "mqtt://b/topic", "mqtt://b?x=1"]
)
def test_what_is_no_broker_url_is_refused(url: str) -> None:
    with pytest.raises(BadBrokerUrl, match="mqtt://user:password@host:port"):
        parse_broker_url(url)


def test_tls_options_need_tls() -> None:
    tls = Tls(Path("ca.pem"))
    assert parse_broker_url("mqtts://broker", tls).tls == tls
    with pytest.raises(BadBrokerUrl, match="mqtts"):
        parse_broker_url("mqtt://broker", tls)


def test_the_name_has_no_password() -> None:
    assert parse_broker_url("mqtt://me:secret@broker").name == "broker:1883"
    assert parse_broker_url("mqtt://[::1]").name == "[::1]:1883"
