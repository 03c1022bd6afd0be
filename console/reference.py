"""The API's reference: the OpenAPI document, and the page that shows it; for people who signed in."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse, Response

from console.people.access import Viewer
from console.people.csrf import HEADER
from console.people.sessions import cookie_name
from console.web.errors import Problem
from console.web.render import render

DOCUMENT: Final = "/api/v1/openapi.json"
_DESCRIPTION: Final = f"""\
Crash events of embedded fleets: everything that the console's pages do, as JSON.

Send a token as `Authorization: Bearer fc_…`; tokens are made on the page of your account. A browser's session works
too, then unsafe requests carry `{HEADER}`. Every problem is `{{"code", "message"}}`: match on the code. Bodies have at
most 1 MiB, but for firmware and dumps.
"""
_TAGS: Final = {
    "people": "Who asks, tokens, sessions, accounts, the audit log.",
    "events": "Crash events: search, count, export, follow; saved filters.",
    "crashes": "One crash: threads, values, memory, files.",
    "groups": "Crashes of one cause: state, merge, split.",
    "devices": "Devices and their history.",
    "firmware": "ELF files, what is missing, links by hand.",
    "dumps": "Whole dumps over HTTP.",
    "alerts": "Rules, targets, deliveries.",
    "operations": "Lag, dead letters.",
}

_PROBLEM: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

router: Final = APIRouter(include_in_schema=False)


class Console(FastAPI):
    """An application whose OpenAPI document says how to sign in and what a problem looks like."""

    def openapi(self) -> dict[str, Any]:
        """The document; made when it is first asked for."""
        if self.openapi_schema is None:
            _complete(super().openapi(), https=self.state.services.settings.is_https)
        return super().openapi()


def application() -> Console:
    """An application without routes; FastAPI's own pages about the API are open to all and load scripts of others."""
    return Console(
        title="Faultcast", description=_DESCRIPTION, version="1", docs_url=None, redoc_url=None, openapi_url=None
    )


@router.get(DOCUMENT)
async def document(request: Request, _person: Viewer) -> Response:
    """The OpenAPI document."""
    app: FastAPI = request.app
    return JSONResponse(app.openapi())


@router.get("/docs")
async def reference(request: Request, _person: Viewer) -> Response:
    """The document as a page on which requests can be tried."""
    return render(request, "reference.html", {"document": DOCUMENT})


def _complete(document: dict[str, Any], *, https: bool) -> None:
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).setdefault("Problem", Problem.model_json_schema())
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of an account: `fc_…`."},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie_name(https=https)},
    }
    document["security"] = [{"token": []}, {"session": []}]
    used: set[str] = set()
    for address, path in document["paths"].items():
        for operation in path.values():
            used |= set(operation.get("tags", ()))
            for status, text in _problems(address, operation).items():
                operation["responses"].setdefault(status, {"description": text, "content": _PROBLEM})
    document["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items() if name in used]


def _problems(address: str, operation: Mapping[str, Any]) -> dict[str, str]:
    """What may be wrong by the shape of an operation, beside what its route names."""
    found: dict[str, str] = {}
    if "{" in address:
        found["404"] = "There is no such thing, or none any more."
    if "requestBody" in operation:
        found["400"] = "The body cannot be read."
        found["413"] = "The body is too large."
    return found | {"default": "Any other problem."}
