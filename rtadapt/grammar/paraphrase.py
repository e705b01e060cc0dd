"""Other words for what is asked, relation by relation: who is "chief executive of" a firm also "runs" it.

Takes a question; gives the same in words that its text seldom uses. The table is paraphrase.toml; verbs that say the same are in
synonyms.toml.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtadapt.grammar.lexicon import ORG_NOUNS

_ANY = {"X": r"(?P<x>[^?]+?)", "Y": r"(?P<y>[^?]+?)"}
_LEAST_TO_KEEP_BACK = 3
# What a firm is, before its name: who asks for Blueline does not say "the ferry operator Blueline".
_DESCRIBED = re.compile(rf"\bthe (?:[A-Z][a-z]+ )?(?:[a-z-]+ ){{0,2}}?(?:{'|'.join(sorted(ORG_NOUNS))}) (?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Relation:
    """One way of asking and the forms that ask the same."""

    asks: re.Pattern[str]
    forms: tuple[str, ...]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _table() -> tuple[Relation, ...]:
    rows = _read("paraphrase.toml")["relation"]
    return tuple(
        Relation(re.compile(re.sub(r"\b[XY]\b", lambda found: _ANY[found.group()], row["asks"]) + r"\??"), tuple(row["forms"]))
        for row in rows
    )


_RELATIONS = _table()
_SYNONYMS = _read("synonyms.toml")


def paraphrases(question: str) -> tuple[tuple[str, ...], str]:
    """The question in other words, and one form that is only for probing; empty where the table doesn't know the relation."""
    bare = _DESCRIBED.sub("", question)
    for relation in _RELATIONS:
        found = relation.asks.fullmatch(bare)
        if found is None:
            continue
        parts = {name: (value or "").strip() for name, value in found.groupdict().items()}
        made = [re.sub(r"(?<=s)'s\b", "'", re.sub(r" (?=\?)", "", form.format(**parts))) for form in relation.forms]
        fresh = [text for text in (bare, *made) if text != question]
        kept_back = fresh.pop() if len(fresh) > _LEAST_TO_KEEP_BACK else ""
        return tuple(fresh), kept_back
    return (bare,) if bare != question else (), ""


def synonyms(verb: str, *, with_object: bool) -> list[str]:
    """Verbs that say the same, those with a particle as two words."""
    found: list[str] = _SYNONYMS["with_object" if with_object else "without_object"].get(verb, [])
    return found
