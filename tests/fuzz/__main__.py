"""Fuzz everything that reads bytes of others: `make fuzz SECONDS=600`, or `python -m tests.fuzz --help`.

Each target starts from its seeds (`tests/fuzz/seeds`, replayed by every test run) and from what earlier runs have found
(`build/fuzz`). What crashes it, takes longer than five seconds or more memory than the limit stays in `build/fuzz` too.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import MOST_BYTES, TARGETS

SEEDS = Path(__file__).parent / "seeds"
FOUND = Path(__file__).parents[2] / "build" / "fuzz"
HANG_SECONDS = 5
MEMORY_MIB = 1024


def fuzz(name: str, seconds: int) -> bool:
    """Fuzz one target for a while; says what came of it and whether nothing broke."""
    corpus, seeds = FOUND / name, SEEDS / name
    corpus.mkdir(parents=True, exist_ok=True)
    seeds.mkdir(exist_ok=True)
    limits = [f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MEMORY_MIB}", f"-max_len={MOST_BYTES}"]
    options = [*limits, f"-max_total_time={seconds}", f"-artifact_prefix={FOUND}/{name}-", "-print_final_stats=1"]
    command = [sys.executable, "-m", "tests.fuzz.target", name, *options, str(corpus), str(seeds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode("utf-8", "replace")
    executions = re.findall(r"stat::number_of_executed_units:\s*(\d+)", said)
    peak = re.findall(r"stat::peak_rss_mb:\s*(\d+)", said)
    coverage = re.findall(r"cov: (\d+)", said)
    verdict = "nothing broke" if done.returncode == 0 else "\n".join(said.splitlines()[-40:])
    figures = (
        f"{found[-1] if found else '?':>9} {what}"
        for found, what in ((executions, "runs"), (coverage, "places covered"), (peak, "MiB at most"))
    )
    print(f"{name:<12} {' '.join(figures)}  {verdict}", flush=True)
    return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)} (default: all)")
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - set(TARGETS)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    broken = [name for name in arguments.targets or TARGETS if not fuzz(name, arguments.seconds)]
    if broken:
        sys.exit(f"broken: {', '.join(broken)}; what broke them is in {FOUND}")


if __name__ == "__main__":
    main()
