"""English sentences by parse: what was parsed of late, and a text's sentences with who spoke them.

Takes text; gives spaCy documents and spans. The pipeline itself is the one of `parsing`, loaded when first needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from rtadapt.reading.parsing import pipeline
from rtadapt.records import Speaker

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

_lock = Lock()
_LABELS = {f"{speaker.value.capitalize()}: ": speaker for speaker in Speaker}


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a text. `speaker` is who spoke it, None in a story. `number` is its number in the text."""

    span: Span
    number: int
    speaker: Speaker | None = None


@lru_cache(maxsize=256)
def parse(text: str) -> Doc:
    """The document of an English text. The same text gives the same document, which nobody may change."""
    with _lock:
        return pipeline()(text)


@lru_cache(maxsize=64)
def sentences_of(text: str) -> tuple[Line, ...]:
    """The sentences of a story, or of a transcript's labelled lines; a line end ends a sentence."""
    found: list[Line] = []
    speaker: Speaker | None = None
    for line in text.splitlines():
        label = next((label for label in _LABELS if line.startswith(label)), "")
        speaker = _LABELS[label] if label else speaker
        for span in parse(line.removeprefix(label).strip()).sents:
            if any(token.is_alpha or token.like_num for token in span):
                found.append(Line(span, len(found), speaker))
    return tuple(found)
