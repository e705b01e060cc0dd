"""What an event must pass before it is learned from: an ordered list of small checks.

Owns the order, the reasons and the memory of recent texts per feed. Takes an event that was read from the log and the
base model's losses as a callable; gives the event as it may be learned from, without personal data, or a Refusal, and
remembers what it admitted. What it remembers is hashes; it is saved with the learner's state and never holds, logs or
reports any text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from rtadapt.admission import quality
from rtadapt.admission.dedupe import Print, Seen, print_of
from rtadapt.config import AdmitSettings
from rtadapt.errors import ArtifactDamaged
from rtadapt.personal import privacy
from rtadapt.records import Event, EventKind, Positions, Speaker

Losses = Callable[[list[str]], list[float]]
"""Nats per token of each text under the base model."""

_FILE = "admission.jsonl"
_JUDGED_CHARS = 2000
_MARGIN_NATS = 1.0
_PLAIN = (
    "The bakery on the corner opens at seven in the morning and closes when the bread is sold.",
    "Our new teacher starts on Monday. She used to work at the harbour.",
    "To clear the error, switch the machine off, wait for a minute and switch it on again.",
    "The council voted last night to rebuild the old bridge after a long debate.",
    "My neighbour Tom has a red boat called Daisy, and he sails it every summer.",
    "The price of the small lamp went up from twelve to fifteen euros this week.",
)
"""Plain English of the kind that people send. Written for this purpose."""


class Reason(StrEnum):
    """Why an event is refused at admission. Bounded: it becomes a metric label."""

    SCHEMA = "schema"
    CONSENT = "consent"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    PERSONAL_DATA = "personal_data"
    ONLY_BOT = "only_bot"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event is not learned from. `detail` is safe to show: ids, counts and limits, no text."""

    reason: Reason
    detail: str


class Admission:
    """The checks, and what they remember per feed. Used from one thread."""

    def __init__(self, settings: AdmitSettings, losses: Losses) -> None:
        self._settings = settings
        self._losses = losses
        self._key = privacy.key_of(settings.pseudonym_key_file)
        self._feeds: dict[str, Seen] = {}

    def check(self, event: Event, policy: privacy.Policy | None = None) -> Event | Refusal:
        """The event without personal data, or why it is refused. One that is admitted is remembered until its feed is closed
        or it is forgotten. `policy` is the feed's for personal data; None: that of the settings.

        Raises ValueError when the event was not read from the log.
        """
        seen = self._seen(event.feed)
        sent = print_of(event)
        if seen.delivered(sent):
            return Refusal(Reason.DUPLICATE, "this event came before")
        refusal = consent(event, self._settings) or speakers(event) or too_long(event, self._settings)
        if refusal is not None:
            return refusal
        clean = privacy.redact_event(event, policy or privacy.Policy(self._settings.privacy), self._key + event.feed.encode())
        if clean is None:
            return Refusal(Reason.PERSONAL_DATA, "it holds personal data, and the policy is to drop such events")
        print_ = replace(print_of(clean), sent=sent.whole)
        refusal = too_short(event, clean, self._settings) or language(clean) or repeat(print_, seen) or self._judge(clean)
        if refusal is not None:
            return refusal
        seen.add(print_)
        return clean

    def forget(self, event: Event) -> None:
        """Forget an event that was admitted and then refused, by the gate for example: it may be sent again."""
        if event.feed in self._feeds:
            self._feeds[event.feed].forget(event.id)

    def save(self, feed: str, folder: Path, covered: Positions) -> None:
        """Write what is remembered of the feed's events in `covered`, to go with the learner's state.

        What lies beyond still waits: where learning goes on from this state, it has not come yet.
        """
        lines = [json.dumps(line, separators=(",", ":")) + "\n" for line in self._seen(feed).dump(covered)]
        (folder / _FILE).write_text("".join(lines), encoding="utf-8")

    def load(self, feed: str, folder: Path) -> None:
        """Remember what `save` wrote, and nothing else of this feed. Raises ArtifactDamaged when it can't be read."""
        seen = Seen(self._settings.remember_texts, self._settings.near_duplicate)
        try:
            lines = (folder / _FILE).read_text(encoding="utf-8").splitlines()
            seen.load([json.loads(line) for line in lines])
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArtifactDamaged(f"the admission state of feed {feed} can't be read") from error
        self._feeds[feed] = seen

    def close_feed(self, feed: str) -> None:
        """Forget a feed: what was committed is loaded again, and what was not is read from the log again."""
        self._feeds.pop(feed, None)

    def _seen(self, feed: str) -> Seen:
        if feed not in self._feeds:
            self._feeds[feed] = Seen(self._settings.remember_texts, self._settings.near_duplicate)
        return self._feeds[feed]

    def _judge(self, event: Event) -> Refusal | None:
        """Whether the base model takes the text for language at all."""
        text = event.text.strip()[:_JUDGED_CHARS]
        if not text:
            return None
        [loss] = self._losses([text])
        if math.isfinite(loss) and loss <= self._ceiling:
            return None
        detail = f"{loss:.1f} nats per token under the base model; the limit is {self._ceiling:.1f}"
        return Refusal(Reason.NOISE, detail)

    @cached_property
    def _ceiling(self) -> float:
        """The limit of the settings, but never below what this model gives plain English and a little more.

        A small base model that has read nothing but its own world finds any user's story surprising.
        """
        usual = [loss for loss in self._losses(list(_PLAIN)) if math.isfinite(loss)]
        return max(self._settings.max_loss, max(usual, default=math.inf) + _MARGIN_NATS)


