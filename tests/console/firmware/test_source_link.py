import pytest

from console.firmware.source_link import BadSourceTemplate, check_template, source_link

TEMPLATE = "https://git.example.com/app/blob/main/{file}#L{line}"


def test_a_line_of_a_file_has_a_link() -> None:
    assert source_link(TEMPLATE, "src/app/sensor.c", 41) == (
        "https://git.example.com/app/blob/main/src/app/sensor.c#L41"
    )
    assert source_link("http://cgit/tree?f={file}&l={line}", "/abs/a b.c", None) == "http://cgit/tree?f=abs/a%20b.c&l=1"


def test_a_file_name_stays_a_file_name() -> None:
    assert source_link(TEMPLATE, 'x"><script>?#', 1) == (
        "https://git.example.com/app/blob/main/x%22%3E%3Cscript%3E%3F%23#L1"
    )
    assert source_link(TEMPLATE, "src/{line}.c", 7) == "https://git.example.com/app/blob/main/src/%7Bline%7D.c#L7"
    assert source_link(TEMPLATE, "\udc80.c", 1) is not None


@pytest.mark.parametrize("file", ["../secret", "src/../../x.c", "..\\x.c", "./x.c", "", None])
def test_a_file_that_leads_elsewhere_has_none(file: str | None) -> None:
    assert source_link(TEMPLATE, file, 1) is None


@pytest.mark.parametrize(
    "template",
    [
        "javascript:alert(1)//{file}",
        "data:text/html,{file}",
        "//git.example.com/{file}",
        "https:///{file}",
        "https://{file}/x",
        "https://{file}@git.example.com/",
        "https://me:secret@git.example.com/{file}",
        "https://git.example.com/{file}/{device}",
        "https://git.example.com/{file.__class__}",
        "https://git.example.com/main",
        "https://git.example.com/{file}\n",
        'https://git.example.com/{file}"onclick=',
        "https://git.example.com:port/{file}",
        "https://git.example.com/{file}/" + "x" * 1000,
        "",
    ],
)
def test_a_hostile_template_is_refused_and_makes_no_link(template: str) -> None:
    with pytest.raises(BadSourceTemplate):
        check_template(template)
    assert source_link(template, "a.c", 1) is None
