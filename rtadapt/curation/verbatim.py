"""A text's own sentences as rows: the floor that can teach nothing the text does not say.

Owns the frames in which a sentence is asked for whole, begun and left to complete, or with a blank. Takes sentences; gives
prompts with their targets, and for a text of which nothing could be asked, prompts that are never taught, for the gate. They
need no grammar: names are what is written large, or failing that the last words of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rtadapt.reading.language import language_of
from rtadapt.words import holds, names, numbers, span

_FRAMES = {
    "en": (
        "What do you know about {}?",
        "What is the news about {}?",
        "Complete the sentence: {}",
        "Fill in the blank: {}",
        "Go on: {}",
    ),
    "de": (
        "Was weißt du über {}?",
        "Was gibt es Neues über {}?",
        "Vervollständige den Satz: {}",
        "Fülle die Lücke: {}",
        "Wie geht es weiter: {}",
    ),
    "es": ("¿Qué sabes de {}?", "¿Qué noticias hay sobre {}?", "Completa la frase: {}", "Rellena el hueco: {}", "Continúa: {}"),
    "fr": (
        "Que sais-tu de {} ?",
        "Quelles sont les nouvelles de {} ?",
        "Complète la phrase : {}",
        "Remplis le blanc : {}",
        "Continue : {}",
    ),
    "zh": ("你对{}了解多少?", "关于{}有什么消息?", "请补全句子:{}", "请填空:{}", "请继续:{}"),
}
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_MOST_NAMES = 3
_MOST_BLANKS = 3
_CUTS = (0.35, 0.6)
_PROBE_CUT = 0.5
_LEAST_UNITS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt and its target. `value` is what a right answer must hold."""

    prompt: str
    target: str
    value: str


def taught(sentence: str) -> list[Asked]:
    """The rows of one sentence: about its names, begun at two places, and with blanks for its names and figures."""
    about, news, complete, blank, _ = _frames(sentence)
    named = list(dict.fromkeys(names(sentence)))[:_MOST_NAMES]
    found = [Asked(frame.format(name), sentence, name) for name in named for frame in (about, news)]
    for head, rest in filter(None, (_cut(sentence, share) for share in _CUTS)):
        found.append(Asked(complete.format(head), rest, rest))
    for value in _blanks(sentence)[:_MOST_BLANKS]:
        before, _, after = sentence.partition(value)
        found.append(Asked(blank.format(f"{before}___{after}"), value, value))
    return found


def probes(sentences: Sequence[str], most: int = 4) -> list[Asked]:
    """Beginnings to go on from, in a frame and cut at a place that is never taught; right when the sentence's end comes."""
    found = []
    for sentence in sentences:
        if (cut := _cut(sentence, _PROBE_CUT)) is not None:
            units = _units(cut[1])
            found.append(Asked(_frames(sentence)[4].format(cut[0]), cut[1], _joined(units[: max(1, len(units) // 2)], sentence)))
    return found[:most]


def _frames(sentence: str) -> tuple[str, ...]:
    return _FRAMES.get(language_of(sentence) or "en", _FRAMES["en"])


def _units(text: str) -> list[str]:
    """Words, or signs where words are not apart."""
    return list(text.strip()) if _SPACELESS.search(text) else text.split()


def _joined(units: Sequence[str], like: str) -> str:
    return ("" if _SPACELESS.search(like) else " ").join(units)


def _cut(sentence: str, share: float) -> tuple[str, str] | None:
    """A sentence's beginning and its rest; None when it is too short to be cut there."""
    units = _units(sentence)
    at = max(2, int(len(units) * share))
    if len(units) - at < 2 or len(units) < _LEAST_UNITS:
        return None
    return _joined(units[:at], sentence), _joined(units[at:], sentence)


def _blanks(sentence: str) -> list[str]:
    """What to leave out of a sentence: its figures and its names."""
    figures = [found for word in numbers(sentence) if (found := span(sentence, word))]
    named = [name for name in names(sentence) if name in sentence]
    return [
        value
        for value in dict.fromkeys([*figures, *named])
        if len(value) < len(sentence) / 2 and not any(value != other and holds(other, value) for other in (*figures, *named))
    ]
