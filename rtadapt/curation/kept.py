"""What the replay memory keeps of a fact, and how memory and ledger lie in a file.

Owns the records and the format: JSON lines, whole and strict. The first line counts the others; each of them is a kept
fact, one of its rows, or a part of the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rtadapt.curation.ledger import Known, Ledger
from rtadapt.errors import ArtifactDamaged
from rtadapt.records import Example, Message
from rtadapt.words import COMMON, flat, flat_words, holds, names, numbers, stem

_FILE = "memory.jsonl"
_FORMAT = 2


_TEXT = "text of "
_ALIKE = 0.6
_LEAST_ALIKE = 2


def text_of(event_id: str, number: int | None = None) -> str:
    """The name under which an event's sentence of that number is kept; without a number, its rows that ask for none."""
    return f"{_TEXT}{event_id}" if number is None else f"{_TEXT}{event_id} {number}"


def is_text(name: str) -> bool:
    """Whether what is kept under a name is of a text's own sentences."""
    return name.startswith(_TEXT)


def is_of(line: str, sentence: str) -> bool:
    """Whether a line is a sentence or its firm part, from which words are left out, or holds the sentence."""
    some, all_of_it = set(flat_words(line)), set(flat_words(sentence))
    return bool(some and all_of_it) and (some <= all_of_it or all_of_it <= some)


def overtakes(new: str, old: str) -> bool:
    """Whether two sentences say the same of the same names, with other figures: then only the newer one holds.

    One match after the other is not that: there another name is in it.
    """
    (named, figures, mine), (others, other_figures, other) = _parts(new), _parts(old)
    if not named or named != others or figures == other_figures:
        return False
    return len(mine & other) >= max(_LEAST_ALIKE, _ALIKE * len(mine | other))


