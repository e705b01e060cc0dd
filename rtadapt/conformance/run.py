"""`rtadapt conformance`: whether a server swaps LoRA adapters without anybody noticing, found out from outside.

Owns the order of the checks. Takes a server of OpenAI's API; gives a table, JSON, and an exit status. A check that
the system does not survive is a failed check, and the rest is still made.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from rtadapt.basemodel import find_model
from rtadapt.config import Settings
from rtadapt.conformance import adapters, report, residence, swapping
from rtadapt.conformance.answers import Asker
from rtadapt.conformance.options import CHECKS, Extent, extent_of
from rtadapt.conformance.suite import Outcome, Suite
from rtadapt.conformance.systems import Feed, Plain, System, base_name
from rtadapt.errors import InvalidSettings, RtadaptError
from rtadapt.registry.embedded import server_url
from rtadapt.supervisor import socket_of

_CHECKS: dict[str, Callable[[Suite], Awaitable[Outcome]]] = {
    check.__name__: check
    for check in (
        swapping.steady,
        swapping.swaps,
        swapping.own_writes,
        swapping.monotonic,
        swapping.rollback,
        swapping.ends_as_begun,
        residence.prefix_cache,
        residence.beside_base,
        residence.eviction,
        residence.reused_name,
        swapping.restart,
    )
}


def run(settings: Settings, options: argparse.Namespace, say: Callable[[str], object]) -> int:
    """Examine. Gives the exit status: 0 if everything held. Raises InvalidSettings, and Unavailable where no server answers."""
    extent = extent_of(options)
    urls = [url.rstrip("/") for url in options.url or [f"http://{settings.serve.host}:{settings.serve.port}"]]
    with _adapters(settings, options) as found:
        outcomes = asyncio.run(_examine(settings, options, extent, urls, found, say))
    for line in report.lines(outcomes):
        say(line)
    if options.json is not None:
        document = report.document(options.engine, urls, extent, outcomes)
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 1 if any(outcome.problems for outcome in outcomes) else 0


async def _examine(
    settings: Settings,
    options: argparse.Namespace,
    extent: Extent,
    urls: Sequence[str],
    found: Sequence[Path],
    say: Callable[[str], object],
) -> list[Outcome]:
    key = "" if options.key_file is None else options.key_file.read_text(encoding="utf-8").strip()
    async with contextlib.AsyncExitStack() as leaving:
        asker = Asker(key, options.timeout, extent.streams)
        leaving.push_async_callback(asker.close)
        base = await base_name(asker, urls[0])
        system: System
        if options.engine == "rtadapt":
            system = Feed(asker, _reachable(settings), urls, found, base, options.feed)
        else:
            system = Plain(asker, options.engine, urls, found, base)
        leaving.push_async_callback(system.close)
        suite = Suite(system, asker, extent, len(found))
        outcomes = [await _made("alone", suite.prepare())]
        if outcomes[0].problems:  # nothing could be said of the rest
            return outcomes
        for name in [name for name in CHECKS if not options.check or name in options.check]:
            say(f"… {name}")
            outcomes.append(await _made(name, _CHECKS[name](suite)))
        return outcomes


async def _made(name: str, check: Awaitable[Outcome]) -> Outcome:
    """The check's outcome; a system that stops doing what it is told has failed it."""
    try:
        return await check
    except RtadaptError as error:
        return Outcome(name, problems=[str(error)])
    except ExceptionGroup as errors:  # of callers and of what was done meanwhile
        told, rest = errors.split(RtadaptError)
        if rest is not None or told is None:
            raise
        return Outcome(name, problems=[str(error) for error in told.exceptions])


@contextlib.contextmanager
def _adapters(settings: Settings, options: argparse.Namespace) -> Iterator[list[Path]]:
    """The adapters given, or random ones that are there while the context lasts. Raises InvalidSettings for fewer than two."""
    with tempfile.TemporaryDirectory(prefix="rtadapt-conformance-") as scratch:
        if options.adapters is not None:
            found = adapters.find_adapters(options.adapters)
            if len(found) < 2:
                message = f"--adapters: {options.adapters} has to hold two adapters at least, each in a folder of its own"
                raise InvalidSettings(message, field="adapters")
        else:
            base = options.base or Path(find_model(settings)[0])
            if not base.is_dir():
                raise InvalidSettings(f"--base: {base} is no folder; name the base model's, or give --adapters", field="base")
            found = adapters.make_adapters(base, Path(scratch), options.rank)
        yield found


def _reachable(settings: Settings) -> Settings:
    """The settings with the registry of a running `rtadapt up` where they name an embedded one."""
    if settings.registry.url != "embedded:":
        return settings
    url = server_url(socket=socket_of(settings.data_dir.absolute() / "registry"))
    return settings.model_copy(update={"registry": settings.registry.model_copy(update={"url": url})})