def consent(event: Event, settings: AdmitSettings) -> Refusal | None:
    """Refuse what must not be learned from."""
    if settings.require_consent and not event.consent:
        return Refusal(Reason.CONSENT, "the event says consent: false")
    return None


def speakers(event: Event) -> Refusal | None:
    """Refuse a transcript in which only a bot speaks: the model never learns from its own words."""
    if event.kind is not EventKind.TRANSCRIPT or event.facts or event.pairs:
        return None
    if any(turn.speaker is not Speaker.BOT and turn.text.strip() for turn in event.turns):
        return None
    return Refusal(Reason.ONLY_BOT, "no person speaks in this transcript")


def too_long(event: Event, settings: AdmitSettings) -> Refusal | None:
    """Refuse what is too long, before anything reads it."""
    length = len(event.text)
    return (
        Refusal(Reason.TOO_LONG, f"{length:,} characters; the limit is {settings.max_chars:,}")
        if length > settings.max_chars
        else None
    )


def too_short(event: Event, clean: Event, settings: AdmitSettings) -> Refusal | None:
    """Refuse what is too short to say anything, before or after personal data was taken out."""
    if clean.facts or clean.pairs:
        return None
    if len(event.text.strip()) < settings.min_chars:
        return Refusal(Reason.TOO_SHORT, f"{len(event.text.strip()):,} characters; the least is {settings.min_chars:,}")
    left = privacy.without_placeholders(clean.text)
    if clean is not event and sum(sign.isalpha() for sign in left) < settings.min_chars:
        return Refusal(Reason.PERSONAL_DATA, "nothing is left once personal data is taken out")
    return None


def language(event: Event) -> Refusal | None:
    """Refuse what is no language by simple counts."""
    wrong = quality.noise(privacy.without_placeholders(event.text)) if event.text.strip() else None
    return Refusal(Reason.NOISE, wrong) if wrong else None


def repeat(new: Print, seen: Seen) -> Refusal | None:
    """Refuse what says nothing new. `near_duplicate` at 1.0 lets through anything with one new sentence in it."""
    if (earlier := seen.repeated(new)) is not None:
        return Refusal(Reason.DUPLICATE, f"event {earlier} says exactly the same")
    if (earlier := seen.contained(new)) is not None:
        return Refusal(Reason.NEAR_DUPLICATE, f"event {earlier} says all of this already")
    return None