@lru_cache(maxsize=4096)
def _parts(sentence: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """A sentence's names, its figures, and what it says beside them and the commonest words.."""
    named = frozenset(names(sentence))
    plain = COMMON | {word for name in named for word in flat_words(name)}
    said = frozenset(stem(word) for word in flat_words(sentence) if word not in plain and not word[0].isdigit())
    return named, frozenset(numbers(sentence)), said


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `events` are all those it was made from (a rewritten row has two), `spelled` its wording, flat."""

    example: Example
    events: frozenset[str]
    spelled: str

    @classmethod
    def of(cls, example: Example, also: Iterable[str] = ()) -> Row:
        """The row of an example, made also from the events `also`."""
        asked = example.prompt[-1].content if example.prompt else ""
        return cls(example, frozenset((example.event_id, *also)), flat(asked) or f"text {flat(example.target)}")

    @property
    def group(self) -> str:
        """The fact that it teaches, or the text it is a part of."""
        return self.example.fact or text_of(self.example.event_id)

    def says(self, value: str) -> bool:
        """Whether its words hold a value."""
        return any(holds(words, value) for words in (self.example.target, *(message.content for message in self.example.prompt)))


@dataclass(slots=True)
class Kept:
    """One fact, or the text of one event, as the memory keeps it.

    `time` is the newest time at which an event said so, by the events' own time. `taught` and `drawn` say with which batch it was
    last taught, and last taught or rehearsed; `changes` how many facts were true in its place before it.
    """

    rows: list[Row] = field(default_factory=list)
    held_out: list[Row] = field(default_factory=list)
    taught: int = 0
    drawn: int = 0
    changes: int = 0
    time: float = 0.0

    @property
    def entity(self) -> str:
        """Whom it is about."""
        return next((row.example.entity for row in (*self.rows, *self.held_out)), "")

    @property
    def events(self) -> frozenset[str]:
        """The events that it was made from."""
        return frozenset(event for row in (*self.rows, *self.held_out) for event in row.events)

    def without(self, value: str) -> Kept:
        """The same without the rows whose words hold a value."""
        rows, held_out = ([row for row in part if not row.says(value)] for part in (self.rows, self.held_out))
        return replace(self, rows=rows, held_out=held_out)


def write_memory(folder: Path, batches: int, kept: Mapping[str, Kept], ledger: Ledger) -> None:
    """Write all of it."""
    lines = [*_memory_lines(kept), *_ledger_lines(ledger)]
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in [_head(batches, lines), *lines])
    (folder / _FILE).write_text(text, encoding="utf-8")


def read_memory(folder: Path, most_facts: int) -> tuple[int, dict[str, Kept], Ledger]:
    """What `write_memory` wrote. Raises ArtifactDamaged when a line is missing or is not one."""
    kept: dict[str, Kept] = {}
    ledger = Ledger(most_facts)
    try:
        with (folder / _FILE).open(encoding="utf-8") as file:
            head, *lines = [json.loads(line) for line in file]
        batches = _typed(head["batches"], int)
        if head != _head(batches, lines):
            raise ValueError("the first line does not count the others")
        for line in lines:
            _take(line, kept, ledger)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactDamaged("the replay memory can't be read") from error
    return batches, kept, ledger


def _head(batches: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"format": _FORMAT, "batches": batches, "lines": len(lines)}


def _memory_lines(kept: Mapping[str, Kept]) -> Iterator[dict[str, Any]]:
    for name, one in kept.items():
        yield {"kept": name, "taught": one.taught, "drawn": one.drawn, "changes": one.changes, "time": one.time}
        for part, rows in (("row", one.rows), ("held_out", one.held_out)):
            for row in rows:
                prompt = [[message.role, message.content] for message in row.example.prompt]
                also = sorted(row.events - {row.example.event_id})
                yield {part: {**_plain(row.example), "prompt": prompt}} | ({"also": also} if also else {})


def _ledger_lines(ledger: Ledger) -> Iterator[dict[str, Any]]:
    for part, known in (*(("fact", one) for one in ledger.facts.values()), *(("waits", one) for one in ledger.waiting)):
        yield {part: {**_plain(known), "asks": sorted(known.asks)}}
    for name, times in ledger.spent.items():
        yield {"spent": name, "times": times}


def _take(line: dict[str, Any], kept: dict[str, Kept], ledger: Ledger) -> None:
    """Put back what one line holds. Raises KeyError, TypeError or ValueError when it is not one."""
    match line:
        case {"kept": str(name), "taught": int(taught), "drawn": int(drawn), "changes": int(changes), **more} if more.keys() <= {
            "time"
        }:
            kept[name] = Kept(taught=taught, drawn=drawn, changes=changes, time=_typed(more.get("time", 0.0), float | int))
        case {"row": dict(example), **more} if more.keys() <= {"also"}:
            row = _row(example, **more)
            kept[row.group].rows.append(row)
        case {"held_out": dict(example), **more} if more.keys() <= {"also"}:
            row = _row(example, **more)
            kept[row.group].held_out.append(row)
        case {"fact": dict(value), **more} if not more:
            ledger.put(_known(value))
        case {"waits": dict(value), **more} if not more:
            ledger.waiting.append(_known(value))
        case {"spent": str(name), "times": [_, *_] as times, **more} if not more:
            ledger.spent[name] = [(float(told), float(arrived)) for told, arrived in times]
        case _:
            raise ValueError("a line is no part of a memory")


def _plain(record: Example | Known) -> dict[str, Any]:
    """A record's fields as they are: dataclasses.asdict copies everything in them, and takes ten times as long."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _row(example: dict[str, Any], also: Iterable[Any] = ()) -> Row:
    prompt = tuple(Message(_typed(role, str), _typed(content, str)) for role, content in example.pop("prompt"))
    made = Example(**example, prompt=prompt)
    for name in ("event_id", "target", "fact", "entity", "value"):
        _typed(getattr(made, name), str)
    _typed(made.weight, float | int)
    return Row.of(made, [_typed(event, str) for event in also])


def _known(value: dict[str, Any]) -> Known:
    if set(value) != {field.name for field in fields(Known)}:
        raise ValueError("a fact lacks something, or has something else")
    for name in ("name", "entity", "kind", "value", "source"):
        _typed(value[name], str)
    _typed(value["many"], bool)
    _typed(value["time"], float | int)
    asks, events = (tuple(_typed(part, str) for part in value[name]) for name in ("asks", "events"))
    return Known(**{**value, "asks": frozenset(asks), "events": events})


def _typed(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError("a value is of another type")
    return value
