from analyzer.dump import Dump, parse
from contract.errors import NotADump
from tests.analyzer import specimen

LINES = ["#CD:BEGIN#", *specimen.text_lines(specimen.writes()), "#CD:END#"]


DROPPED = "--- 1 messages dropped ---"


def read(lines: list[str]) -> Dump:
    return parse("\n".join(lines).encode())


def memory(dump: Dump) -> dict[int, int]:
    return {address + at: byte for address, data in dump.memory.segments() for at, byte in enumerate(bytes(data))}


TRUTH = memory(parse(specimen.dump()))


def test_lines_of_other_threads_may_come_between() -> None:
    mixed = [line for own in LINES for line in (own, "[00:01] <inf> net: hello ZE")]
    assert memory(read(mixed)) == TRUTH
    assert read(mixed).caveats == ()


def test_colours_around_the_lines() -> None:
    coloured = [f"[00:00:00.320,000] \x1b[1;31m<err> coredump: {line}\x1b[0m\r" for line in LINES]
    assert memory(read(coloured)) == TRUTH
    assert read(coloured).caveats == ()


def test_a_damaged_line_is_a_hole_and_no_shift() -> None:
    for index, line in enumerate(LINES[1:-1], 1):
        for damaged in (line[:-1], line[:10], line[:-6] + "[00:", line + "?!", "#CD:", line[:-2], "", DROPPED):
            try:
                dump = read([*LINES[:index], damaged, *LINES[index + 1 :]])
            except NotADump:
                assert index == 1  # the file header
                continue
            for address, byte in memory(dump).items():
                assert TRUTH[address] == byte, (index, damaged, hex(address))


def test_damage_is_reported_and_what_follows_is_kept() -> None:
    index = next(at for at, line in enumerate(LINES) if line.startswith("#CD:4d01000030"))
    lines = [*LINES[: index + 2], LINES[index + 2][:21], *LINES[index + 3 :]]
    dump = read(lines)
    assert [caveat.code for caveat in dump.caveats] == ["damaged-lines"]
    assert len(memory(dump)) == len(TRUTH) - 24
    assert memory(dump).keys() == TRUTH.keys() - set(range(0x20003000 + 40, 0x20003000 + 64))


def test_behind_dropped_log_messages_a_block_is_a_hole() -> None:
    index = next(at for at, line in enumerate(LINES) if line.startswith("#CD:4d01000030"))
    dump = read([*LINES[: index + 2], "--- 2 messages dropped ---", *LINES[index + 4 :]])
    assert memory(dump).keys() == TRUTH.keys() - set(range(0x20003000 + 32, 0x20003100))


def test_two_dumps_the_last_complete_one_counts() -> None:
    other = specimen.text_log([specimen.header(reason=3)]).decode().splitlines()
    dump = read([*other, *LINES, *LINES[:5]])
    assert dump.header.reason == 4
    assert "3 dumps" in dump.caveats[0].text


def test_an_unfinished_dump_is_the_longest() -> None:
    dump = read([*LINES[:10], "*** Booting Zephyr OS build v3.7.0 ***", *LINES[:30]])
    assert dump.truncated
    assert dump.size > read(LINES[:29]).size
    assert [caveat.code for caveat in dump.caveats][:2] == ["several-dumps", "truncated"]


def test_a_crash_while_dumping_is_not_the_cause() -> None:
    """The fault handler crashes, the device dumps that one too, and neither dump is finished."""
    again = ["#CD:BEGIN#", *specimen.text_lines([specimen.header(reason=0), *specimen.writes()[1:]])]
    dump = read([*LINES[:10], *again[:30]])
    assert dump.header.reason == 4
    assert memory(dump) == memory(read(LINES[:10]))
    assert "that no crash while dumping began" in dump.caveats[0].text
    without_registers = read([*LINES[:2], *again[:30]])
    assert without_registers.header.reason == 0


def test_lines_behind_a_start_of_the_device_are_of_no_dump() -> None:
    assert memory(read([*LINES[:10], "*** Booting Zephyr OS build ***", LINES[10]])) == memory(read(LINES[:10]))


def test_the_error_marker() -> None:
    dump = read([*LINES[:-1], "#CD:ERROR CANNOT DUMP#", "#CD:END#"])
    assert [caveat.code for caveat in dump.caveats] == ["device-error"]


def test_a_log_that_starts_behind_the_begin_marker() -> None:
    assert memory(read(LINES[1:])) == TRUTH


def test_the_shells_lines_need_not_keep_block_headers_apart() -> None:
    assert memory(read(["#CD:BEGIN#", *specimen.text_lines([specimen.dump()]), "#CD:END#"])) == TRUTH


def test_a_lost_line_costs_its_block_since_nobody_knows_which_one_it_was() -> None:
    index = next(at for at, line in enumerate(LINES) if line.startswith("#CD:4d01000030"))
    dump = read([*LINES[: index + 2], *LINES[index + 3 :]])
    assert memory(dump).keys() == TRUTH.keys() - set(range(0x20003000, 0x20003100))


def test_holes_of_a_partial_upload_hide_lines() -> None:
    text = "\n".join(LINES).encode()
    for start in range(0, len(text) - 300, 97):
        data = text[:start] + bytes(300) + text[start + 300 :]
        try:
            dump = parse(data, missing=[(start, start + 300)])
        except NotADump:
            continue
        assert all(TRUTH[address] == byte for address, byte in memory(dump).items()), start
