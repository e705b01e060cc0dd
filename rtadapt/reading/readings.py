"""The record that readers make: one thing that a text says and that can be asked about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a text says and that can be asked about.

    `question` stands by itself and names what it is about; `answer` is the value as the text spells it; `sentence` is the
    part of the text that says so, verbatim. `statement` answers the question as a whole sentence that stands by itself.
    `wordings` ask for the same answer in other words and are taught too; `probes` do so in forms that are never taught.
    `relation` says what is asked of `entity`, in lemmas. `by` is the reader: `stated`, `grammar` or `model`.
    """

    question: str
    answer: str
    sentence: str
    entity: str = ""
    relation: str = ""
    statement: str = ""
    wordings: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    by: str = "grammar"
