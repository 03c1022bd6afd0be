"""One target under libFuzzer: `python -m tests.fuzz.target NAME [libFuzzer's arguments]`."""

import sys

import atheris

NAME = sys.argv.pop(1)

with atheris.instrument_imports(include=["analyzer", "contract"]):
    from tests.fuzz import targets

if __name__ == "__main__":
    targets.run(NAME, b"")  # what is made once is made before the clock runs
    atheris.Setup(sys.argv, lambda data: targets.run(NAME, data))
    atheris.Fuzz()
