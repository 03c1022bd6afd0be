"""What a stranger sees first must work, with and without installed services."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

# Hides every installed server from the launcher, as on a machine that has none.
BARE = "import runpy, shutil, sys; shutil.which = lambda *a, **k: None; sys.argv = ['demo']; "
BARE += "sys.path.insert(0, '.'); runpy.run_path('examples/demo.py', run_name='__main__')"


@pytest.mark.parametrize("command", [["examples/demo.py"], ["-c", BARE]], ids=["installed", "embedded"])
def test_the_demo_ends_with_the_event_that_a_subscriber_received(command: list[str]) -> None:
    demo = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Null pointer dereference in calibration_in_range (sensor.c:41)" in demo.stdout
    stored = re.search(r"stored ([0-9a-f-]{36})", demo.stdout)
    event = re.search(r"event id ([0-9a-f-]{36}) on faultcast/v1/event/crash/demo-device", demo.stdout)
    assert stored is not None
    assert event is not None
    assert stored[1] == event[1]
