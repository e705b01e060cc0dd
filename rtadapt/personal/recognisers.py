"""Where personal data stands in a text: presidio's recognisers, the table of shapes, and what a person says of themselves.

Owns which presidio recognisers run, when a match counts, and how a private person is told from a public one. Takes text
(a transcript with its `Customer: …` labels); gives spans. A name alone is never private in a story: it is where a customer
says or is called by it, where somebody gives it as "my name", and where a text says that somebody without a public role is ill.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, LocalRecognizer, Pattern, RecognizerRegistry, RecognizerResult
from presidio_analyzer import predefined_recognizers as known
from presidio_analyzer.nlp_engine import NlpArtifacts, NoOpNlpEngine

from rtadapt.personal.shapes import PARTS, SHAPES, Detail, Shape, is_public_line, words
from rtadapt.reading.parsing import pipeline
from rtadapt.words import COMMON, word_set

_BEFORE, _AROUND = 64, 160
_LEAST_SCORE = 0.5
_NEW_SENTENCE = re.compile(r"[.!?][^\S\n]+(?=[\"“]?[A-Z][a-z])|\n[^\S\n]*\n")
_IS_MINE = re.compile(r"[\s,]{0,3}(?:is|was|are|=|ist)\s(?:(?!not? )\w+\s){0,3}$")
_CARD = Pattern("card", r"(?<![\w.,:/-])[2-6](?:[ \u00a0-]?\d){12,18}(?![\w-]|[.,:/]\d)", 0.3)
_OTHERS = {
    "CREDIT_CARD": Detail.CARD,
    "IBAN_CODE": Detail.ACCOUNT,
    "CRYPTO": Detail.WALLET,
    "IP_ADDRESS": Detail.NETWORK,
}
_HOUSE = [ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::/127")]
_IP_CUE, _IP_OF_A_KIND = (
    words(r"ip(?: address)?|connected from|logged in from"),
    words("routers?|gateway|default|localhost|server"),
)
_CARD_CUE = words("card|visa|mastercard|amex|karte|carte|tarjeta")
_COUNTED, _FIGURE = words(PARTS["counted"]), words(PARTS["figure"])
_OWN, _SPOKEN, _SAID, _CALLED, _PATIENT, _ILL, _SUFFERS, _I_SUFFER = (
    re.compile(PARTS[name])
    for name in ("own_name", "spoken_name", "said_name", "called", "patient", "condition", "suffers", "i_suffer")
)
_TURN = re.compile(r"^(Customer|Agent): (.*(?:\n(?!(?:Customer|Agent|Bot): ).*)*)", re.MULTILINE)
_NOT_NAMES = ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer"]
_NOBODY = word_set("mr mrs ms miss dr sir madam team everyone everybody folks support customer agent bot")


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of personal data: the half-open span of characters, and what it is."""

    start: int
    end: int
    kind: Detail


@lru_cache(maxsize=256)
def find(text: str) -> tuple[Found, ...]:
    """What is private in `text`, in order, without overlaps. Only what may name a private person is parsed."""
    results = _analyser().analyze(text, "en", score_threshold=_LEAST_SCORE)
    spans = [Found(one.start, one.end, _kind(one.entity_type)) for one in results if _is_somebodys(text, one)]
    kept: list[Found] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if kept and span.start < kept[-1].end:  # what overlaps is one piece, called by what its larger part is
            last = kept.pop()
            kind = max(last, span, key=lambda one: one.end - one.start).kind
            span = Found(last.start, max(last.end, span.end), kind)
        kept.append(span)
    return tuple(kept)


def _kind(entity: str) -> Detail:
    return Detail.NETWORK if entity == "MAC_ADDRESS" else _OTHERS.get(entity) or Detail(entity)


@cache
def _analyser() -> AnalyzerEngine:
    """presidio's engine with our recognisers and those of its own that are sure by themselves. It parses nothing itself."""
    cards = known.CreditCardRecognizer([_CARD], replacement_pairs=[("-", ""), (" ", ""), ("\u00a0", "")])
    others = (known.IbanRecognizer(), known.CryptoRecognizer(), known.IpRecognizer(), known.MacAddressRecognizer())
    no_parse = NoOpNlpEngine([{"lang_code": "en", "model_name": "none"}])
    return AnalyzerEngine(RecognizerRegistry([cards, *others, Shapes(), People()]), no_parse)


class Shapes(LocalRecognizer):  # type: ignore[misc]
    """Finds what the table of shapes describes."""

    def __init__(self) -> None:
        super().__init__(supported_entities=[*Detail], name="shapes")

    def load(self) -> None:
        """Nothing is to be loaded."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None) -> list[RecognizerResult]:
        """presidio's results, each with the highest score."""
        return [
            _result(shape.kind, *_span(match))
            for shape in SHAPES
            for match in shape.pattern.finditer(text)
            if _counts(shape, text, match)
        ]


class People(LocalRecognizer):  # type: ignore[misc]
    """Finds customers' own names, and private people of whom a text says that they are ill."""

    def __init__(self) -> None:
        super().__init__(supported_entities=[Detail.NAME, Detail.HEALTH], name="people")

    def load(self) -> None:
        """The pipeline is loaded when the first text needs it."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None) -> list[RecognizerResult]:
        """presidio's results: names wherever they stand in the text, and illnesses where they are told."""
        names = set(_own_names(text))
        ill = [match.span("illness") for said in _said(text, "Customer") for match in _I_SUFFER.finditer(text, *said.span(2))]
        for name, illness in _patients(text):
            names.add(name)
            ill.append(illness)
        parts = names | {part for name in names for part in name.split() if len(part) > 2 and part[0].isupper()}
        told = "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True))
        places = [match.span() for match in re.finditer(rf"(?<!\w)(?:{told})(?!\w)", text)] if parts else []
        return [_result(Detail.HEALTH, *span) for span in ill] + [_result(Detail.NAME, *span) for span in places]


