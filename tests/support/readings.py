"""What the grammar reads in a text, for the tests of it."""

from __future__ import annotations

from rtadapt.grammar.reader import GrammarReader
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading


def read(reader: GrammarReader, text: str) -> list[Reading]:
    return reader.read([Passage(0, text, text)])[0]


def asked(reader: GrammarReader, text: str) -> dict[str, str]:
    """Answers by question."""
    return {one.question: one.answer for one in read(reader, text)}


def told(reader: GrammarReader, text: str) -> list[str]:
    """All that would be taught of a text: questions, answers, wordings, statements."""
    return [
        words for one in read(reader, text) for words in (one.question, one.answer, one.statement, *one.wordings, *one.probes)
    ]
