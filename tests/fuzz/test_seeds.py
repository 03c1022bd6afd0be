"""Every seed, and everything that fuzzing ever found, ends in an answer or a named error, and soon."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS, run

SEEDS = Path(__file__).parent / "seeds"
FILES = sorted(path.relative_to(SEEDS).as_posix() for path in SEEDS.glob("*/*"))
MOST_SEED_BYTES = 1 << 20
HANG_SECONDS = 5


@pytest.mark.parametrize("seed", FILES)
def test_a_seed(seed: str) -> None:
    started = time.process_time()
    run(seed.partition("/")[0], (SEEDS / seed).read_bytes())
    assert time.process_time() - started < HANG_SECONDS


def test_every_target_has_seeds_and_they_are_small() -> None:
    assert {seed.partition("/")[0] for seed in FILES} == set(TARGETS)
    assert sum((SEEDS / seed).stat().st_size for seed in FILES) < MOST_SEED_BYTES


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_at_all(name: str) -> None:
    run(name, b"")


@pytest.mark.slow
def test_the_fuzzer_runs(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    shutil.copytree(SEEDS / "expression", tmp_path / "seeds")
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.target",
        "expression",
        "-runs=200",
        f"-artifact_prefix={tmp_path}/",
        str(tmp_path / "seeds"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done 200 runs" in done.stderr
