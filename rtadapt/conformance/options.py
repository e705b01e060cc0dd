"""The options of `rtadapt conformance`, and how much of everything they come to.

Owns their names and bounds. Imports nothing that asks or serves: the command line loads it at each start.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from rtadapt.errors import InvalidSettings

ENGINES = ("rtadapt", "vllm", "mistralrs", "sglang")
CHECKS = (
    *("steady", "swaps", "own_writes", "monotonic", "rollback", "ends_as_begun"),
    *("prefix_cache", "beside_base", "eviction", "reused_name", "restart"),
)
"""In their order."""
_SHORT = {"swaps": 12, "streams": 4, "tokens": 12, "resident": 8}
_FULL = {"swaps": 1000, "streams": 8, "tokens": 24, "resident": 32}
_BOUNDS = {"swaps": (1, 1_000_000), "streams": (1, 1024), "tokens": (4, 1024), "resident": (2, 4096)}


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done. `tolerate` is the share of answers that may differ from their version's own without being another's."""

    swaps: int
    streams: int
    tokens: int
    every_seconds: float
    resident: int
    tolerate: float
    restart: str
    restart_seconds: float = 600.0


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The options of the command line."""
    command.add_argument("--url", action="append", metavar="URL", help="a server; several times for several replicas")
    command.add_argument("--engine", choices=ENGINES, default="rtadapt", help="what answers there (default rtadapt)")
    command.add_argument("--short", action="store_true", help="a minute's worth: 12 swaps instead of 1000")
    command.add_argument("--adapters", type=Path, metavar="DIR", help="folders with PEFT adapters, which the engine sees too")
    command.add_argument(
        "--base", type=Path, metavar="DIR", help="the base model's folder to make adapters for (default: --model)"
    )
    command.add_argument("--rank", type=int, default=8, help="of random adapters (default 8)")
    command.add_argument("--feed", default="conformance", help="rtadapt: the feed that is made and deleted (default conformance)")
    command.add_argument("--key-file", type=Path, metavar="FILE", help="a key that the servers ask for")
    command.add_argument("--restart", default="", metavar="COMMAND", help="starts a server again; ends when it was told to")
    command.add_argument("--check", action="append", choices=CHECKS, help="only this one; as often as needed")
    command.add_argument("--swaps", type=int, help="how many (default 1000)")
    command.add_argument("--streams", type=int, help="callers at once (default 8)")
    command.add_argument("--tokens", type=int, help="length of an answer (default 24)")
    command.add_argument("--resident", type=int, help="adapters loaded at once under pressure (default 32)")
    command.add_argument("--every", type=float, default=0.0, metavar="SECONDS", help="at least so long between two swaps")
    command.add_argument("--tolerate", type=float, default=0.0, metavar="SHARE", help="of answers that rounding may change")
    command.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="for the next piece of an answer")
    command.add_argument("--json", type=Path, metavar="FILE", help="write what was found there too")


def extent_of(options: argparse.Namespace) -> Extent:
    """Raises InvalidSettings for what makes no sense."""
    counts = {name: getattr(options, name) or value for name, value in (_SHORT if options.short else _FULL).items()}
    for name, (least, most) in _BOUNDS.items():
        if not least <= counts[name] <= most:
            raise InvalidSettings(f"--{name} is {least} to {most}", field=name)
    if not 0.0 <= options.tolerate < 1.0 or options.every < 0 or options.timeout <= 0 or not 1 <= options.rank <= 512:
        raise InvalidSettings("--tolerate is 0 up to 1, --every and --timeout are seconds, --rank is 1 to 512", field="tolerate")
    return Extent(**counts, every_seconds=options.every, tolerate=options.tolerate, restart=options.restart)
