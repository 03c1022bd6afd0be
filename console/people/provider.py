"""The OpenID Connect provider: authorization code with PKCE, state and nonce; ID tokens checked by its keys."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc import jwk, jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from console.people.identity import SignInRefused
from console.settings import ConsoleSettings
from contract.errors import ServiceError
from runtime.logs import get_logger

log = get_logger(__name__)

CALLBACK: Final = "/sign-in/oidc/callback"
ATTEMPT_SECONDS: Final = 600
"""How long somebody may take at the provider."""
KEEP_SECONDS: Final = 3600
"""How long discovery and keys are kept."""
PAUSE_SECONDS: Final = 10
"""How long after a failed or a forced question nobody makes us ask again."""
TIMEOUT_SECONDS: Final = 10
LEEWAY_SECONDS: Final = 60
"""By how much clocks may differ."""
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key of the provider's: neither `none` nor those by a shared secret."""


class ProviderUnavailable(ServiceError):
    """The OpenID Connect provider does not answer, or not as one."""

    code = "provider-unavailable"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a browser keeps, signed, between leaving for the provider and coming back."""

    state: str
    nonce: str
    verifier: str
    target: str
    """Where to go after signing in."""


@dataclass(frozen=True, slots=True)
class _Discovered:
    """What the provider says of itself, and its keys."""

    metadata: Mapping[str, Any]
    keys: jwk.KeySet
    at: float


class Provider:
    """The provider of the settings; asked when it is first needed."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._settings = settings
        self._signer = URLSafeTimedSerializer(secrets.token_bytes(32), salt="oidc")
        self._discovered: _Discovered | None = None
        self._failed_at = float("-inf")

    async def begin(self, target: str) -> tuple[str, str]:
        """The address at the provider to send a browser to, and the cookie that it needs when it comes back.

        Raises:
            ProviderUnavailable: it cannot be asked where that is.
        """
        metadata = (await self._discover()).metadata
        attempt = Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), target)
        address = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self._settings.oidc_client_id,
            "code",
            redirect_uri=self._redirect_uri,
            scope=self._settings.oidc_scopes,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
        return address, self._signer.dumps(asdict(attempt))

    def attempt(self, cookie: str, state: str) -> Attempt:
        """What a browser that comes back left with; raises `SignInRefused` where it did not leave from here."""
        try:
            attempt = Attempt(**self._signer.loads(cookie, max_age=ATTEMPT_SECONDS))
        except BadSignature as error:
            raise SignInRefused("that took too long, or began in another browser: try again") from error
        if not secrets.compare_digest(attempt.state.encode(), state.encode(errors="replace")):
            raise SignInRefused("the answer belongs to another attempt to sign in: try again")
        return attempt

    async def claims(self, attempt: Attempt, code: str) -> Mapping[str, Any]:
        """What the provider says of whoever came back with `code`, checked.

        Raises:
            ProviderUnavailable: it does not answer.
            SignInRefused: it does not take the code, or its ID token is none of its own, not for us, not for this
                attempt, or over.
        """
        discovered = await self._discover()
        tokens = await self._exchange(discovered.metadata, code, attempt.verifier)
        given = tokens.get("id_token")
        if not isinstance(given, str):
            raise SignInRefused("the provider sent no ID token: is `openid` among FAULTCAST_OIDC_SCOPES?")
        access = tokens.get("access_token")
        params = {"nonce": attempt.nonce, "client_id": self._settings.oidc_client_id, "access_token": access}
        options = {
            "iss": {"essential": True, "value": self._settings.oidc_issuer},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
        }
        try:
            token = await self._decode(given, discovered)
            claims = CodeIDToken(token.claims, token.header, options, params)
            claims.validate(leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError) as error:
            log.warning("an ID token was refused", reason=str(error))
            raise SignInRefused(f"the provider's ID token cannot be trusted ({_short(error)})") from error
        if not isinstance(access, str) or "userinfo_endpoint" not in discovered.metadata:
            return claims
        return await self._with_userinfo(discovered.metadata["userinfo_endpoint"], access, claims)

    @property
    def _redirect_uri(self) -> str:
        return self._settings.console_url + CALLBACK

    async def _discover(self, *, fresh_keys: bool = False) -> _Discovered:
        """Metadata and keys, kept for an hour; a failure is kept for a moment."""
        now, kept = time.monotonic(), self._discovered
        if kept is not None and now - kept.at < (PAUSE_SECONDS if fresh_keys else KEEP_SECONDS):
            return kept
        if now - self._failed_at < PAUSE_SECONDS:
            raise ProviderUnavailable("the provider did not answer a moment ago: try again soon")
        try:
            self._discovered = await _discover(self._settings.oidc_issuer)
        except ProviderUnavailable as error:
            self._failed_at = time.monotonic()
            log.warning("the OpenID Connect provider cannot be used", reason=str(error))
            raise
        return self._discovered

    async def _decode(self, given: str, discovered: _Discovered) -> jwt.Token:
        try:
            return jwt.decode(given, discovered.keys, algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # it may sign with a newer key than we know
            keys = (await self._discover(fresh_keys=True)).keys
            return jwt.decode(given, keys, algorithms=ALGORITHMS)

    async def _exchange(self, metadata: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
        """Tokens for a code, which is good for once."""
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic = bool(settings.oidc_client_secret) and "client_secret_basic" in ways
        auth = httpx.BasicAuth(settings.oidc_client_id, settings.oidc_client_secret) if basic else None
        if auth is None:
            form["client_id"] = settings.oidc_client_id
            if settings.oidc_client_secret:
                form["client_secret"] = settings.oidc_client_secret
        tokens = await _ask("POST", metadata["token_endpoint"], data=form, auth=auth)
        if "error" in tokens:
            raise SignInRefused(f"the provider does not take the code ({_short(tokens['error'])}): try again")
        return tokens

    async def _with_userinfo(self, address: str, access: str, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """Claims that are not in the ID token: some providers keep groups and names out of it."""
        told = await _ask("GET", address, headers={"Authorization": f"Bearer {access}"})
        if told.get("sub") != claims["sub"]:  # nothing that is said of somebody else counts
            return claims
        return {**told, **claims}


async def _discover(issuer: str) -> _Discovered:
    metadata = await _ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if metadata.get("issuer") != issuer:
        raise ProviderUnavailable(
            f"the provider calls itself {metadata.get('issuer')!r}: FAULTCAST_OIDC_ISSUER must be exactly that"
        )
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(metadata.get(name), str):
            raise ProviderUnavailable(f"the provider's discovery document lacks {name}")
    return _Discovered(metadata, _keys_of(await _ask("GET", metadata["jwks_uri"])), time.monotonic())


async def _ask(method: str, address: str, **more: Any) -> dict[str, Any]:
    """A JSON object from the provider, also that of an answer 400 or 401; raises `ProviderUnavailable`."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
            answer = await client.request(method, address, **more)
            told = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ProviderUnavailable(f"the provider does not answer ({type(error).__name__} for {address})") from error
    if answer.status_code not in (200, 400, 401) or not isinstance(told, dict):
        raise ProviderUnavailable(f"the provider answers {answer.status_code} for {address}")
    return cast("dict[str, Any]", told)


def _keys_of(told: Mapping[str, Any]) -> jwk.KeySet:
    """The keys that can be used; others are for other purposes."""
    keys: list[Any] = []
    for each in told.get("keys") or ():
        try:
            if each.get("use", "sig") == "sig" and each.get("kty") != "oct":
                keys.append(jwk.import_key(each))
        except (JoseError, ValueError, AttributeError) as error:
            log.info("a key of the provider is not used", reason=str(error))
    if not keys:
        raise ProviderUnavailable("the provider has no keys to sign with")
    return jwk.KeySet(keys)


def _short(text: object) -> str:
    return "".join(letter for letter in str(text) if letter.isprintable())[:200]
