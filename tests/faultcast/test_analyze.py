import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from faultcast.cli import app

GOLDEN = Path(__file__).parent.parent / "golden" / "cortex-m"
CASE = GOLDEN / "null-deref-Os"
DUMP, ELF = str(CASE / "dump.core"), str(CASE / "firmware.elf")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["analyze", *arguments])


def test_a_report_for_people() -> None:
    result = run(DUMP, "--elf", ELF)
    assert result.exit_code == 0
    assert "Null pointer dereference in calibration_in_range" in result.stdout


def test_a_report_for_scripts() -> None:
    result = run(DUMP, "--elf", ELF, "--json")
    assert result.exit_code == 0
    assert result.stdout.encode() == (CASE / "report.json").read_bytes()
    report = json.loads(result.stdout)
    assert report["fault"]["kind"] == "null-dereference"
    assert report["threads"][0]["frames"][0]["function"] == "calibration_in_range"


def test_without_elf_there_is_a_report() -> None:
    result = run(DUMP, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["symbolized"] is False


def test_a_wrong_elf_gives_a_report_that_says_so() -> None:
    result = run(str(GOLDEN / "undefined-Os" / "dump.core"), "--elf", str(GOLDEN / "undefined-Og" / "firmware.elf"))
    assert result.exit_code == 0
    assert "firmware-mismatch" in result.stdout


@pytest.mark.parametrize("content", [b"", b"hello", b"\x7fELF" + bytes(200), b"#CD:BEGIN#\n#CD:END#\n", bytes(4096)])
def test_what_is_no_dump(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dump"
    path.write_bytes(content)
    result = run(str(path))
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "[not-a-dump]" in result.stderr


def test_a_dump_that_cannot_be_analysed(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(b"ZE\x02\x00\x00\x00\x05\x00" + bytes(8))
    result = run(str(path))
    assert result.exit_code == 3
    assert "[unsupported-dump]" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["/nowhere/dump.core"],
        [DUMP, "--elf", "/nowhere/firmware.elf"],
        [DUMP, "--elf", DUMP],
        [DUMP, "--elf", ELF, "--nonsense"],
        [],
    ],
)
def test_bad_usage(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_nothing_of_the_pipeline_is_imported() -> None:
    script = (
        "import sys; from faultcast.cli import app; from typer.testing import CliRunner\n"
        f"assert CliRunner().invoke(app, ['analyze', {DUMP!r}, '--elf', {ELF!r}, '--json']).exit_code == 0\n"
        "print([name for name in ('redis', 'aiomqtt', 'paho', 'starlette', 'runtime') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
