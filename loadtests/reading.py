"""How well a reader reads: `python loadtests/reading.py tests/data/reading.json`.

Takes a JSON list of passages (`text`, or `turns` of [speaker, text]) with `facts`, each a question and its answer, labelled
by hand. A fact counts as covered when a reading's answer holds the labelled one (or is held by it), comes from a sentence
that holds it, and the two questions share what they are about. With `--taught` only what verification keeps counts. `--list`
prints every reading, so that a person can mark it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rtadapt.grammar.reader import GrammarReader
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.verification.verify import verify
from rtadapt.words import COMMON, flat_words, holds, stem


def passage_of(item: dict[str, Any], number: int) -> Passage:
    """The item as one passage, as the product cuts it."""
    if "turns" in item:
        lines = [(speaker, f"{speaker.capitalize()}: {text}") for speaker, text in item["turns"]]
        spoken = "\n".join(line for speaker, line in lines if speaker != "bot")
        return Passage(number, "\n".join(line for _, line in lines), spoken)
    return Passage(number, item["text"], item["text"])


def content(text: str) -> set[str]:
    """The stems of a question's words that say what it is about."""
    return {stem(word) for word in flat_words(text) if word not in COMMON and len(word) > 1}


def covers(reading: Reading, question: str, answer: str) -> bool:
    """Whether a reading asks for a labelled fact."""
    if not (holds(reading.answer, answer) or holds(answer, reading.answer)):
        return False
    asked = content(question)
    best = max(len(asked & content(f"{reading.question} {reading.statement}")), 0)
    return best >= min(2, len(asked)) and best * 2 >= len(asked) - 1


def main(argv: Iterable[str] | None = None) -> None:
    """Score the grammar reader on a file and print a line a passage and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--taught", action="store_true", help="count only readings that verification keeps")
    parser.add_argument("--list", action="store_true", help="print every reading")
    options = parser.parse_args(None if argv is None else list(argv))
    items = json.loads(options.file.read_text(encoding="utf-8"))
    reader = GrammarReader()
    reader.read([Passage(0, "A first sentence loads the parser.", "")])
    facts = covered = readings = 0
    began = time.perf_counter()
    found = [reader.read([passage_of(item, number)])[0] for number, item in enumerate(items)]
    seconds = time.perf_counter() - began
    if options.taught:
        cut = [passage_of(item, number) for number, item in enumerate(items)]
        found = [[one for one in made if verify(one, passage).kept] for made, passage in zip(found, cut, strict=True)]
    for item, made in zip(items, found, strict=True):
        missed = [(q, a) for q, a in item["facts"] if not any(covers(reading, q, a) for reading in made)]
        facts += len(item["facts"])
        covered += len(item["facts"]) - len(missed)
        readings += len(made)
        print(f"{item['id']}: {len(made)} readings, {len(item['facts']) - len(missed)} of {len(item['facts'])} facts")
        if options.list:
            for reading in made:
                print(f"    {reading.question}  =>  {reading.answer}")
            for question, answer in missed:
                print(f"    missed: {question}  =>  {answer}")
    print(f"{covered} of {facts} facts covered ({covered / facts:.0%}), {readings} readings")
    print(f"{1000 * seconds / len(items):.0f} ms a passage")


if __name__ == "__main__":
    main()
