"""Lessons straight from the words of a text, for when nobody wrote a question about it.

Owns the blanks: in each sentence a name or a number is left out and asked for. Takes a text, gives lessons. They need no
grammar and no language, only that names are written large or that figures stand in the text; failing both, the last words
of a sentence are asked for.
"""

from __future__ import annotations

from rtadapt.curation.lessons import Lesson
from rtadapt.words import flat_words, holds, names, sentences, span

_MOST_SENTENCE_WORDS = 40
_FRAMES = ("Fill in: {s}", "Complete the sentence. {s}", "What is missing? {s}", "Fill in the blank: {s}")


def cloze_lessons(text: str, most: int) -> list[Lesson]:
    """At most `most` lessons from the blanks of `text`, in its order."""
    found: list[Lesson] = []
    known = list(dict.fromkeys(names(text)))
    for sentence in sentences(text):
        if len(found) >= most:
            break
        if not 3 <= len(flat_words(sentence)) <= _MOST_SENTENCE_WORDS:
            continue
        here = [name for name in known if name in sentence and holds(sentence, name)]
        for answer in _blanks(sentence, here):
            others = [name for name in here if not holds(name, answer) and not holds(answer, name)]
            before, _, after = sentence.partition(answer)
            questions = [frame.format(s=f"{before}___{after}") for frame in _FRAMES]
            if not flat_words(after) and len(flat_words(before)) >= 2:
                questions = [before.strip(), f"Complete: {before.strip()}", *questions]
            found.append(Lesson(others[0] if others else "", answer, tuple(questions), None))
    return found[:most]


def _blanks(sentence: str, named: list[str]) -> list[str]:
    """What to leave out of a sentence: its names, its figures, or else its last words."""
    blanks = list(named)
    for word in sentence.split():
        figure = span(sentence, word) if any(sign.isdigit() for sign in word) else None
        if figure and not any(holds(name, figure) for name in blanks):
            blanks.append(figure)
    if blanks:
        return list(dict.fromkeys(blanks))
    words = sentence.rstrip(".!?…。 ").split()
    return [" ".join(words[-2:])] if len(words) >= 4 else []