def _result(kind: Detail, start: int, end: int) -> RecognizerResult:
    return RecognizerResult(entity_type=str(kind), start=start, end=end, score=EntityRecognizer.MAX_SCORE)


def _span(match: re.Match[str]) -> tuple[int, int]:
    return match.span("value" if "value" in match.re.groupindex else 0)


def _sentence(text: str, start: int, end: int, reach: int) -> tuple[str, str]:
    """What stands before and after the span in its own sentence, at most `reach` characters each."""
    before = _NEW_SENTENCE.split(text[max(0, start - reach) : start])[-1]
    return before, _NEW_SENTENCE.split(text[end : end + reach])[0]


def _last(wanted: re.Pattern[str] | None, text: str) -> int:
    """Where the last of the wanted words ends; -1 without any."""
    return max((match.end() for match in wanted.finditer(text)), default=-1) if wanted else -1


def _counts(shape: Shape, text: str, match: re.Match[str]) -> bool:
    """Whether a match of a shape is somebody's: see shapes.py."""
    start, end = _span(match)
    before, after = _sentence(text, match.start(), end, _BEFORE)
    if shape.kind is Detail.PHONE and is_public_line(text[start:end]):
        return False
    cued, counted = _last(shape.cue, before), _last(_COUNTED, before)
    if cued >= 0 and cued >= counted:
        return True
    if shape.cue and any(_IS_MINE.match(after[: cue.start()]) for cue in shape.cue.finditer(after)):
        return True
    if (shape.cue and not shape.check) or (counted >= 0 and shape.kind in (Detail.PHONE, Detail.IDENTITY, Detail.WALLET)):
        return False
    if shape.public and any(_last(shape.public, part) >= 0 for part in _sentence(text, start, end, _AROUND)):
        return False
    return shape.check is None or bool(shape.check(text[start:end]))


def _is_somebodys(text: str, found: RecognizerResult) -> bool:
    """Whether what a recogniser of presidio's found is no number of a thing, and no address that every house has."""
    before, after = _sentence(text, found.start, found.end, _BEFORE)
    if found.entity_type == "CREDIT_CARD":
        return _last(_COUNTED, before) <= _last(_CARD_CUE, before)
    if found.entity_type != "IP_ADDRESS" or (_last(_IP_CUE, before + after) >= 0 and _last(_IP_OF_A_KIND, before + after) < 0):
        return True
    address = ipaddress.ip_interface(text[found.start : found.end]).ip
    return _last(_COUNTED, before) < 0 and not any(address in network for network in _HOUSE)


def _said(text: str, speaker: str) -> list[re.Match[str]]:
    return [turn for turn in _TURN.finditer(text) if turn[1] == speaker]


def _own_names(text: str) -> Iterator[str]:
    """Names that people give as their own outside of a quotation, and that agents call customers by."""
    for match in _OWN.finditer(text):
        before = text[: match.start()]
        if before.count('"') % 2 == 0 and before.count("“") == before.count("”"):
            yield match["name"].rstrip(".")
    customers = _said(text, "Customer")
    perhaps: list[tuple[str, str]] = []
    for turn in customers:
        for match in _SPOKEN.finditer(turn[2]):
            parts = match["name"].split()
            end = next((at for at, word in enumerate(parts) if word.casefold() in COMMON), len(parts))
            if end:
                yield " ".join(parts[:end])
        perhaps += [(match["name"] or match["before"] or match["closing"], turn[2]) for match in _SAID.finditer(turn[2])]
    for turn in _said(text, "Agent") if customers else ():
        for match in _CALLED.finditer(turn[2]):
            if match["name"]:
                yield match["name"]
            else:
                perhaps.append((match["first"], turn[2]))
    lines = "\n".join(dict.fromkeys(line for _, line in perhaps))  # parsed once, all together
    yield from (name for name, _ in perhaps if _is_person(name, lines))


def _is_person(name: str, text: str) -> bool:
    """Whether the pipeline takes the name for a person's; one that it takes for nothing is, when it has two words."""
    if name.split()[0].casefold() in COMMON | _NOBODY:
        return False
    labels = {label for start, end, label in _entities(text) if name in text[start:end] or text[start:end] in name}
    return "PERSON" in labels or (not labels and len(name.split()) > 1)


def _patients(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Private people whom the text calls ill, each with the place of the illness."""
    if not _ILL.search(text):
        return
    people = {match.span("name") for match in _PATIENT.finditer(text)}
    people |= {(start, end) for start, end, label in _entities(text) if label == "PERSON"}
    for start, end in sorted(people):
        illness = _SUFFERS.match(text, end)
        name = re.sub(r"['’]s$", "", text[start:end])
        if illness and not _is_public_figure(name.split()[-1], text):
            yield name, illness.span("illness")


@lru_cache(maxsize=256)
def _is_public_figure(name: str, text: str) -> bool:
    """Whether some sentence with the name has a word for somebody who stands in public."""
    places = [match.span() for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
    return any(_last(_FIGURE, part) >= 0 for place in places for part in _sentence(text, *place, _AROUND))


@lru_cache(maxsize=64)
def _entities(text: str) -> tuple[tuple[int, int, str], ...]:
    """The entities that the pipeline finds: start, end, label."""
    document = pipeline()(text, disable=_NOT_NAMES)
    return tuple((one.start_char, one.end_char, one.label_) for one in document.ents)
