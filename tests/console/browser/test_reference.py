"""The API's reference in a browser: it loads under the page's policy, and what is tried from it is taken."""

import pytest

from console.people.roles import Role
from tests.console.browser.conftest import Visit

pytestmark = pytest.mark.services


def test_a_request_that_is_tried_carries_the_token_of_the_session(visit: Visit) -> None:
    page = visit(Role.VIEWER)
    page.goto("/docs")
    operation = page.locator(".opblock-post", has=page.get_by_text("Create Token"))
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("textarea").first.fill('{"name": "tried", "scopes": ["read"], "days": 1}')
    with page.expect_response("**/api/v1/tokens") as answered:
        operation.get_by_role("button", name="Execute").click()
    assert answered.value.status == 201
    assert answered.value.request.headers["x-csrf-token"]
