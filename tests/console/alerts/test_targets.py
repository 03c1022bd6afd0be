import pytest

from console.alerts.targets import BadTarget, check_kind, check_name, check_url, new_key, shown_key, shown_url
from console.database.tables import AlertTarget


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/x",
        "http://10.0.0.5:8080/faultcast",
        "http://[::1]:80/",
        "https://user:pw@host/x?key=1",
    ],
)
def test_a_webhook_is_http_and_may_be_inside(url: str) -> None:
    assert check_url("webhook", f" {url} ") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://host/x",
        "file:///etc/passwd",
        "gopher://host",
        "//host/x",
        "https://",
        "http://host:99999/",
        "x" * 3000,
        "https://host/\r\nx: y",
        "javascript:alert(1)",
        "http://[::1",
    ],
)
def test_what_is_no_webhook_is_refused(url: str) -> None:
    with pytest.raises(BadTarget):
        check_url("webhook", url)


def test_apprise_says_what_it_knows() -> None:
    assert check_url("apprise", "json://localhost:8080/x") == "json://localhost:8080/x"
    for url in ("bogus://x", "https://", "mailto://", "slack://"):
        with pytest.raises(BadTarget):
            check_url("apprise", url)


def test_names_and_kinds() -> None:
    assert check_name("  On  call ") == "On call"
    assert check_kind("apprise") == "apprise"
    for name in ("", " ", "a" * 101, "a\0b"):
        with pytest.raises(BadTarget):
            check_name(name)
    with pytest.raises(BadTarget):
        check_kind("carrier-pigeon")


@pytest.mark.parametrize(
    ("kind", "url", "hidden"),
    [
        ("webhook", "https://user:hunter2@host/x", ["hunter2", "user"]),
        ("webhook", "https://host/x?token=hunter2", ["hunter2"]),
        ("webhook", "https://hooks.host/services/T0/TIiajkdnlazkcOXrIdevi7FQ", ["TIiajkdnlazkcOXrIdevi7FQ"]),
        ("apprise", "json://user:hunter2@host/x", ["hunter2"]),
        ("apprise", "ntfys://:hunter2@host/topic", ["hunter2"]),
        ("apprise", "tgram://123456789:abcdefg_hijklmnop_qrst/12315544/", ["abcdefg_hijklmnop"]),
        ("apprise", "bogus://hunter2", ["hunter2"]),
    ],
)
def test_what_is_secret_is_not_shown(kind: str, url: str, hidden: list[str]) -> None:
    shown = shown_url(AlertTarget(kind=kind, url=url))
    assert not any(each in shown for each in hidden), shown
    assert shown.startswith(url.split(":", maxsplit=1)[0])


def test_of_a_key_only_the_start_is_shown() -> None:
    key = new_key()
    assert shown_key(AlertTarget(secret=key)) == f"{key[:10]}****"
    assert shown_key(AlertTarget(secret="")) == ""
