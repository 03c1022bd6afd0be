"""Topic names and topic filters (MQTT 5.0 section 4.7, the same rules in 3.1.1)."""

from contract.errors import InputError

MAX_LEVELS = 64
"""Deepest topic taken. The standard has no bound; a filter of 65,535 levels would cost megabytes in the topic tree."""

MAX_LENGTH = 4096
"""Longest topic taken, in characters. Topics are remembered in several places; the standard's bound is 65,535 bytes."""

_SHARE = "$share/"


class InvalidTopic(InputError):
    """A topic name or topic filter that breaks the rules of section 4.7."""

    code = "mqtt-topic"


def check_name(topic: str) -> None:
    """Raise InvalidTopic unless `topic` can be published to."""
    _check_levels(topic)
    if "+" in topic or "#" in topic:
        raise InvalidTopic("a topic to publish to has no wildcards: subscribe with filters, publish to names")


def check_filter(pattern: str) -> None:
    """Raise InvalidTopic unless `pattern` can be subscribed to."""
    _check_levels(pattern)
    *above, last = pattern.split("/")
    for level in above:
        if "#" in level or ("+" in level and level != "+"):
            raise InvalidTopic("+ stands for a whole level, # for the whole rest of the filter")
    if ("#" in last or "+" in last) and last not in {"#", "+"}:
        raise InvalidTopic("+ and # stand alone in their level")


def _check_levels(text: str) -> None:
    if not text or "\0" in text:
        raise InvalidTopic("a topic is not empty and has no NUL character")
    if text.count("/") >= MAX_LEVELS or len(text) > MAX_LENGTH:
        raise InvalidTopic(f"a topic has at most {MAX_LEVELS} levels and {MAX_LENGTH} characters here")


def split_share(pattern: str) -> tuple[str | None, str]:
    """`$share/{group}/{filter}` as (group, filter); any other filter as (None, filter) (section 4.8.2)."""
    if not pattern.startswith(_SHARE):
        return None, pattern
    group, slash, inner = pattern[len(_SHARE) :].partition("/")
    if not group or not slash or not inner or "+" in group or "#" in group:
        raise InvalidTopic("a shared subscription is written $share/{group}/{filter}")
    return group, inner


def matches(pattern: str, topic: str) -> bool:
    """Whether a valid filter matches a valid name. A wildcard in front never matches names that start with `$`."""
    return covers(pattern, topic)


def covers(grant: str, pattern: str) -> bool:
    """Whether every topic that `pattern` (a filter or a name) matches is matched by the filter `grant` too."""
    granted, asked = grant.split("/"), pattern.split("/")
    if granted[0] in {"+", "#"} and asked[0].startswith("$"):
        return False
    for depth, level in enumerate(granted):
        if level == "#":
            return True
        if depth == len(asked):
            return False
        if asked[depth] == "#" or level not in {"+", asked[depth]}:
            return False
    # `a/#` matches `a` itself, so a grant of one level more may still cover; that case returned above.
    return len(granted) == len(asked)
