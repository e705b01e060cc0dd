"""From a clause and what of it is asked to questions and a statement: word order, auxiliaries, verb forms.

Takes `Clause`, the part asked for (None for the subject) and an `Asking`; gives `Question`, in the short form that drops
what isn't needed and in the full one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rtadapt.grammar.asking import Asking
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.inflection import inflected
from rtadapt.grammar.owners import settled, unowned
from rtadapt.grammar.pieces import Part
from rtadapt.grammar.wellformed import names_something
from rtadapt.words import word_set

_LONG_WORDS = 13
_BE = {"am": "is", "are": "is", "were": "was", "have": "has", "do": "does"}
_GIVES_WITH = word_set("present provide supply equip furnish entrust reward replace associate connect compare charge credit fill")
_BE_FORMS = word_set("is are was were am")


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and the same asked inside another sentence ("when the bridge will reopen")."""

    direct: str
    embedded: str
    words: str


def statement(clause: Clause) -> str:
    """The clause as a whole sentence."""
    subject = "you" if clause.subject.text == "I" else clause.subject.text
    text = _joined([subject, *clause.auxiliaries, clause.verb, *(part.text for part in clause.parts)])
    if clause.instruction:
        text = re.sub(r"\bmy\b", "your", re.sub(r"\b(?:I|me)\b", "you", text))
    return _sentence(text, ".")


def ask(clause: Clause, asked: Part | None, asking: Asking, full: bool) -> Question:
    """The question for the subject (`asked` None) or a part; `full` keeps every adjunct, otherwise only what it needs."""
    from_where = any(part.text.startswith("from ") and part.essential for part in clause.parts)
    kept = [
        part
        for part in clause.parts
        if part is not asked and (full or part.essential or (from_where and part.text.startswith("to ")))
    ]
    if not full:
        kept = _named(_brief(kept, clause), clause, asked)
    if asked is None:
        auxiliaries, verb = (clause.auxiliaries, clause.verb) if asking.plural else singular(clause)
        own = settled(clause.subject.text)
        text = _joined([asking.words, *auxiliaries, verb, *(unowned(part.text, own) for part in kept)])
        return Question(_sentence(text, "?"), _lowered(text), asking.words)
    pieces = _with_stranded(kept, asked, asking.stranded)
    front, rest = inverted(clause)
    direct = _joined([asking.words, front, clause.subject.text, *rest, *pieces])
    embedded = _joined([asking.words, clause.subject.text, *clause.auxiliaries, clause.verb, *pieces])
    return Question(_sentence(direct, "?"), _lowered(embedded), asking.words)


def in_place(clause: Clause, asked: Part | None, asking: Asking) -> str:
    """The clause with the question words where the answer would stand ("The bridge will reopen when?")."""
    if asked is None:
        return ""
    words = _lowered(asking.words)
    if asking.stranded:
        words = f"{asking.stranded} {words}"
    ordered = [part for part in clause.parts if part is asked or part.essential]
    pieces = [words if part is asked else part.text for part in ordered]
    return _sentence(_joined([clause.subject.text, *clause.auxiliaries, clause.verb, *pieces]), "?")


def inverted(clause: Clause) -> tuple[str, list[str]]:
    """The word that goes before the subject, and what of the verb stays after it."""
    if clause.auxiliaries:
        return clause.auxiliaries[0], [*clause.auxiliaries[1:], clause.verb]
    if clause.lemma == "be" or clause.verb in _BE_FORMS:
        return clause.verb, []
    support = {"VBD": "did", "VBZ": "does"}.get(clause.tag, "do")
    return support, [clause.lemma]


def singular(clause: Clause) -> tuple[tuple[str, ...], str]:
    """The verb group as it goes with "who"."""
    if clause.auxiliaries:
        return (_BE.get(clause.auxiliaries[0], clause.auxiliaries[0]), *clause.auxiliaries[1:]), clause.verb
    if clause.verb in _BE:
        return (), _BE[clause.verb]
    return (), inflected(clause.lemma, "VBZ") if clause.tag in ("VBP", "VB") else clause.verb


