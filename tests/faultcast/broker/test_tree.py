from hypothesis import given
from hypothesis import strategies as st

from faultcast.broker.topic import matches
from faultcast.broker.tree import TopicTree

LEVELS = st.sampled_from(["", "a", "b", "$x"])
NAMES = st.lists(LEVELS, min_size=1, max_size=4).map("/".join).filter(bool)
FILTERS = st.builds(
    lambda levels, rest: "/".join([*levels, *rest]),
    st.lists(st.one_of(LEVELS, st.just("+")), min_size=1, max_size=4),
    st.sampled_from([[], ["#"]]),
).filter(bool)
STEPS = st.lists(st.tuples(st.booleans(), FILTERS, st.integers(0, 2)), max_size=30)


@given(STEPS, NAMES)
def test_holds_what_a_plain_dictionary_holds(steps: list[tuple[bool, str, int]], topic: str) -> None:
    tree, model = TopicTree(), {}
    for put, pattern, key in steps:
        if put:
            tree.put(pattern, key, (pattern, key))
            model[pattern, key] = (pattern, key)
        else:
            assert tree.remove(pattern, key) == model.pop((pattern, key), None)
        assert tree.get(pattern, key) == model.get((pattern, key))
    expected = sorted(value for (pattern, _), value in model.items() if matches(pattern, topic))
    assert sorted(tree.match(topic)) == expected


@given(STEPS)
def test_leaves_nothing_behind(steps: list[tuple[bool, str, int]]) -> None:
    tree = TopicTree()
    for _, pattern, key in steps:
        tree.put(pattern, key, None)
    for _, pattern, key in steps:
        tree.remove(pattern, key)
    assert not tree._root.below


def test_many_plus_signs_do_not_multiply() -> None:
    tree = TopicTree()
    depth = 40
    for place in range(depth):
        tree.put("/".join("+" if level == place else "a" for level in range(depth)), 0, place)
    assert sorted(tree.match("/".join(["a"] * depth))) == list(range(depth))
