"""Reading one JSON object field by field, so that every refusal names the exact path at fault.

Owns the cleaning and bounding of text, and the types a field may have. Takes values as JSON gave them; gives clean
ones or raises InvalidEvent.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from rtadapt.errors import InvalidEvent

_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters other than tab and line ends
    "\ud800-\udfff"  # lone surrogates: they cannot be written as UTF-8
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"  # invisible and direction marks
    "\U000e0000-\U000e007f]"  # tag characters: text that only a model would read
)
_LINE_ENDS = re.compile("\r\n|[\r\u0085\u2028\u2029]")

LATEST_TIME = 32503680000.0
"""The year 3000: a larger number is milliseconds by mistake."""
EARLIEST_TIME = -59011459200.0
"""The year 100: archives hold what is older than the clocks of computers."""

_LEAP_SECOND = re.compile(r"(?<=:\d\d:)60(?![\d:])")
_MAIL_DATE = re.compile(r"(?:[A-Za-z]{3}, ?)?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|[A-Z]{1,5})")


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object and the path that leads to it (`""` for the event itself).

    `spelled` gives the name that a field has in the input where it is read by another one.
    """

    body: Mapping[str, object]
    path: str = ""
    spelled: Mapping[str, str] = field(default_factory=dict)

    def folded(self) -> Fields:
        """The same object read in lower case: ninjs 3 spells `pubStatus` what ninjs 2 spells `pubstatus`."""
        return Fields({name.lower(): value for name, value in self.body.items()}, self.path, {n.lower(): n for n in self.body})

    def at(self, name: str) -> str:
        """The path of one of its fields: `data.turns[2].text`, or `ce-id` for a header."""
        name = self.spelled.get(name, name)
        return f"{self.path}{name}" if self.path == "" or self.path.endswith("-") else f"{self.path}.{name}"

    def fault(self, name: str, why: str) -> InvalidEvent:
        """The error that names the field `name`. `why` never quotes the input."""
        return fault(self.at(name), why)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.body.get(name) is not None

    def text(self, name: str, limit: int, *, required: bool = False) -> str:
        """The field as clean text of at most `limit` characters; empty when it is absent and not required."""
        value = self.body.get(name)
        if value is None:
            if required:
                raise self.fault(name, "is missing")
            return ""
        if not isinstance(value, str):
            raise self.fault(name, f"must be a string, not {kind_of(value)}")
        cleaned = clean(value)
        if required and not cleaned:
            raise self.fault(name, "is empty")
        if len(cleaned) > limit:
            raise self.fault(name, f"is {len(cleaned):,} characters long; the limit is {limit:,}")
        return cleaned

    def value(self, name: str, limit: int) -> str:
        """The field as short text; a finite number will do. Required."""
        value = self.body.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return Fields({name: str(value)}, self.path, self.spelled).text(name, limit, required=True)
        return self.text(name, limit, required=True)

    def flag(self, name: str, default: bool) -> bool:
        """The field as true or false."""
        value = self.body.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.fault(name, f"must be true or false, not {kind_of(value)}")
        return value

    def moment(self, name: str, *, bare_is_utc: bool = False) -> float | None:
        """The field as Unix seconds, from a number, an RFC 3339 time or a date as mail and RSS write it.

        A time without a zone is refused, or with `bare_is_utc` taken for UTC.
        """
        value = self.body.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise self.fault(name, f"must be an RFC 3339 time or Unix seconds, not {kind_of(value)}")
        seconds = self._seconds(name, value, bare_is_utc) if isinstance(value, str) else value
        if not EARLIEST_TIME <= seconds <= LATEST_TIME:  # also false for infinity
            raise self.fault(name, "is out of range: Unix seconds between the years 100 and 3000 are taken")
        return float(seconds)

    def _seconds(self, name: str, value: str, bare_is_utc: bool) -> float:
        moment = _moment_of(value.strip()) if len(value) <= 64 else None
        if moment is None:
            raise self.fault(name, "is not an RFC 3339 time like 2026-11-24T09:30:00Z")
        if moment.tzinfo is None:
            if not bare_is_utc:
                raise self.fault(name, "has no time zone; end it with Z for UTC")
            moment = moment.replace(tzinfo=UTC)
        try:
            return moment.timestamp()
        except (OverflowError, ValueError):
            return -math.inf

    def inner(self, name: str) -> Fields:
        """The field as an object."""
        return as_fields(self.body.get(name), self.at(name))

    def each(self, name: str, limit: int) -> list[Fields]:
        """The field as a list of at most `limit` objects; empty when it is absent."""
        value = self.body.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fault(name, f"must be a list, not {kind_of(value)}")
        if len(value) > limit:
            raise self.fault(name, f"has {len(value):,} entries; the limit is {limit:,}")
        return [as_fields(entry, f"{self.at(name)}[{index}]") for index, entry in enumerate(value)]


def _moment_of(text: str) -> datetime | None:
    """The moment that a text spells. A leap second counts as the one before it."""
    try:
        if _MAIL_DATE.fullmatch(text):
            return parsedate_to_datetime(text)
        return datetime.fromisoformat(_LEAP_SECOND.sub("59", text).upper())
    except ValueError:
        return None


def as_fields(value: object, path: str) -> Fields:
    """`value` as an object at `path`. Raises InvalidEvent when it is none."""
    if not isinstance(value, dict):
        raise fault(path, f"must be an object, not {kind_of(value)}")
    return Fields(value, path)


def fault(path: str, why: str) -> InvalidEvent:
    """The error that names `path`."""
    return InvalidEvent(f"{path} {why}", field=path)


def clean(text: str) -> str:
    """Text with composed letters (NFC), plain line ends and without characters that no reader sees; trimmed."""
    composed = unicodedata.normalize("NFC", text)
    if composed.replace("\n", " ").replace("\t", " ").isprintable():  # then it has none of those
        return composed.strip()
    return _UNWANTED.sub("", _LINE_ENDS.sub("\n", composed)).strip()


def kind_of(value: object) -> str:
    """What JSON calls the value's type, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "an object"
