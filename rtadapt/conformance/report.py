"""What was found, as a table for people and as JSON for machines."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rtadapt import __version__
from rtadapt.conformance.options import Extent
from rtadapt.conformance.suite import Outcome


def lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """One line a check, its figures behind it, its problems below."""
    width = max(len(outcome.check) for outcome in outcomes)
    for outcome in outcomes:
        figures = ", ".join(f"{name} {value}" for name, value in outcome.figures.items())
        yield f"{outcome.status:<7} {outcome.check:<{width}}  {outcome.skipped or figures}".rstrip()
        for problem in outcome.problems:
            yield f"{'':7} {'':{width}}  ! {problem}"
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    yield f"{failed} of {len(outcomes)} checks failed" if failed else "everything held"


def document(engine: str, urls: Sequence[str], extent: Extent, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "suite": f"rtadapt {__version__}",
        "machine": platform.platform(),
        "engine": engine,
        "servers": len(urls),
        "extent": asdict(extent),
        "passed": all(outcome.status != "failed" for outcome in outcomes),
        "checks": [asdict(outcome) | {"status": outcome.status} for outcome in outcomes],
    }
