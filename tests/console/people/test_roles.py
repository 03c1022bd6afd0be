"""Who may do what."""

import pytest

from console.people.roles import Right, Role, Scope, may


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.VIEWER, {Right.VIEW, Right.ACCOUNT, Right.OUTCOME}),
        (Role.ENGINEER, set(Right) - {Right.ADMIN}),
        (Role.ADMIN, set(Right)),
    ],
)
def test_each_role_has_the_rights_of_those_before(role: Role, rights: set[Right]) -> None:
    assert {right for right in Right if may(right, role, None)} == rights


@pytest.mark.parametrize(
    ("scopes", "rights"),
    [
        (set(), set()),
        ({Scope.READ}, {Right.VIEW, Right.OUTCOME}),
        ({Scope.UPLOAD}, {Right.UPLOAD, Right.OUTCOME}),
        ({Scope.READ, Scope.UPLOAD}, {Right.VIEW, Right.UPLOAD, Right.OUTCOME}),
        ({Scope.ADMIN}, set(Right)),
    ],
)
def test_a_token_narrows_what_its_account_may(scopes: set[Scope], rights: set[Right]) -> None:
    assert {right for right in Right if may(right, Role.ADMIN, scopes)} == rights


def test_a_token_never_widens_it() -> None:
    assert not may(Right.ADMIN, Role.ENGINEER, {Scope.ADMIN})
    assert not may(Right.UPLOAD, Role.VIEWER, {Scope.UPLOAD})


def test_labels_go_both_ways() -> None:
    assert [Role.of(role.label) for role in Role] == list(Role)
    with pytest.raises(ValueError, match="viewer, engineer, admin"):
        Role.of("root")
