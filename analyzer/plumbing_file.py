"""A user's own list of plumbing, from a file."""

from pathlib import Path

from analyzer.grouping import BadPlumbing, Plumbing, extended, load_plumbing


def read_plumbing(path: Path) -> Plumbing:
    """The list that comes with Faultcast with that of a file on top.

    Raises:
        BadPlumbing: the file cannot be read or used.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadPlumbing(f"{path} cannot be read: {error}; check FAULTCAST_PLUMBING or --plumbing") from error
    return extended(load_plumbing(), text, str(path))
