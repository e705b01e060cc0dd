"""What the demo shows at its end: every question with its answers, the totals, and what failed, if anything did.

Pure: takes what was answered; gives the verdict, text and JSON.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rtadapt.demo.client import Answer
from rtadapt.demo.morning import MustNot, Question

MIN_RIGHT = 0.7
"""Of the facts that were not answered before, the share that must be answered right afterwards."""
MAX_LENGTH_CHANGE = 0.15
"""How far the mean length of general answers may move."""

_MARKS = {True: "✓", False: "✗"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One question about an event: answered before its push, by the first version that has learned it, and at the end.

    `seconds` is from the push to the answer `after`.
    """

    feed: str
    question: Question
    before: Answer
    after: Answer
    end: Answer
    seconds: float

    @property
    def right(self) -> tuple[bool, bool, bool]:
        """Whether it was right before, right afterwards, at the end."""
        before, after, end = (self.question.answered_by(answer.text) for answer in (self.before, self.after, self.end))
        return before, after, end


@dataclass(frozen=True, slots=True)
class Refrained:
    """One question of the must-not list and its answer at the end."""

    asked: MustNot
    answer: Answer

    @property
    def kept(self) -> bool:
        """Whether the answer says nothing that it must not say."""
        return not self.asked.broken_by(self.answer.text)


@dataclass(frozen=True, slots=True)
class General:
    """One general question, asked of a feed before the first push and at the end."""

    feed: str
    question: Question
    before: Answer
    after: Answer

    @property
    def kept(self) -> bool:
        """Whether it is still right, if it was right before."""
        return self.question.answered_by(self.after.text) or not self.question.answered_by(self.before.text)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the system says of itself."""

    events: int
    updates_accepted: int
    updates_rejected: int
    events_refused: int
    probes_served: int
    probes_served_as_judged: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was asked and answered."""

    facts: tuple[Fact, ...]
    must_not: tuple[Refrained, ...]
    general: tuple[General, ...]
    counts: Counts

    @property
    def right(self) -> tuple[int, int, int]:
        """How many facts were answered before, right afterwards, at the end."""
        before, after, end = (sum(column) for column in zip(*(fact.right for fact in self.facts), strict=True))
        return before, after, end

    @property
    def new_right(self) -> float:
        """The share answered right afterwards, of the facts that were not answered before. 0 if there were none."""
        return statistics.fmean([float(after) for before, after, _ in (fact.right for fact in self.facts) if not before] or [0.0])

    @property
    def lengths(self) -> tuple[float, float]:
        """The mean length of general answers in words, before and at the end."""
        before = statistics.fmean(len(row.before.text.split()) for row in self.general)
        return before, statistics.fmean(len(row.after.text.split()) for row in self.general)

    @property
    def failures(self) -> list[str]:
        """What did not hold, a line each; empty when the demo ended well."""
        found = []
        if self.new_right < MIN_RIGHT:
            found.append(f"only {self.new_right:.0%} of the new facts were answered right afterwards; {MIN_RIGHT:.0%} must be")
        found += [
            f"answered what it must not ({row.asked.why}): {row.asked.ask}  →  {_flat(row.answer.text)}"
            for row in self.must_not
            if not row.kept
        ]
        found += [
            f"no longer answered as before: {row.question.ask}  →  {_flat(row.after.text)}"
            for row in self.general
            if not row.kept
        ]
        before, after = self.lengths
        if abs(after - before) > MAX_LENGTH_CHANGE * before:
            found.append(f"general answers have {after:.1f} words on average; before there were {before:.1f}")
        return found

    @property
    def freshness(self) -> tuple[float, float]:
        """Seconds from push to answer: p50 and p99."""
        seconds = [fact.seconds for fact in self.facts]
        return percentile(seconds, 0.5), percentile(seconds, 0.99)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def render(outcome: Outcome) -> str:
    """Tables, totals and verdict as text; the tables hold every question, a line each."""
    facts = [
        (
            _cut(fact.question.ask, 58),
            _cut(fact.after.text, 64),
            *(_MARKS[right] for right in fact.right),
            fact.after.version,
            f"{fact.seconds:.1f}",
        )
        for fact in outcome.facts
    ]
    must_not = [(_cut(row.asked.ask, 58), _cut(row.answer.text, 64), _MARKS[row.kept], row.asked.why) for row in outcome.must_not]
    general = [
        (_cut(row.question.ask, 38), row.feed, _cut(row.before.text, 44), _cut(row.after.text, 44), _MARKS[row.kept])
        for row in outcome.general
    ]
    failures = "".join(f"\nFAILED: {failure}" for failure in outcome.failures)
    return "\n\n".join(
        (
            _table(("what is new", "answered right afterwards", "before", "then", "end", "version", "seconds"), facts),
            _table(("what must not be answered", "answered at the end", "", "because it is"), must_not),
            _table(("general questions", "feed", "before", "at the end", ""), general),
            _render_totals(outcome),
            failures.lstrip() or "The new facts are answered, nothing else is, and general questions are answered as before.",
        )
    )


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Everything for a file."""
    before, after, end = outcome.right
    p50, p99 = outcome.freshness
    totals = asdict(outcome.counts) | {
        "questions": len(outcome.facts),
        "right_before": before,
        "right_after": after,
        "right_end": end,
        "new_right": outcome.new_right,
        "must_not": len(outcome.must_not),
        "must_not_answered": sum(not row.kept for row in outcome.must_not),
        "general": len(outcome.general),
        "general_kept": sum(row.kept for row in outcome.general),
        "general_words": outcome.lengths,
        "freshness_p50": p50,
        "freshness_p99": p99,
    }
    return {
        "totals": totals,
        "failures": outcome.failures,
        "facts": [asdict(row) | {"right": row.right} for row in outcome.facts],
        "must_not": [asdict(row) | {"kept": row.kept} for row in outcome.must_not],
        "general": [asdict(row) | {"kept": row.kept} for row in outcome.general],
    }


def _render_totals(outcome: Outcome) -> str:
    counts, questions = outcome.counts, len(outcome.facts)
    before, after, end = outcome.right
    kept = sum(row.kept for row in outcome.general)
    words_before, words_after = outcome.lengths
    p50, p99 = outcome.freshness
    return "\n".join(
        (
            f"{counts.events} events pushed, {counts.events_refused} refused; {counts.updates_accepted} updates accepted "
            f"and published, {counts.updates_rejected} rejected",
            f"probes that the engine answers as they were judged: {counts.probes_served_as_judged} of {counts.probes_served}",
            f"{questions} questions, right before: {before}, right afterwards: {after}, at the end: {end}",
            f"answered what must not be answered: {sum(not row.kept for row in outcome.must_not)} of {len(outcome.must_not)}",
            f"general questions answered as before: {kept} of {len(outcome.general)}, "
            f"in {words_after:.1f} words on average (before: {words_before:.1f})",
            f"from push to answer: p50 {p50:.1f} s, p99 {p99:.1f} s",
        )
    )


def _table(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[column]) for line in (heads, *cells)) for column in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in (heads, *cells)]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join((lines[0], rule, *lines[1:], rule))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, width: int) -> str:
    flat = _flat(text)
    return flat if len(flat) <= width else flat[: width - 1] + "…"
