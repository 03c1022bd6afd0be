"""The console's web application: the rooms' routers under one roof."""

from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.datastructures import State

from console.alerts import api as alerts_api
from console.alerts import pages as alert_pages
from console.alerts import rule_pages, target_pages
from console.crashes import api as crashes_api
from console.crashes import link_api, link_pages
from console.crashes import pages as crashes_pages
from console.devices import api as devices_api
from console.devices import pages as devices_pages
from console.dumps import api as dumps_api
from console.events import api as events_api
from console.events import pages as events_pages
from console.firmware import api as firmware_api
from console.firmware import pages as firmware_pages
from console.groups import api as groups_api
from console.groups import pages as groups_pages
from console.operations import api as operations_api
from console.operations import pages as operations_pages
from console.operations.overview import Gauges
from console.people import api as people_api
from console.people import oidc, sign_in
from console.people import pages as people_pages
from console.people.login_rate import LoginRate
from console.people.provider import Provider
from console.reference import application
from console.reference import router as reference
from console.web.assets import Assets
from console.web.errors import answer_errors, refuses
from console.web.headers import SecurityHeaders
from console.web.limits import BodyLimits
from console.web.services import Services

API: Final = "/api/v1"
PAGES: Final[tuple[APIRouter, ...]] = (
    sign_in.pages,
    oidc.router,
    people_pages.router,
    events_pages.router,
    crashes_pages.router,
    link_pages.router,
    firmware_pages.router,
    groups_pages.router,
    devices_pages.router,
    operations_pages.router,
    alert_pages.router,
    target_pages.router,
    rule_pages.router,
    reference,
)
"""Routers of pages, for people."""
ROUTERS: Final[tuple[APIRouter, ...]] = (
    people_api.api,
    events_api.router,
    events_api.filters,
    crashes_api.router,
    link_api.router,
    groups_api.router,
    devices_api.router,
    firmware_api.router,
    dumps_api.router,
    operations_api.router,
    alerts_api.router,
)
"""Routers of the API, for programs, all below `API`."""

UPLOADS: Final = frozenset({f"{API}/firmware", f"{API}/dumps", "/firmware"})
"""Where files are posted, which may be larger than other bodies."""

_REFUSED: Final = refuses(
    {
        401: "Nobody is signed in, and there is no valid token.",
        403: "Whoever asks may not do this.",
        422: "Something that was given cannot be used.",
        503: "The database, Redis or the store does not answer; try again later.",
    }
)


def create_app(services: Services) -> FastAPI:
    """The application over services that are open; it starts and stops none of them."""
    app = application()
    equip(app, services)
    app.add_middleware(BodyLimits, uploads=UPLOADS)
    app.add_middleware(SecurityHeaders, https=services.settings.is_https)
    answer_errors(app)
    for router in ROUTERS:
        app.include_router(router, prefix=API, responses=_REFUSED)
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", Assets(), name="static")
    return app


def equip(app: FastAPI, services: Services) -> None:
    """Put an application over services; what it remembered of others is gone."""
    app.state = State(
        {
            "services": services,
            "login_rate": LoginRate(),
            "provider": Provider(services.settings) if services.settings.oidc_issuer else None,
            "gauges": Gauges(),
        }
    )
