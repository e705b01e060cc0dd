"""Personal data is taken out before anything is learned from it: dropped, masked, or replaced by something made up.

Owns the policies and what stands in place of what was found; recognisers.py finds it. Takes an event, gives it without;
stated facts and given pairs that hold any are dropped whole. A made-up replacement is drawn by a keyed hash, so the same
value gets the same one wherever the same key is used, and no table leads back. What was found is never logged.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from rtadapt.errors import InvalidSettings
from rtadapt.events.transcripts import spoken
from rtadapt.records import Event

if TYPE_CHECKING:
    from rtadapt.personal.recognisers import Found


class Policy(StrEnum):
    """What happens to an event with personal data in it."""

    DROP = "drop"
    MASK = "mask"
    PSEUDONYMISE = "pseudonymise"


_PLACEHOLDER = re.compile(
    r"\[(?:e-mail|phone|card|account|id number|secret|address|birth date|plate|network address|wallet|place|name|health)"
    r"(?: [0-9a-f]{8})?\]"
)
_LEAST_KEY_BYTES = 32
_SYLLABLES = re.findall("..", "babebobudadedofafefigagohahehojakakokilalelilomamemonanenorarerorisasesitatetovavevowewizazezo")


def redact(text: str, policy: Policy = Policy.MASK, key: bytes = b"") -> str:
    """`text` with each piece of personal data replaced: by a placeholder that says what it was, or by something made up."""
    return _replaced(text, find(text), policy, key)


def find(text: str) -> tuple[Found, ...]:
    """What is private in `text`, in order. The first call loads presidio, which takes seconds: only the worker needs it."""
    from rtadapt.personal import recognisers

    return recognisers.find(text)


def is_private(text: str) -> bool:
    """Whether `text` holds personal data, or a placeholder where some was."""
    return _PLACEHOLDER.search(text) is not None or redact(text) != text


def without_placeholders(text: str) -> str:
    """What is left of a redacted text."""
    return _PLACEHOLDER.sub(" ", text)


def redact_event(event: Event, policy: Policy = Policy.MASK, key: bytes = b"") -> Event | None:
    """The event without the personal data that was found in it, or None where `policy` drops such an event.

    An event without any is given back as it is. `key` is the secret that made-up replacements are drawn with.
    """
    whole = f"{event.headline}\n\n{event.text}"
    found = find(whole)
    told = [whole[one.start : one.end] for one in found if one.kind == "name"]
    facts = tuple(fact for fact in event.facts if not _tells(f"{fact.entity} {fact.relation} {fact.value}", told))
    pairs = tuple(pair for pair in event.pairs if not _tells(f"{pair.question} {pair.answer}", told))
    if not found and facts == event.facts and pairs == event.pairs:
        return event
    if policy is Policy.DROP:
        return None

    def clean(start: int, end: int) -> str:
        here = [
            replace(one, start=one.start - start, end=one.end - start) for one in found if start <= one.start and one.end <= end
        ]
        return _replaced(whole[start:end], here, policy, key)

    body = len(event.headline) + 2
    if not event.turns:
        return replace(event, headline=clean(0, body - 2), text=clean(body, len(whole)), facts=facts, pairs=pairs)
    turns, end = [], body - 1
    for turn in event.turns:
        start = end + len(spoken([turn])) - len(turn.text) + 1
        end = start + len(turn.text)
        turns.append(replace(turn, text=clean(start, end)))
    return replace(event, headline=clean(0, body - 2), text=spoken(turns), turns=tuple(turns), facts=facts, pairs=pairs)


def _tells(text: str, names: Sequence[str]) -> bool:
    return redact(text) != text or any(name in text for name in names)


def _replaced(text: str, found: Sequence[Found], policy: Policy, key: bytes) -> str:
    for one in reversed(found):
        value = text[one.start : one.end]
        put = f"[{one.kind}]" if policy is not Policy.PSEUDONYMISE else pseudonym(one.kind, value, key)
        text = text[: one.start] + put + text[one.end :]
    return text


def key_of(file: Path | None) -> bytes:
    """The secret in `file`, or a fresh one where there is none. Raises InvalidSettings when it can't be read or is short."""
    if file is None:
        return secrets.token_bytes(_LEAST_KEY_BYTES)
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise InvalidSettings(f"the pseudonym key file {file} cannot be read", field="admit.pseudonym_key_file") from error
    if len(key) < _LEAST_KEY_BYTES:
        raise InvalidSettings(f"the pseudonym key needs {_LEAST_KEY_BYTES} bytes or more", field="admit.pseudonym_key_file")
    return key


def pseudonym(kind: str, value: str, key: bytes) -> str:
    """What stands for `value`: made-up words for a name, one for each of its words; else its kind with a number."""
    if kind == "name":
        return " ".join(_made_up(word, key) for word in value.split())
    signs = re.sub(r"[^\w@]", "", value.casefold())
    return f"[{kind} {_digest(kind + signs, key).hex()[:8]}]"


def _made_up(word: str, key: bytes) -> str:
    signs = _digest(word.casefold(), key)
    return "".join(_SYLLABLES[sign % len(_SYLLABLES)] for sign in signs[: 2 + signs[3] % 2]).capitalize()


def _digest(value: str, key: bytes) -> bytes:
    return hmac.new(key, value.encode(), hashlib.sha256).digest()
