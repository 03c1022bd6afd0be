"""Random secrets that we hand out once and afterwards only recognise."""

import hashlib
import secrets

_BYTES = 32


def new_secret(prefix: str = "") -> str:
    """256 random bits, in letters that need no escaping anywhere."""
    return prefix + secrets.token_urlsafe(_BYTES)


def digest_of(secret: str) -> str:
    """SHA-256 in hexadecimal: what the database keeps. Enough without salt, as nobody can guess 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
