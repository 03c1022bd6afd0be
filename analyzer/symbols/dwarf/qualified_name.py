"""Names as the source qualifies them, `space::Class::method`."""

from analyzer.symbols.dwarf.constants import At, Tag
from analyzer.symbols.dwarf.entries import Entry
from analyzer.symbols.dwarf.sections import MOST_NAME

_NAMING_SCOPES = (Tag.NAMESPACE, Tag.STRUCTURE_TYPE, Tag.CLASS_TYPE, Tag.UNION_TYPE)


def qualified_name(entry: Entry) -> str:
    """The entry's name behind the names of the namespaces and classes around it."""
    name = entry.inherited(At.NAME).text(At.NAME) or ""
    if not name:
        return ""
    declared = entry.oldest()
    parent = declared.parent
    while parent is not None:
        if parent.tag in _NAMING_SCOPES:
            unnamed = "(anonymous namespace)" if parent.tag == Tag.NAMESPACE else "(anonymous)"
            name = f"{parent.text(At.NAME) or unnamed}::{name}"
            if len(name) > MOST_NAME:
                break
        parent = parent.parent
    entry.unit.info.allowance.keep(len(name))
    return name[:MOST_NAME]
