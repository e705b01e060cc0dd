"""Faults of many kinds in a running system, and what must hold all the same.

    python -m loadtests.chaos --faults 300                        # `make chaos`
    python -m loadtests.chaos --seconds 600 --every 5 --only "a worker is killed" --feeds 100 --workers 3

Starts a real Kafka broker (../shared/kafka, as the tests do), two registry servers, an API, a serving replica and workers, each a
process of its own; pushes events and asks with their tokens; and puts one fault after another into them, at times two at once.
Every `--round` faults the traffic rests, everything must come to an end, and all of it is checked from outside. Prints how
often each kind happened and every violation; exits 1 if there was one.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.run import Plan, run


def main() -> int:
    """Run; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no fault after so long")
    parser.add_argument("--every", type=float, default=0.0, help="seconds from one fault's begin to the next one's, at least")
    parser.add_argument("--only", nargs="+", default=[], help="kinds, by their words")
    parser.add_argument("--feeds", type=int, default=12)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--rate", type=float, default=4.0, help="events a second")
    parser.add_argument("--round", type=int, default=25, help="faults between two checks")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs, also when nothing was wrong")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rta-"))
    print(f"seed {options.seed}, logs in {folder}", flush=True)
    plan = Plan(
        faults=options.faults,
        seconds=options.seconds,
        every_seconds=options.every,
        only=tuple(options.only),
        feeds=options.feeds,
        workers=options.workers,
        rate=options.rate,
        round_faults=options.round,
        seed=options.seed,
    )
    report = run(folder, plan, say=lambda line: print(line, flush=True))
    print("\n".join(report.lines()))
    if not report.wrong and not options.keep:
        shutil.rmtree(folder)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
