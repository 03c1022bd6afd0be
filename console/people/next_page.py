"""Where somebody goes after signing in: to the page they came from, and to no other host."""

from urllib.parse import urlsplit


def next_page(wanted: str) -> str:
    r"""A path of ours; `/` for everything that a browser could take for another host.

    Browsers take `\` for `/`, drop tabs and line ends, and read `//host` as a host.
    """
    if not wanted.startswith("/") or wanted[1:2] in ("/", "\\") or not wanted.isprintable() or "\\" in wanted:
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.startswith("/sign-"):
        return "/"
    return wanted
