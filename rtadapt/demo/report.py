"""What the demo shows at its end: the table, the totals, and whether the answers really changed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rtadapt.demo.client import Answer
from rtadapt.demo.stream import Question

MIN_AFTER = 0.9
MAX_BEFORE = 0.1


@dataclass(frozen=True, slots=True)
class Row:
    """One question's story. `seconds` is from the push to the first answer of a version that has learned it."""

    feed: str
    question: Question
    before: Answer
    after: Answer
    seconds: float

    @property
    def was_right(self) -> bool:
        """Whether the answer before the push was already the new one."""
        return self.question.answered_by(self.before.text)

    @property
    def is_right(self) -> bool:
        """Whether the answer after is the new one."""
        return self.question.answered_by(self.after.text)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums under the table; times in seconds."""

    events: int
    questions: int
    right_before: float
    right_after: float
    accepted_updates: int
    rejected_updates: int
    refused_events: int
    freshness_p50: float
    freshness_p99: float

    @property
    def passed(self) -> bool:
        """Whether the answers really changed to the new facts."""
        return self.right_after >= MIN_AFTER and self.right_before < MAX_BEFORE


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def share_right(rows: Sequence[Row], after: bool) -> float:
    """The share of questions answered with the new fact."""
    return statistics.fmean(float(row.is_right if after else row.was_right) for row in rows)


def render_table(rows: Sequence[Row]) -> str:
    """The table as text, one question a line."""
    heads = ("question", "before", "after", "", "version", "seconds")
    cells = [
        (
            _cut(row.question.ask, 58),
            _cut(row.before.text, 24),
            _cut(row.after.text, 28),
            "✓" if row.is_right else "✗",
            row.after.version,
            f"{row.seconds:.1f}",
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in [heads, *cells]) for column in range(len(heads))]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in [heads, *cells]]
    return "\n".join([lines[0], rule, *lines[1:], rule])


def render_totals(totals: Totals) -> str:
    """The totals as text."""
    return (
        f"{totals.events} events pushed, {totals.refused_events} refused; {totals.accepted_updates} updates accepted "
        f"and published, {totals.rejected_updates} rejected\n"
        f"{totals.questions} questions, the new fact answered: {totals.right_before:.0%} before, {totals.right_after:.0%} after\n"
        f"from push to served: p50 {totals.freshness_p50:.1f} s, p99 {totals.freshness_p99:.1f} s"
    )


def as_json(rows: Sequence[Row], totals: Totals) -> dict[str, Any]:
    """Table and totals for a file."""
    return {"totals": asdict(totals) | {"passed": totals.passed}, "rows": [asdict(row) | {"right": row.is_right} for row in rows]}


def _cut(text: str, width: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
