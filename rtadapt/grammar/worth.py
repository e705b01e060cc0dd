"""Whether a question is worth teaching: whether its answer tells something, and is the whole of it.

Takes a clause, the part asked for and the question made of it; gives yes or no. A question such as "What did the council
approve?" has many answers, of which a story tells one.
"""

from __future__ import annotations

import re

from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.owners import settled
from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import Part
from rtadapt.words import word_set

# Verbs whose object is one: who runs a firm runs that one, what replaces something replaces that.
_ONE_OBJECT = word_set(
    """run lead head coach captain direct found edit chair replace succeed beat defeat acquire join marry teach study succeed
    cost weigh mean be become call name cover require stand face play manage cross link connect circle orbit"""
)
_TRADED = word_set("buy purchase")
_WHOLE = word_set("money percent duration date year clock measure number score")
_VAGUE_OBJECT = re.compile(r"the [a-z]+")
_HANGS = word_set("for of on in with about")
_FEW = 4


def telling(subject: Phrase) -> bool:
    """Whether a subject is an answer by itself: a name, a count or a description, not "a new ferry" or "visitors"."""
    if subject.named or subject.count:
        return True
    words = subject.answer.split()
    if words[0].casefold() in ("each", "every", "all", "both"):
        return False
    if words[0].casefold() in ("a", "an") or subject.plural:
        return len(words) >= _FEW and " of " not in subject.answer[: len(" ".join(words[:3]))]
    return len(words) > 1


def whole(clause: Clause, part: Part, words: str, question: str) -> bool:
    """Whether an answer is the whole truth for a question that asks for `part` with `words`."""
    asked = part.phrase
    if asked is not None and part.role == "object" and settled(asked.text) != asked.text and _slight(asked.answer):
        return False
    if asked is None or part.role not in ("object", "oblique") or words.split()[0] not in ("What", "Which", "Who"):
        return True
    if part.role == "oblique":
        before = next((p for p in clause.parts if p.role == "object" and p.index < part.index), None)
        return not (before is not None and part.preposition in _HANGS and _VAGUE_OBJECT.fullmatch(before.text))
    if asked.kind in _WHOLE or asked.count or clause.lemma in _ONE_OBJECT or clause.instruction:
        return True
    if clause.lemma in _TRADED and asked.named and clause.subject.named:
        return True
    kept = question.removeprefix(words).replace(clause.subject.text, "", 1)
    return bool(re.search(r"\d|[A-Z]|\b(?:today|yesterday|tomorrow|last|next|this)\b", kept))


def _slight(answer: str) -> bool:
    """Whether an answer is so short that it says little without whose it is: "entire career", "first goal"."""
    return answer.islower() and len(answer.split()) < _FEW - 1 and not re.search(r"\d(?![\d.,]*[a-z])", answer)
