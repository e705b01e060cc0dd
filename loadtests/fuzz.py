"""Bytes that nobody would send, made by what they reach in our code (atheris): everything that reads what comes from outside.

    python -m loadtests.fuzz --seconds 60
    python -m loadtests.fuzz --seconds 600 --keep corpora body record

Each target runs in a process of its own, beginning with a few bodies of every format. What must hold: an input is read, or
refused as its sender's fault; what is read is written to the log and read again as the same; no input takes longer than
`--longest` seconds, or its process more than `--most-mib` of memory. Prints how many inputs each target had and how many
branches they reached; exits 1 where one broke this, and leaves that input in `--keep`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

TARGETS = ("body", "record", "envelope", "markup", "captions", "xml")
_MOST_BYTES = 64 * 1024
_REACHED = re.compile(r"cov: (\d+)")
_RUNS = re.compile(r"Done (\d+) runs")


def inside(name: str, arguments: list[str]) -> None:
    """Be the process of one target; atheris ends it."""
    import atheris

    with atheris.instrument_imports(include=["rtadapt.events", "rtadapt.web"]):
        from loadtests import fuzz_targets

    atheris.Setup([sys.argv[0], *arguments], partial(fuzz_targets.held, getattr(fuzz_targets, name)))
    atheris.Fuzz()


def run(name: str, options: argparse.Namespace, folder: Path) -> bool:
    """One target, whether it held."""
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(_seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = [f"-max_total_time={options.seconds}", f"-timeout={options.longest}", f"-rss_limit_mb={options.most_mib}"]
    arguments = [*limits, f"-max_len={_MOST_BYTES}", f"-artifact_prefix={folder}/{name}-", "-print_final_stats=0", str(corpus)]
    command = [sys.executable, "-m", "loadtests.fuzz", "--inside", name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = done.stdout + done.stderr
    runs, reached = _RUNS.findall(said), _REACHED.findall(said)
    tried = f"{int(runs[-1]):,} inputs, {int(reached[-1]):,} branches" if runs and reached else "ended early"
    print(f"{name}: {tried}, {'held' if done.returncode == 0 else 'BROKEN'}", flush=True)
    if done.returncode:
        print(said[-4000:])
    return done.returncode == 0


def _seeds(name: str) -> list[bytes]:
    from loadtests import fuzz_targets

    return fuzz_targets.seeds(name)


def main() -> int:
    """Run; gives the exit status."""
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all unless named")
    parser.add_argument("--seconds", type=int, default=60, help="a target")
    parser.add_argument("--longest", type=int, default=5, help="seconds an input may take")
    parser.add_argument("--most-mib", type=int, default=1024, help="MiB a process may take")
    parser.add_argument("--keep", type=Path, help="a folder for inputs that reach something new, used again next time")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        held = [run(name, options, options.keep or Path(folder)) for name in options.targets or TARGETS]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
