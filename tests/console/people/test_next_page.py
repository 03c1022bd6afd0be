"""A link to the sign-in page must not lead anywhere else afterwards."""

import pytest

from console.people.next_page import next_page


@pytest.mark.parametrize("wanted", ["/", "/events?device=a%26b&q=%2F%2Fx", "/crashes/1#memory", "/events?q=a:b"])
def test_a_path_of_ours_is_kept(wanted: str) -> None:
    assert next_page(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "events",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\\..\\evil",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "/sign-in?next=/",
        "/sign-out",
    ],
)
def test_anything_else_leads_to_the_first_page(wanted: str) -> None:
    assert next_page(wanted) == "/"
