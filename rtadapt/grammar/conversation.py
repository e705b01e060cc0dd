"""What a conversation is about, and what its lines say by themselves: whose product and firm an agent speaks of.

Takes the lines of a conversation with their parses; gives its product and company, an agent's line with its instructions marked
for the parser, and clauses with what they are about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.lexicon import PLACE_ENDINGS
from rtadapt.grammar.pieces import Part
from rtadapt.grammar.wellformed import names_something
from rtadapt.records import Speaker

if TYPE_CHECKING:
    from spacy.tokens import Doc

_PRODUCT = re.compile(r"\b[A-Z]\w+(?: [A-Z]\w+)* (?:[A-Z]{0,2}\d+\w*)\b")
_NAME = re.compile(r"(?<![.?!:] )(?<!^)\b(?!\w{3,6}day\b)[A-Z][a-z]\w*(?:(?: & | )[A-Z]\w+)*")
_BEFORE_NO_FIRM = re.compile(
    r"\b(?:open|tap|choose|click|click on|under|press|select|hold|in"
    r"|(?:branch|store|shop|office|depot|clinic) (?:at|on))(?: the)? $",
    re.IGNORECASE,
)
_BRANCH = re.compile(r" (?:branch|store|shop|office|depot|clinic|fare|menu|button|tab|page|option|code)\b")
# Whose service a customer speaks of, however a name is labelled that the parser never saw.
_WHOSE = re.compile(
    r"\b(?:my|(?:card|order|account|flight|booking|ticket|contract|plan|membership|password|invoice|heating|router|internet|discount"
    r"|subscription|parcel|tariff|insurance|login|policy|loan)s? (?:from|with|at|for))(?: the)? $",
    re.IGNORECASE,
)
_UNSURE = frozenset(["PERSON", "GPE", "NORP", "LOC"])
# What an instruction begins with. The parser reads "Press Reset" as a name and "Please press Reset" rightly.
_ORDER = re.compile(
    r"(?P<before>^|[.!] |, )(?P<verb>press|hold|open|turn|choose|go|click|tap|select|unplug|plug|enter|sign|log|check|remove"
    r"|insert|set|restart|reset|download|install|update|wait|switch|pull|push|use|keep|put|place|connect|disconnect|charge|clean|rinse|empty|call"
    r"|send|type|scan|add|delete|visit|follow|make|take|leave|close|start|run|replace|lift|slide|release|fill|contact|email|swipe)\b"
    r"(?! (?:is|are|was|has|will|can|of)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text, who says it, and whether readings are made of it."""

    text: str
    speaker: Speaker | None
    read: bool


def asked_politely(line: Line) -> str:
    """An agent's line with "please" before each instruction; `_verbatim` takes it out again."""
    if line.speaker is not Speaker.AGENT:
        return line.text

    def please(found: re.Match[str]) -> str:
        verb = found.group("verb")
        if found.group("before") == ", " and verb[0].isupper():
            return found.group()
        word = "Please" if verb[0].isupper() else "please"
        return f"{found.group('before')}{word} {verb.lower()}"

    return _ORDER.sub(please, line.text)


def subject_of(lines: Sequence[Line], docs: Sequence[Doc]) -> tuple[str, str]:
    """The product that a conversation is about, and the company or service; either may be empty."""
    products: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for line, doc in zip(lines, docs, strict=True):
        for found in _PRODUCT.finditer(line.text):
            products[found.group().removeprefix("The ").removeprefix("My ")] += 1
        for found in _NAME.finditer(line.text):
            entity = next((e for e in doc.ents if e.start_char <= found.start() and found.end() <= e.end_char), None)
            beside = line.text[found.end() : found.end() + 3].strip()[:2]
            before, after = line.text[: found.start()], line.text[found.end() :]
            if _BEFORE_NO_FIRM.search(before) or _BRANCH.match(after) or found.group().split()[-1] in PLACE_ENDINGS:
                continue
            if line.speaker is Speaker.CUSTOMER and _WHOSE.search(before) and (entity is None or entity.label_ in _UNSURE):
                others[found.group()] += 2
                continue
            if (entity is None or entity.label_ in ("ORG", "PRODUCT", "FAC", "WORK_OF_ART")) and not any(
                map(str.isdigit, beside)
            ):
                others[found.group()] += 2 if line.speaker is Speaker.CUSTOMER else 1
    product = products.most_common(1)[0][0] if products else ""
    return product, others.most_common(1)[0][0] if others else ""


def about(clause: Clause, product: str, company: str) -> Clause:
    """A clause of a conversation, with the product or company that it is about where it doesn't name it itself."""
    topic = product or company
    words = " ".join([clause.subject.text, *(part.text for part in clause.parts)])
    last = topic.split()[-1] if topic else ""
    if " " in topic and topic not in words and re.search(rf"\b{re.escape(last)}\b", clause.subject.text) and not product:
        whole = re.sub(rf"\b{re.escape(last)}\b", topic, clause.subject.text)  # "the Vendo Premium plan"
        return replace(clause, subject=replace(clause.subject, text=whole))
    coded = {word for word in topic.split() if any(map(str.isdigit, word)) and not word.isdigit()}
    if (
        not topic
        or topic in words
        or {topic.split()[0], *coded} & set(words.split())
        or clause.subject.noun in ("cause", "reason", "problem")
    ):
        return clause
    if clause.instruction or clause.subject.text.startswith("my "):
        place = Part("about", f"on the {topic}" if product else f"with {topic}", 10_000)
        return replace(clause, parts=(*clause.parts, place))
    if product and re.fullmatch(r"(?=\S*\d)[A-Z]\S*", clause.subject.text):
        return replace(clause, subject=replace(clause.subject, text=f"{clause.subject.text} on the {product}"))
    if clause.subject.kind in ("person", "org", "name", "place") or (clause.subject.count and names_something(f"x {words}")):
        return clause
    owner = f"{clause.subject.text} for the {topic}" if product else f"{clause.subject.text} at {topic}"
    return replace(clause, subject=replace(clause.subject, text=owner))
