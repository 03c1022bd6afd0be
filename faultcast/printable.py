"""Text from a device on its way to a terminal."""


def printable(text: str) -> str:
    """The text with everything that could steer a terminal made visible; device text is hostile."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
