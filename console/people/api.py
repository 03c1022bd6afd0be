"""People in the API: who am I, tokens, sessions, accounts, the audit log."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from console.people import accounts, tokens
from console.people.access import AccountOwner, Admin, SignedIn
from console.people.audit import audit, entries, export
from console.people.clock import now_ms
from console.people.identity import require_own_role
from console.people.password import one_time_password
from console.people.roles import Role
from console.people.sessions import close_sessions, sessions_of
from console.people.shapes import (
    AccountChange,
    AccountInfo,
    AuditQuery,
    Entries,
    Entry,
    MadeAccount,
    MadeToken,
    Me,
    NewAccount,
    NewToken,
    SessionInfo,
    TokenInfo,
)
from console.web.errors import NotFound, refuses
from console.web.parameters import Id, sends
from console.web.services import FromServices, Reading
from console.web.spreadsheet import MEDIA_TYPE

api = APIRouter(tags=["people"])
_LAST = refuses({409: "It is the only admin, or the provider says its role."})


@api.get("/me")
async def me(person: SignedIn) -> Me:
    """Who asks, and what they may do."""
    return Me(
        name=person.name,
        role=person.role.label,
        scopes=None if person.scopes is None else sorted(person.scopes),
        csrf=person.csrf,
        must_change=person.must_change,
    )


@api.get("/tokens")
async def list_tokens(session: Reading, person: AccountOwner) -> list[TokenInfo]:
    """Your tokens, newest first."""
    return [TokenInfo.of(token) for token in await tokens.tokens_of(session, person.account_id)]


@api.post("/tokens", status_code=201, responses=refuses({409: "There are too many tokens."}))
async def create_token(services: FromServices, person: AccountOwner, wanted: NewToken) -> MadeToken:
    """Make a token, which stands for you within its scopes; it is shown this once."""
    async with services.database.writing() as session:
        token, secret = await tokens.create_token(
            session, person.account_id, wanted.name, wanted.scopes, days=wanted.days, now_ms=now_ms()
        )
        await audit(session, person, "token.create", token.name, detail=token.scopes)
        return MadeToken(**TokenInfo.of(token).model_dump(), token=secret)


@api.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(services: FromServices, person: AccountOwner, token_id: Id) -> None:
    """Revoke a token of yours; it stops working at once."""
    async with services.database.writing() as session:
        token = await tokens.revoke_token(session, person.account_id, token_id)
        if token is None:
            raise NotFound("you have no such token")
        await audit(session, person, "token.revoke", token.name)


@api.get("/sessions")
async def list_sessions(session: Reading, services: FromServices, person: AccountOwner) -> list[SessionInfo]:
    """The browsers that you are signed in with, the one used last first."""
    found = await sessions_of(session, person.account_id, now_ms(), services.settings.session_hours)
    return [SessionInfo.of(row, person.session) for row in found]


@api.delete("/sessions", status_code=204)
async def sign_out_everywhere(services: FromServices, person: AccountOwner) -> None:
    """Sign out in every browser but the one that asks; tokens go on working."""
    async with services.database.writing() as session:
        await close_sessions(session, person.account_id, but=person.session)
        await audit(session, person, "sign-out.everywhere", person.name)


@api.get("/accounts")
async def list_accounts(session: Reading, _: Admin) -> list[AccountInfo]:
    """Everybody who may sign in."""
    return [AccountInfo.of(account) for account in await accounts.all_accounts(session)]


@api.post("/accounts", status_code=201, responses=refuses({409: "The name is taken."}))
async def create_account(services: FromServices, person: Admin, wanted: NewAccount) -> MadeAccount:
    """Make an account with a password for one sign-in."""
    password = await one_time_password()
    async with services.database.writing() as session:
        made = await accounts.create_account(session, wanted.name, Role.of(wanted.role), now_ms(), password=password)
        await audit(session, person, "account.create", made.name, detail=made.role)
        return MadeAccount(**AccountInfo.of(made).model_dump(), password=password.one_time)


@api.patch("/accounts/{account_id}", responses=_LAST)
async def change_account(services: FromServices, person: Admin, account_id: Id, wanted: AccountChange) -> AccountInfo:
    """Change the role of an account, or lock it out; the last admin stays one."""
    async with services.database.writing() as session:
        account = await accounts.account(session, account_id)
        if wanted.role is not None:
            require_own_role(services.settings, account)
            await accounts.set_role(session, account, Role.of(wanted.role))
            await audit(session, person, "account.role", account.name, detail=wanted.role)
        if wanted.disabled is not None:
            await accounts.set_disabled(session, account, disabled=wanted.disabled)
            await audit(session, person, "account.disable" if wanted.disabled else "account.enable", account.name)
        return AccountInfo.of(account)


@api.delete("/accounts/{account_id}", status_code=204, responses=_LAST)
async def remove_account(services: FromServices, person: Admin, account_id: Id) -> None:
    """Remove an account with its tokens; what it did stays in the audit log. The last admin stays."""
    async with services.database.writing() as session:
        account = await accounts.account(session, account_id)
        await accounts.remove_account(session, account)
        await audit(session, person, "account.delete", account.name)


@api.post(
    "/accounts/{account_id}/password",
    responses=refuses({409: "The person signs in elsewhere, and has no password here."}),
)
async def reset_password(services: FromServices, person: Admin, account_id: Id) -> MadeAccount:
    """Replace a password that was lost by one for one sign-in; all sessions of the account end."""
    password = await one_time_password()
    async with services.database.writing() as session:
        account = await accounts.account(session, account_id)
        await accounts.set_password(session, account, password)
        await audit(session, person, "account.password", account.name)
        return MadeAccount(**AccountInfo.of(account).model_dump(), password=password.one_time)


@api.get("/audit")
async def list_audit(session: Reading, _: Admin, query: Annotated[AuditQuery, Query()]) -> Entries:
    """What was done, by whom, newest first."""
    found = await entries(session, query.asked, before=query.cursor, limit=query.limit)
    full = len(found) == query.limit
    return Entries(items=[Entry.of(entry) for entry in found], next=found[-1].id if full else None)


@api.get("/audit/export", response_class=StreamingResponse, responses=sends("text/csv"))
async def export_audit(services: FromServices, _: Admin, query: Annotated[AuditQuery, Query()]) -> StreamingResponse:
    """All entries that fit as CSV, newest first; `cursor` and `limit` do not count."""
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(export(services.database, query.asked), media_type=MEDIA_TYPE, headers=headers)
