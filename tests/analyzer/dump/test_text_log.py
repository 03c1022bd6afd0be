from analyzer.dump import Dump, parse
from tests.analyzer import specimen

LINES = ["#CD:BEGIN#", *specimen.text_lines(specimen.writes()), "#CD:END#"]


def read(lines: list[str]) -> Dump:
    return parse("\n".join(lines).encode())


def memory(dump: Dump) -> dict[int, int]:
    return {address + at: byte for address, data in dump.memory.segments() for at, byte in enumerate(bytes(data))}


TRUTH = memory(parse(specimen.dump()))


def test_lines_of_other_threads_may_come_between():
    mixed = [line for own in LINES for line in (own, "[00:01] <inf> net: hello ZE")]
    assert memory(read(mixed)) == TRUTH
    assert read(mixed).caveats == ()


def test_a_damaged_line_is_a_hole_and_no_shift():
    for index, line in enumerate(LINES[1:-1], 1):
        for damaged in (line[:-1], line[:10], line[:-6] + "[00:", line + "?!", "#CD:", line[:-2]):
            lines = [*LINES[:index], damaged, *LINES[index + 1 :]]
            try:
                dump = read(lines)
            except Exception as error:
                raise AssertionError((index, damaged)) from error
            for address, byte in memory(dump).items():
                assert TRUTH[address] == byte, (index, damaged, hex(address))


def test_damage_is_reported_and_what_follows_is_kept():
    index = next(at for at, line in enumerate(LINES) if line.startswith("#CD:4d01000030"))
    lines = [*LINES[: index + 2], LINES[index + 2][:21], *LINES[index + 3 :]]
    dump = read(lines)
    assert [caveat.code for caveat in dump.caveats] == ["damaged-lines"]
    assert len(memory(dump)) == len(TRUTH) - 24


def test_dropped_log_messages_leave_a_hole():
    index = next(at for at, line in enumerate(LINES) if line.startswith("#CD:4d01000030"))
    lines = [*LINES[: index + 2], "--- 2 messages dropped ---", *LINES[index + 4 :]]
    dump = read(lines)
    assert len(memory(dump)) == len(TRUTH) - 64
    assert all(TRUTH[address] == byte for address, byte in memory(dump).items())


def test_two_dumps_the_last_complete_one_counts():
    other = specimen.text_log([specimen.header(reason=3)]).decode().splitlines()
    dump = read([*other, *LINES, *LINES[:5]])
    assert dump.header.reason == 4
    assert "3 dumps" in dump.caveats[0].text


def test_an_unfinished_dump_is_the_longest():
    dump = read([*LINES[:10], *LINES[:30]])
    assert dump.truncated
    assert [caveat.code for caveat in dump.caveats][:2] == ["several-dumps", "truncated"]


def test_the_error_marker():
    dump = read([*LINES[:-1], "#CD:ERROR CANNOT DUMP#", "#CD:END#"])
    assert [caveat.code for caveat in dump.caveats] == ["device-error"]


def test_a_log_that_starts_behind_the_begin_marker():
    assert memory(read(LINES[1:])) == TRUTH


def test_the_shells_lines_need_not_keep_block_headers_apart():
    assert memory(read(["#CD:BEGIN#", *specimen.text_lines([specimen.dump()]), "#CD:END#"])) == TRUTH
