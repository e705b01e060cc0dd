"""What a feed was taught about, so that questions about anything else stay the base model's own to answer.

Owns the words of the events that were learned, each with how much it tells, and the decision whether a text speaks of one of
them: where the words that it shares with an event come to about as much as one seldom word. In doubt a text does. A file of this
lies beside a version's adapter, words as digests; a version without one speaks of everything. A scope before a memory of edits
is what SERAC (Mitchell et al., 2022) has; this one needs no model, so that it costs a request a tenth of a millisecond.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rtadapt.errors import ArtifactDamaged
from rtadapt.words import COMMON, flat_words, stem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Tables = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]

SCOPE = "scope.safetensors"
_ENOUGH = 0.9
"""What shared words must come to; a word that the vocabulary's last token spells tells 1."""
_MOST_EVENTS = 4096
"""Of more events than these a feed speaks of everything."""
_LONGEST_TEXT = 16_384
"""A longer text speaks of something that was taught: in so many words some are shared by chance."""
_TABLES = ("words", "tells", "starts", "events")


class Scope:
    """The events that one feed learned, as far as their words tell. Used from one thread."""

    def __init__(self, tells: Callable[[str], float]) -> None:
        """`tells` gives how seldom a word is, 0 for one that tells nothing."""
        self._tells = tells
        self._events: list[dict[int, float]] | None = []

    def add(self, text: str) -> None:
        """An event was learned."""
        if self._events is not None:
            self._events = [*self._events, self._spelled(text)] if len(self._events) < _MOST_EVENTS else None

    def told(self, more: Sequence[str] = ()) -> Told:
        """What may be asked of it, as it would be with the events of `more` texts."""
        if self._events is None:
            return Told()
        return Told.of([*self._events, *map(self._spelled, more)])

    def save(self, folder: Path) -> None:
        """Write it; nothing where it speaks of everything."""
        if self._events is not None:
            self.told().save(folder)

    def load(self, folder: Path) -> None:
        """What `save` wrote there. Raises ArtifactDamaged."""
        self._events = read_scope(folder).apart()

    def _spelled(self, text: str) -> dict[int, float]:
        spelled: dict[int, float] = {}
        for word in _telling(text):
            digest = _digest(stem(word))
            spelled[digest] = max(spelled.get(digest, 0.0), self._tells(word))
        return spelled


class Told:
    """A scope to ask: words [n] sorted with what each tells [n], and the events of word i at `starts`[i] to `starts`[i + 1]."""

    def __init__(self, tables: Tables | None = None) -> None:
        self._tables = tables

    @classmethod
    def of(cls, events: list[dict[int, float]]) -> Told:
        """Of the words of each event."""
        import numpy as np

        tells: dict[int, float] = {}
        where: dict[int, list[int]] = {}
        for number, spelled in enumerate(events):
            for word, weight in spelled.items():
                tells[word] = weight
                where.setdefault(word, []).append(number)
        words = sorted(tells)
        lengths = [len(where[word]) for word in words]
        tables = (
            np.array(words, np.int64),
            np.array([tells[word] for word in words], np.float32),
            np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)]),
            np.array([number for word in words for number in where[word]], np.int32),
        )
        return cls(tables)

    def speaks_of(self, texts: Iterable[str]) -> bool:
        """Whether one of `texts` shares enough with an event."""
        return self._tables is None or any(len(text) > _LONGEST_TEXT or self._shared(text) >= _ENOUGH for text in texts)

    def _shared(self, text: str) -> float:
        """What the words come to that `text` shares with the event that it shares most with."""
        import numpy as np

        assert self._tables is not None
        words, tells, starts, events = self._tables
        asked = np.unique(np.array([_digest(stem(word)) for word in _telling(text)], np.int64))
        places = np.searchsorted(words, asked)
        known = places < len(words)
        places = places[known][words[places[known]] == asked[known]]
        if not len(places):
            return 0.0
        shared = [events[starts[place] : starts[place + 1]] for place in places]
        weights = np.repeat(tells[places], [len(one) for one in shared])
        return float(np.bincount(np.concatenate(shared), weights).max())

    def save(self, folder: Path) -> None:
        """Write it beside an adapter, or into a state."""
        from safetensors.numpy import save_file

        if self._tables is not None:
            save_file(dict(zip(_TABLES, self._tables, strict=True)), folder / SCOPE)

    def apart(self) -> list[dict[int, float]] | None:
        """The words of each event; None where it speaks of everything."""
        if self._tables is None:
            return None
        words, tells, starts, events = self._tables
        found: list[dict[int, float]] = [{} for _ in range(int(events.max(initial=-1)) + 1)]
        for place, word in enumerate(words.tolist()):
            for number in events[starts[place] : starts[place + 1]].tolist():
                found[number][word] = float(tells[place])
        return found


def read_scope(folder: Path) -> Told:
    """What lies beside an adapter; where nothing does it speaks of everything. Raises ArtifactDamaged."""
    if not (folder / SCOPE).is_file():
        return Told()
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        found = load_file(folder / SCOPE)
        words, tells, starts, events = (found[name] for name in _TABLES)
        sizes = (len(words), len(words) + 1, int(starts[-1]))
        if (len(tells), len(starts), len(events)) != sizes or not ((events >= 0) & (events < _MOST_EVENTS)).all():
            raise ValueError("its tables do not fit together")
    except (OSError, KeyError, IndexError, ValueError, SafetensorError) as error:
        raise ArtifactDamaged(f"{SCOPE} can't be read") from error
    return Told((words, tells, starts, events))


def _telling(text: str) -> list[str]:
    return [word for word in flat_words(text) if word not in COMMON]


@lru_cache(maxsize=16384)
def _digest(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True)
