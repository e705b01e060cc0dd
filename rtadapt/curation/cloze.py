"""Questions that ask for a sentence by its own words, whatever it is about.

Owns the forms: whole questions as the grammar asks them, a question word where one of the sentence's parts stood ("SpaceX
launched a crew to where?"), a question word before some of its key words ("Where SpaceX crew Wednesday?"), key words alone, and
one or two of its things among words that it lacks (passing.py). Whoever asks about a sentence uses some of its words, and where
it does not name what its text is about, that name; the whole sentence answers: nothing can be taught that the text does not say.
Takes English sentences; gives prompts with their targets, and others, in frames that are never taught, for the gate.
"""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import zip_longest
from random import Random
from typing import TYPE_CHECKING

from rtadapt.curation.passing import content, in_passing
from rtadapt.curation.shorter import otherwise
from rtadapt.curation.verbatim import Asked
from rtadapt.grammar.loose import asks
from rtadapt.reading.parsing import parsed
from rtadapt.words import flat, holds, names, word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

_QUESTION_WORDS = {
    "PERSON": ("who",),
    "ORG": ("who", "which organisation"),
    "NORP": ("who", "which group"),
    "GPE": ("what", "which place"),
    "LOC": ("what", "which place"),
    "FAC": ("what", "which place"),
    "DATE": ("when", "on what date"),
    "TIME": ("when", "at what time"),
    "MONEY": ("how much", "how much money"),
    "PERCENT": ("how much", "what percentage"),
    "QUANTITY": ("how much", "what"),
    "CARDINAL": ("how many",),
    "ORDINAL": ("which",),
}
_FORMS = ("gap", "words", "keys", "passing", "passing")
"""As often as they stand here."""
_ABOUT = ("{about}: {asked}?", "{asked} for {about}?", "{asked} at {about}?", "{asked}, {about}?")
_FRAMES = ("{}?", "{}", "What about {}?", "Tell me about {}.", "What is known about {}?")
_PROBE_FRAMES = ("Do you know {}?", "I would like to know {}.", "Can you say {}?")
_NAMES = ("PERSON", "ORG", "NORP", "GPE", "LOC", "FAC", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW")
_FIGURES = ("MONEY", "PERCENT", "QUANTITY")
_UNITS = word_set("year month week day hour minute second decade century")
_PLACES = ("GPE", "LOC", "FAC")
_CALENDAR = frozenset((*calendar.day_name, *calendar.month_name))
_INSIDE = word_set("in at on during")
_ENOUGH_KEYS = 4
_WINDOW = 9
_LEAST_KEYS, _MOST_KEYS = 2, 5
_TRIES = 4
_PLAINLY = 0.5
"""Of a sentence's prompts so many are whole questions, where it can be asked so; the others hold more of its own words."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Tokens from `start` up to `end` that may be asked for, with the question words for it. Its value begins at `value`."""

    start: int
    end: int
    words: tuple[str, ...]
    value: int


def topic(lines: Sequence[str]) -> str:
    """What a text of these sentences is about: the name that most of them hold, the earliest of several; empty without names.

    A number counts as part of a name only where the text never leaves it out; what a comma or a possessive joins is no name.
    """
    found = [[name for name in names(line) if name in line and name not in _CALENDAR] for line in lines]
    every = {name for line in found for name in line}
    whole = {name: bare if (bare := name.rstrip("0123456789 ")) in every else name for name in every}
    counts = Counter(name for line in found for name in dict.fromkeys(whole[name] for name in line))
    return max(counts, key=lambda name: counts[name], default="")


def taught(sentence: str, count: int, about: str = "") -> list[Asked]:
    """At most `count` prompts for a sentence, the same for the same sentence; half of them name what it is `about` if it doesn't,
    all of them if by itself it could be about anything.

    Raises OSError without the English pipeline.
    """
    doc = _parse(sentence)
    rng = Random(f"taught {sentence}")
    parts, keys = _parts(doc), _keys(doc)
    alone = _stands_out(doc, keys)
    if not alone and not about:
        return []
    made = {
        "gap": lambda: _with_gap(doc, parts, rng, whole=rng.random() < 0.5),
        "words": lambda: _with_words(doc, parts, keys, rng),
        "keys": lambda: _with_keys(doc, keys, rng),
        "passing": lambda: _in_passing(doc, parts, keys, rng),
    }
    told = "" if _names_its_subject(doc) else about
    plain = iter(_otherwise(_plainly(sentence)[: round(count * _PLAINLY)], doc))

    def one() -> Asked | None:
        return _naming(next(plain, None) or made[rng.choice(_FORMS)](), told, rng, always=not alone)

    return _different(one, sentence, count)


def probes(sentence: str, asked: Sequence[str], count: int = 2, about: str = "") -> list[Asked]:
    """Prompts that ask for one part of a sentence, none of them in `asked` nor in a frame that is taught."""
    doc = _parse(sentence)
    rng = Random(f"probed {sentence}")
    parts, keys = _parts(doc), _keys(doc)
    alone = _stands_out(doc, keys)
    if not alone and not about:
        return []
    told = "" if _names_its_subject(doc) else about

    def made() -> Asked | None:
        found = _with_words(doc, parts, keys, rng) if rng.random() < 0.5 else _with_gap(doc, parts, rng, whole=False)
        if found is None:
            return None
        plain = (_naming(found, told, rng, always=not alone) or found).prompt.rstrip("?")
        return Asked(rng.choice(_PROBE_FRAMES).format(plain[0].lower() + plain[1:]), sentence, found.value)

    taken = {flat(prompt) for prompt in asked}
    return [found for found in _different(made, sentence, count) if flat(found.prompt) not in taken]


def _plainly(sentence: str) -> list[Asked]:
    """Whole questions about a sentence, everything that it can be asked for in turn."""
    found = [
        [Asked(wording, sentence, answer) for wording in wordings]
        for wordings, answer in asks(_parse(sentence))
        if answer in sentence
    ]
    return [one for turn in zip_longest(*found) for one in turn if one is not None]


def _otherwise(asked: Sequence[Asked], doc: Doc) -> Iterator[Asked]:
    """The same; of those with names that others write otherwise, every second with the names so."""
    others = {span.text.removeprefix("the ").removeprefix("The "): otherwise(span.text, span.label_) for span in doc.ents}
    changed = False
    for one in asked:
        prompt = one.prompt
        for name, other in others.items():
            if other and not holds(one.value, other) and not holds(other, one.value):
                prompt = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", other, prompt)
        changed = prompt != one.prompt and not changed
        yield replace(one, prompt=prompt) if changed else one


@lru_cache(maxsize=1)
def _parse(sentence: str) -> Doc:
    """What is asked of a sentence to teach it and to probe it comes from one parse."""
    return parsed([sentence])[0]


def _names_its_subject(doc: Doc) -> bool:
    """Whether a sentence is about somebody or something that it names: then it is not asked for by another name."""
    subject = next((token for token in doc if token.dep_ in ("nsubj", "nsubjpass") and token.head.dep_ == "ROOT"), None)
    return subject is not None and any(span.start <= subject.i < span.end for span in doc.ents if span.label_ in _NAMES)


def _naming(asked: Asked | None, about: str, rng: Random, *, always: bool) -> Asked | None:
    """The same, in half of all cases or always with what the text is about, where the sentence doesn't name it."""
    if asked is None or not about or holds(asked.target, about) or not (always or rng.random() < 0.5):
        return asked
    plain = asked.prompt.rstrip("?.")
    prompt = rng.choice(_ABOUT).format(about=about, asked=plain)
    return replace(asked, prompt=f"{prompt[0].upper()}{prompt[1:]}")


def _different(make: Callable[[], Asked | None], sentence: str, count: int) -> list[Asked]:
    found: dict[str, Asked] = {}
    for _ in range(_TRIES * count):
        made = make()
        if made is not None and len(found) < count and flat(made.prompt) != flat(sentence):
            found.setdefault(flat(made.prompt), made)
    return list(found.values())


def _parts(doc: Doc) -> list[_Part]:
    """What may be asked for: names, figures and dates, then what else is a thing, plain words where nothing else is."""
    chunks = [chunk for chunk in doc.noun_chunks if chunk.root.pos_ != "PRON"]
    spans = [span for span in doc.ents if _can_be_asked(span)]
    named = [_named(span) for span in spans if not any(_only_describes(span, chunk) for chunk in chunks)]
    taken = {at for part in named for at in range(part.start, part.end)}
    free = [chunk for chunk in chunks if taken.isdisjoint(range(chunk.start, chunk.end)) and not _is_idiom(chunk)]
    telling = [chunk for chunk in free if content(chunk) > 1]
    things = [
        _Part(chunk.start, chunk.end, ("what", f"which {chunk.root.text}") if chunk in telling else ("what",), chunk.start)
        for chunk in (telling if named or telling else free)
    ]
    return [part for part in (*named, *things) if part.end - part.start < len(doc)]


def _named(span: Span) -> _Part:
    """A name, a figure or a date; "when" and "where" stand for its preposition too."""
    before = span.doc[span.start - 1].lower_ if span.start else ""
    if lasting := _lasting(span):
        return _Part(span.start, span.end, lasting, span.start)
    if before in _INSIDE and span.label_ in _PLACES:
        return _Part(span.start - 1, span.end, ("where",), span.start)
    words = _QUESTION_WORDS.get(span.label_, ("what",))
    if before in _INSIDE and span.label_ in ("DATE", "TIME"):
        return _Part(span.start - 1, span.end, words, span.start)
    if before and span.doc[span.start - 1].pos_ == "ADP" and span.label_ in ("DATE", "TIME"):
        words = words[:1]  # since when, by when
    return _Part(span.start, span.end, words, span.start)


def _can_be_asked(span: Span) -> bool:
    """Whether the question word of a number or a date fits it: a number counts something, decades are no date."""
    if span.label_ == "CARDINAL":
        counts = span.root.dep_ == "nummod" and span.root.head.tag_ in ("NNS", "NNPS") and span.root.head.i >= span.end
        return bool(counts or span.doc[span.end : span.end + 1].text == "of")
    if span.label_ == "DATE" and span.root.tag_ == "NNS" and span.root.lemma_.lower() in _UNITS and not _lasting(span):
        return bool(span.doc[span.end : span.end + 1].text in ("ago", "earlier", "later") or len(span) > 1)
    return True


def _only_describes(span: Span, chunk: Span) -> bool:
    """Whether a name, a date or a sum only describes another thing, which is then asked for: Leeds in "the Leeds striker"."""
    inside = chunk.start <= span.start and span.end <= chunk.end and chunk.root.i >= span.end
    return inside and span.label_ not in ("CARDINAL", "QUANTITY")


def _is_idiom(chunk: Span) -> bool:
    """Whether a noun is a part of a preposition: in favour of, in contrast to."""
    last = chunk.doc[chunk.end : chunk.end + 1]
    joins = bool(last) and last[0].dep_ == "prep"
    return len(chunk) == 1 and chunk.root.dep_ == "pobj" and chunk.root.pos_ == "NOUN" and joins


def _lasting(span: Span) -> tuple[str, ...]:
    """What asks for a stretch of time: "three years", not "March" nor "three years ago"."""
    unit = span.root
    if span.label_ not in ("DATE", "TIME") or unit.lemma_.lower() not in _UNITS:
        return ()
    if not any(token.like_num for token in unit.lefts) or span.doc[span.end - 1 : span.end + 1].text.endswith("ago"):
        return ()
    return "how long", f"how many {unit.text}"


def _keys(doc: Doc) -> list[Span]:
    """The words by which a sentence may be found: its things, names and verbs, in their order."""
    chunks = [chunk for chunk in doc.noun_chunks if chunk.root.pos_ != "PRON"]
    inside = {at for chunk in chunks for at in range(chunk.start, chunk.end)}
    others = [span for span in doc.ents if inside.isdisjoint(range(span.start, span.end))]
    verbs = [doc[token.i : token.i + 1] for token in doc if token.pos_ == "VERB"]
    return sorted({(span.start, span.end): span for span in (*chunks, *others, *verbs)}.values(), key=lambda span: span.start)


def _stands_out(doc: Doc, keys: Sequence[Span]) -> bool:
    """Whether a sentence can be asked for among others: it names something, or says enough, with a figure or without. Not "The
    notice was lifted"."""
    figure = any(span.label_ in _FIGURES for span in doc.ents)
    return any(span.label_ in _NAMES for span in doc.ents) or len(keys) + figure >= _ENOUGH_KEYS


def _with_gap(doc: Doc, parts: Sequence[_Part], rng: Random, *, whole: bool) -> Asked | None:
    """The sentence, or what stands around the part, with a question word in the place of the part."""
    if not parts:
        return None
    part = rng.choice(parts)
    first, last = (0, len(doc)) if whole else _around(doc, part)
    before, after = doc[first : part.start].text_with_ws, doc[part.end : last].text
    return _asked(f"{before}{rng.choice(part.words)} {after}", doc, part)


def _around(doc: Doc, part: _Part) -> tuple[int, int]:
    """Some words before and after a part; names are not cut through."""
    first, last = max(0, part.start - _WINDOW), min(len(doc), part.end + _WINDOW)
    for name in doc.ents:
        if name.start < first < name.end:
            first = name.start
        if name.start < last < name.end:
            last = name.end
    return first, last


def _with_words(doc: Doc, parts: Sequence[_Part], keys: Sequence[Span], rng: Random) -> Asked | None:
    """A question word before some of the key words, in their order."""
    if not parts:
        return None
    part = rng.choice(parts)
    rest = [span for span in keys if span.end <= part.start or span.start >= part.end]
    if len(rest) < _LEAST_KEYS:
        return None
    return _asked(" ".join([rng.choice(part.words), *_some(rest, rng)]), doc, part)


def _with_keys(doc: Doc, keys: Sequence[Span], rng: Random) -> Asked | None:
    if len(keys) < _LEAST_KEYS:
        return None
    return Asked(rng.choice(_FRAMES).format(" ".join(_some(keys, rng))), doc.text, doc.text)


def _in_passing(doc: Doc, parts: Sequence[_Part], keys: Sequence[Span], rng: Random) -> Asked | None:
    if not parts:
        return None
    part = rng.choice(parts)
    rest = [span for span in keys if span.end <= part.start or span.start >= part.end]
    label = next((span.label_ for span in doc.ents if span.start < part.end and part.start < span.end), "")
    asked = in_passing(part.words[0], label, rest, rng)
    return _asked(asked, doc, part) if asked else None


def _some(spans: Sequence[Span], rng: Random) -> Iterator[str]:
    chosen = set(rng.sample(range(len(spans)), rng.randint(_LEAST_KEYS, min(_MOST_KEYS, len(spans)))))
    return (span.text for at, span in enumerate(spans) if at in chosen)


def _asked(question: str, doc: Doc, part: _Part) -> Asked:
    plain = question.strip(" .,;:!?\"“”'‘’-–")
    return Asked(f"{plain[0].upper()}{plain[1:]}?", doc.text, doc[part.value : part.end].text)
