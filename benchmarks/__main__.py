"""`python -m benchmarks [name …]`: run all measurements, or the named ones."""

import importlib
import sys

NAMES = ("ingest", "reassembler", "analyzer")

for name in sys.argv[1:] or NAMES:
    print(f"\n== {name} ==", flush=True)
    importlib.import_module(f"benchmarks.{name}").main()
