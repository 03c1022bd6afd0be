"""The topic tree: which subscriptions does a topic name meet, without asking each of them."""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

V = TypeVar("V")


class _Node(Generic[V]):
    __slots__ = ("below", "values")

    def __init__(self) -> None:
        self.below: dict[str, _Node[V]] = {}
        self.values: dict[Hashable, V] = {}


class TopicTree(Generic[V]):
    """Values filed under topic filters, one for each filter and key; filters and names are valid (see topic.py)."""

    def __init__(self) -> None:
        self._root: _Node[V] = _Node()

    def get(self, pattern: str, key: Hashable) -> V | None:
        """The value filed under this filter and key."""
        node: _Node[V] | None = self._root
        for level in pattern.split("/"):
            node = node.below.get(level)
            if node is None:
                return None
        return node.values.get(key)

    def put(self, pattern: str, key: Hashable, value: V) -> None:
        """File a value, in place of the one that was there."""
        node = self._root
        for level in pattern.split("/"):
            node = node.below.setdefault(level, _Node())
        node.values[key] = value

    def remove(self, pattern: str, key: Hashable) -> V | None:
        """Take a value out and prune what became empty; None if there was none."""
        path: list[tuple[_Node[V], str]] = []
        node = self._root
        for level in pattern.split("/"):
            path.append((node, level))
            below = node.below.get(level)
            if below is None:
                return None
            node = below
        value = node.values.pop(key, None)
        for parent, level in reversed(path):
            below = parent.below[level]
            if below.values or below.below:
                break
            del parent.below[level]
        return value

    def match(self, topic: str) -> Iterator[V]:
        """Every value whose filter matches the topic name.

        The set of nodes walked never exceeds the tree's width, however many `+` the filters hold.
        """
        nodes = [self._root]
        wild = not topic.startswith("$")
        for level in topic.split("/"):
            following: list[_Node[V]] = []
            for node in nodes:
                if wild and (rest := node.below.get("#")) is not None:
                    yield from rest.values.values()
                names = (level, "+") if wild else (level,)
                following.extend(node.below[name] for name in names if name in node.below)
            nodes = following
            wild = True
        for node in nodes:
            yield from node.values.values()
            # "sport/#" matches "sport" as well (section 4.7.1.2).
            if (rest := node.below.get("#")) is not None:
                yield from rest.values.values()