def active(clause: Clause, agent: Part) -> Clause | None:
    """A passive clause with its agent as subject, its former subject as object. None for forms that have no plain active."""
    if agent.phrase is None or not clause.auxiliaries:
        return None
    *before, last = clause.auxiliaries
    subject = agent.phrase
    target = Part("object", clause.subject.text, -1, phrase=clause.subject)
    rest = tuple(part for part in clause.parts if part is not agent)
    group: tuple[str, ...] = ()
    match (before, last):
        case ([], "was" | "were"):
            group, form, tag = (), clause.verb if clause.verb.endswith("ed") else inflected(clause.lemma, "VBD"), "VBD"
        case ([], "is" | "are"):
            form = inflected(clause.lemma, "VBP" if subject.plural else "VBZ")
            group, tag = (), "VBP" if subject.plural else "VBZ"
        case (["will"], "be"):
            group, form, tag = ("will",), clause.lemma, "VB"
        case (["has" | "have"], "been"):
            group, form, tag = ("have" if subject.plural else "has",), clause.verb, "VBN"
        case _:
            return None
    return Clause(subject, tuple(group), form, clause.lemma, tag, (target, *rest), clause.sentence)


def passive(clause: Clause, target: Part) -> Clause | None:
    """An active clause with its object as subject and its subject as agent."""
    if target.phrase is None or clause.lemma in ("have", "be", "cost", "become", "join", "include", "leave", "reach", "enter"):
        return None
    if target.governor not in ("", clause.lemma):
        return None  # what somebody agreed to buy was not agreed
    be = {"VBD": "were" if target.phrase.plural else "was", "VBZ": "are" if target.phrase.plural else "is"}.get(clause.tag)
    if clause.auxiliaries == ("will",):
        group: tuple[str, ...] = ("will", "be")
    elif not clause.auxiliaries and be:
        group = (be,)
    else:
        return None
    agent = Part("agent", f"by {clause.subject.text}", -1, "by", clause.subject)
    rest = tuple(part for part in clause.parts if part is not target)
    return Clause(target.phrase, group, inflected(clause.lemma, "VBN"), clause.lemma, "VBN", (agent, *rest), clause.sentence)


def _brief(kept: list[Part], clause: Clause) -> list[Part]:
    """Without the last obliques of a long question that has an object to say what it is about."""
    while sum(len(part.text.split()) for part in kept) + len(clause.subject.text.split()) > _LONG_WORDS:
        fixed = ("as", "with") if clause.lemma in _GIVES_WITH else ("as",)
        last = next(
            (part for part in reversed(kept) if part.role in ("oblique", "purpose") and part.preposition not in fixed), None
        )
        if last is None or not any(part.role in ("object", "attribute") for part in kept):
            break
        kept = [part for part in kept if part is not last]
    return kept


def _named(kept: list[Part], clause: Clause, asked: Part | None) -> list[Part]:
    """With the place, or with all else that is said, where a question would name nothing without it."""
    subject = clause.subject.text if asked is not None else ""
    rest = [part for part in clause.parts if part is not asked]
    placed = [part for part in rest if part in kept or part.role == "place"]
    for parts in (kept, placed, rest):
        if names_something(" ".join(["x", subject, *(part.text for part in parts)])):
            return parts
    return rest


def _with_stranded(kept: list[Part], asked: Part, stranded: str) -> list[str]:
    """The texts of the parts, a preposition left where its noun stood."""
    pieces: list[str] = []
    placed = not stranded
    for part in kept:
        if not placed and part.index > asked.index:
            pieces.append(stranded)
            placed = True
        pieces.append(part.text)
    return pieces if placed else [*pieces, stranded]


def _joined(pieces: Iterable[str]) -> str:
    return settled(re.sub(r"\s+", " ", " ".join(piece for piece in pieces if piece)).strip(" ,;"))


def _sentence(text: str, end: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}{end}"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
