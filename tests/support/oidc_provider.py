"""A small OpenID Connect provider over real HTTP: discovery, keys, codes with PKCE, ID tokens by RS256."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from support.services import free_port

CLIENT, SECRET = "console", "a secret: with / and %"


@cache
def _first_key() -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})


class OidcProvider:
    """Signs everybody in as `person`; tests change what it says before a browser comes."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}/realm"
        self.keys = [_first_key()]
        self.person: dict[str, Any] = {"sub": "42", "preferred_username": "ada", "groups": ["staff"]}
        self.claims: dict[str, Any] = {}
        """What ID tokens say instead of what would be right; None leaves a claim out."""
        self.header: dict[str, Any] = {"alg": "RS256"}
        self.userinfo: dict[str, Any] | None = None
        self.metadata: dict[str, Any] = {}
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/realm/.well-known/openid-configuration", self.discovery),
                Route("/realm/keys", self.jwks),
                Route("/realm/authorize", self.authorize),
                Route("/realm/token", self.token, methods=["POST"]),
                Route("/realm/userinfo", self.tell),
            ]
        )

    async def discovery(self, _: Request) -> Response:
        self.asked.append("discovery")
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        if self.userinfo is not None:
            told["userinfo_endpoint"] = f"{self.issuer}/userinfo"
        return JSONResponse(told | self.metadata)

    async def jwks(self, _: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse(
            {"keys": [{"kty": "odd", "kid": "odd"}, *(key.as_dict(private=False) for key in self.keys)]}
        )

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 303)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        asked = self._codes.pop(str(form["code"]), None)
        wanted = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or request.headers.get("authorization") != f"Basic {wanted}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        challenge = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        assert base64.urlsafe_b64encode(challenge).decode().rstrip("=") == asked["code_challenge"]
        assert form["redirect_uri"] == asked["redirect_uri"]
        return JSONResponse(
            {"access_token": "access", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}
        )

    async def tell(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer access"
        return JSONResponse(self.userinfo)

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.person}
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        key = self.keys[-1]
        header = {"kid": key.kid, **self.header}
        match header["alg"]:
            case "none":
                parts = [json.dumps(each).encode() for each in (header, claims)]
                return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts) + "."
            case "HS256":  # signed with what everybody knows
                public = jwk.OctKey.import_key(key.as_pem(private=False).replace(b"-----", b""))
                return jwt.encode(header, claims, public, algorithms=["HS256"])
            case _:
                return jwt.encode(header, claims, key, algorithms=[header["alg"]])


@contextmanager
def running(provider: OidcProvider) -> Generator[None]:
    """Serve it."""
    config = uvicorn.Config(provider.app(), port=provider.port, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
