"""From a parse to clauses: who did what, and every argument and adjunct of it that can be asked for.

Takes a parsed sentence and the references in it; gives `Clause`. Conjuncts, relative clauses, participles and reported
clauses become clauses of their own, with their own subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rtadapt.grammar import lexicon
from rtadapt.grammar.assertion import announced, asserted
from rtadapt.grammar.inflection import base_form, inflected, told_tag
from rtadapt.grammar.named import says_what
from rtadapt.grammar.parts import gather, prepositional
from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import Part, Sentence, hours
from rtadapt.grammar.subjects import settled_subject, times_of
from rtadapt.reading.appointed import appointed, appoints
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token
_REPLACING = word_set("replace succeed defeat beat join become")
# What somebody did besides: "the storm hit the coast, killing 12 people"; not what they hoped, said or planned.
_EFFECTS = word_set(
    """kill injure wound destroy damage earn win claim break set take leave strand displace flood burn sink cut raise
    bring end mark create score capture beat oust unseat topple surpass overtake pass reach hit cost add bag seal clinch secure
    complete"""
)
_TWO_OBJECTS = word_set(
    """give award pay offer send name call elect appoint declare make cost hand tell charge fine save dub crown vote earn
    lend owe grant teach show sell bring ask order"""
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing said: a subject, a verb with its auxiliaries, and parts in the order of the text."""

    subject: Phrase
    auxiliaries: tuple[str, ...]
    verb: str
    lemma: str
    tag: str
    parts: tuple[Part, ...]
    sentence: str
    instruction: bool = False

    @property
    def passive(self) -> bool:
        """Whether the subject is what something was done to."""
        return self.tag == "VBN" and bool(self.auxiliaries) and self.auxiliaries[-1] in _BE


# What is so as long as the thing is: "the volcano, located on the island".
_STANDING = word_set("locate situate base headquarter call know")
_BE = word_set("be is are was were been being am 's")
_FINITE = word_set("VBD VBZ VBP MD")
_SHORT_NUMBER = re.compile(r"\d(?:m|bn|k|tn)$")
_WHERE = word_set("in at on aboard across throughout near inside under along outside around")
_LAID = word_set("place locate display station park plant install leave keep spread")
_HALVES = word_set("until till since than because")
_HAVE = word_set("has have had")
_NOT = word_set("not n't never nor neither no")


def clauses(sentence: Sentence) -> Iterator[Clause]:
    """Every clause of the sentence that its text states as a fact."""
    for token in sentence.span:
        if token.pos_ in ("VERB", "AUX") and token.dep_ in (
            "ROOT", "conj", "relcl", "advcl", "ccomp", "acl", "parataxis", "pcomp",
        ):  # fmt: skip
            if token.lemma_ in lexicon.REPORTS and any(child.dep_ in ("ccomp", "parataxis") for child in token.children):
                continue
            if token.lemma_ in lexicon.REPORTS and token.i > sentence.span.start and token.nbor(-1).text in (",", "”", '"'):
                continue
            if asserted(token, sentence.agent):
                found = _clause(token, sentence)
                if found is not None:
                    yield found


def _clause(verb: Token, sentence: Sentence) -> Clause | None:
    if any(child.dep_ == "expl" and child.lower_ == "there" for child in verb.lefts):
        return _there_is(verb, sentence)
    subject, tense = _subject(verb, sentence)
    if subject is None or not subject.text:
        return None
    auxiliaries, form, tag = _verb_group(verb, tense)
    if auxiliaries is None:
        return None
    parts: list[Part] = []
    if not gather(verb, sentence, parts) or _runs_on(verb) or _lost_denial(verb, subject, parts):
        return None
    objects = [
        part
        for part in parts
        if part.role in ("object", "recipient", "title") and part.text and not part.preposition and part.governor == verb.lemma_
    ]
    if len(objects) > 1 and (_lemma(verb) not in _TWO_OBJECTS or any(_SHORT_NUMBER.search(part.text) for part in objects)):
        return None
    parts += [dated for child in verb.lefts if child.dep_ in ("nsubj", "nsubjpass") for dated in times_of(child, sentence)]
    if any(part.text in _HALVES for part in parts) or ("be" in auxiliaries and auxiliaries[0] in _HAVE):
        return None
    parts = hours(parts, sentence.span)
    parts.sort(key=lambda part: (part.index < verb.i, part.index))
    instruction = tense == "instruction" or subject.text == "I"
    return Clause(subject, auxiliaries, form, _lemma(verb), tag, tuple(parts), sentence.span.text.strip(), instruction)


def _runs_on(verb: Token) -> bool:
    """Whether a finite verb follows what is joined to a noun of the clause: it is another's subject, "and 71% of them voted"."""
    for token in verb.subtree:
        if token.dep_ != "conj" or token.pos_ not in ("NOUN", "PROPN", "NUM") or token.i < verb.i or _clause_of(token) != verb:
            continue
        after = token.right_edge.i + 1
        if after < token.sent.end and token.doc[after].tag_ in _FINITE and token.doc[after].pos_ in ("VERB", "AUX"):
            return True
    return False


def _lost_denial(verb: Token, subject: Phrase, parts: list[Part]) -> bool:
    """Whether a "not" of the clause itself would be left out of what is made of it: "pleaded not guilty"."""
    told = " ".join([subject.text, *(part.text for part in parts)]).casefold().split()
    for token in verb.subtree:
        if token.lower_ not in _NOT or token.lower_ in told:
            continue
        if _clause_of(token) == verb:
            return True
    return False


def _clause_of(token: Token) -> Token:
    """The nearest verb that a token stands under."""
    up = token.head
    while up.pos_ not in ("VERB", "AUX") and up.head != up:
        up = up.head
    return up


def _there_is(verb: Token, sentence: Sentence) -> Clause | None:
    """How many of something are somewhere: "there are 300 wolves in Norvania"."""
    noun = next((child for child in verb.rights if child.dep_ == "attr"), None)
    if verb.lemma_ != "be" or noun is None or any(child.dep_ == "conj" for child in noun.rights):
        return None
    found: list[Part] = []
    laid = [child for child in noun.rights if child.dep_ == "acl" and child.lemma_ in _LAID]
    where = [prep for head in (noun, *laid) for prep in head.rights if prep.dep_ == "prep" and prep.lower_ in _WHERE]
    there = sentence.phrase(noun, frozenset(token.i for token in (*where, *laid)))
    if there is None or not there.count or not gather(verb, sentence, found):
        return None
    parts = [part for part in found if part.role in ("place", "time")]
    left = [prep for prep in where if prep.i not in {part.index for part in parts}]
    auxiliaries, form, tag = _verb_group(verb, "own")
    if not all(prepositional(prep, sentence, parts) for prep in left) or not parts or auxiliaries is None:
        return None
    rest = tuple(replace(part, phrase=None) for part in sorted(parts, key=lambda part: part.index))
    return Clause(there, auxiliaries, form, "be", tag, rest, sentence.span.text.strip())


def named_after(noun: Token, subject: Token) -> bool:
    """Whether a name that directly follows "the shipyard" is that shipyard, its verb being that of the whole sentence."""
    return (
        noun.dep_ == "ROOT"
        and noun.pos_ == "NOUN"
        and subject.pos_ == "PROPN"
        and subject.left_edge.i == noun.i + 1
        and any(child.dep_ == "det" for child in noun.lefts)
    )


def _lemma(verb: Token) -> str:
    tag = told_tag(verb.lower_, verb.tag_)
    return verb.lemma_ if verb.pos_ == "AUX" else base_form(verb.lower_, verb.lemma_, tag)


def _subject(verb: Token, sentence: Sentence) -> tuple[Phrase | None, str]:
    """The subject of a verb, its own or shared, and how its verb group is to be made: own, shared, participle or instruction."""
    subjects = [child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass")]
    if len(subjects) == 2 and says_what(*subjects):
        subjects = subjects[1:]
    if len(subjects) > 1 and subjects[1].left_edge.i == subjects[0].right_edge.i + 1:
        return None, "own"  # a name that the parser cut in two
    own = next(iter(subjects), None)
    if own is not None:
        if verb.dep_ == "relcl" and own.tag_ in ("WDT", "WP"):
            return _antecedent(verb.head, own, sentence), "own"
        if verb.dep_ == "relcl" and named_after(verb.head, own):
            return sentence.phrase(own), "own"
        if verb.dep_ == "relcl" or own.tag_ in ("WDT", "WP", "WP$", "EX"):
            return None, "own"
        return settled_subject(own, sentence), "own"
    if any(child.dep_ in ("csubj", "csubjpass", "expl") for child in verb.children):
        return None, "own"
    if verb.dep_ == "conj" and verb.head.pos_ in ("VERB", "AUX"):
        subject, tense = _subject(verb.head, sentence)
        passive = any(child.dep_ == "auxpass" for child in verb.head.children)
        bare = not any(child.dep_ in ("aux", "auxpass", "dobj", "attr", "acomp") for child in verb.children)
        if passive and bare and verb.tag_ == "VBD" and verb.lower_.endswith("ed"):
            return None, "own"
        return subject, "shared" if tense in ("own", "shared") else tense
    if (
        verb.dep_ == "acl"
        and verb.tag_ == "VBN"
        and (verb.head.pos_ == "PROPN" or verb.head.i in sentence.references)
        and not _passive_clash(verb)
    ):
        return _antecedent(verb.head, verb, sentence), "participle"
    if verb.dep_ == "advcl" and verb.head.pos_ in ("VERB", "AUX"):
        if any((child.dep_ in ("mark", "prep") and child.i < verb.i) or child.dep_ == "aux" for child in verb.children):
            return None, "own"
        opening = verb.tag_ == "VBN" and verb.i < verb.head.i and not _passive_clash(verb)
        after = verb.left_edge.i > verb.head.i and verb.left_edge.nbor(-1).text == ","
        between = verb.doc[verb.head.i + 1 : verb.left_edge.i]  # "on the day when the mercury hit 38, beating the record"
        near = not any(token.dep_ in ("nsubj", "nsubjpass") for token in between)
        replacing = near and verb.tag_ == "VBG" and (verb.lemma_ in _REPLACING or (after and verb.lemma_ in _EFFECTS))
        if (opening or replacing) and asserted(verb.head, sentence.agent):
            return _replacer(verb, sentence), "participle"
        return None, "own"
    if verb.dep_ == "pcomp" and verb.tag_ == "VBG" and verb.head.lower_ in ("after", "by") and verb.head.head.pos_ == "VERB":
        done = verb.head.head
        deed = not any(child.dep_ in ("auxpass", "neg") for child in done.children) and done.dep_ in ("ROOT", "conj")
        return (_subject(done, sentence)[0] if deed else None), "participle"
    if sentence.agent and verb.tag_ == "VB" and verb.dep_ in ("ROOT", "conj") and not any(c.dep_ == "aux" for c in verb.children):
        return Phrase("I", "", "person", "I", named=False), "instruction"
    return None, "own"


def _replacer(verb: Token, sentence: Sentence) -> Phrase | None:
    """Who "appointed Aino Salmela, succeeding Risto Kask" says succeeds: the one who was appointed; else who did the rest."""
    if not appoints(verb.head):
        return _subject(verb.head, sentence)[0]
    chosen = appointed(verb.head, verb)
    return None if chosen is None else sentence.phrase(chosen)


def _passive_clash(verb: Token) -> bool:
    return any(child.dep_ == "dobj" for child in verb.children)


def _antecedent(noun: Token, relative: Token, sentence: Sentence) -> Phrase | None:
    """What a relative clause or participle is about, when it is a name and not one of several of a kind."""
    if relative.lower_ == "that":
        return None
    while noun.dep_ == "appos" and noun.head.pos_ in ("PROPN", "NOUN") and noun.pos_ != "PROPN":
        noun = noun.head
    name = next((child for child in noun.children if child.dep_ == "appos" and child.pos_ == "PROPN"), None)
    if noun.pos_ != "PROPN" and name is not None and name.i < relative.i:
        noun = name
    if noun.pos_ != "PROPN" and noun.i not in sentence.references:
        return None
    if noun.dep_ == "pobj" and noun.head.head.pos_ in ("NOUN", "PROPN"):
        return None
    given = noun.dep_ == "pobj" and any(child.dep_ == "dobj" for child in noun.head.head.children)
    if given and relative.lower_ == "which" and relative.head.lemma_ == "be":
        return None  # which of the two, "gave $3 million to the school, which is its largest gift"
    return sentence.phrase(noun)


def _verb_group(verb: Token, tense: str) -> tuple[tuple[str, ...] | None, str, str]:
    own = [child for child in verb.lefts if child.dep_ in ("aux", "auxpass")]
    words = [_full(token) for token in own]
    if "to" in words or (own and own[0].tag_ in ("VBG", "VBN")):
        return None, "", ""
    if own and own[0].tag_ == "VB":  # "will step down and be replaced"
        lent = _lent(verb)[:1] if verb.dep_ == "conj" else []
        return (None, "", "") if lent not in (["will"], ["can"]) else ((*lent, *words), verb.lower_, verb.tag_)
    if tense == "instruction":
        return ("should",), verb.lower_, "VB"
    if tense == "participle":
        return _participle_group(verb)
    if _past_alone(verb, own):
        return (), verb.lower_, "VBD"
    if tense == "shared" and not own and verb.tag_ != "VB" and _shared_form(verb) == "VB":
        return ("will",), verb.lower_, "VB"
    if verb.tag_ in ("VBG", "VBN", "VB") and not own:
        if tense != "shared":
            return None, "", ""
        words = _lent(verb)
        if not words or "to" in words or verb.head.tag_ != verb.tag_:
            return None, "", ""
    return tuple(words), verb.lower_, verb.tag_ if own else told_tag(verb.lower_, verb.tag_)


def _lent(verb: Token) -> list[str]:
    """What helps the verb that another is joined to, and so that one, too."""
    head = verb.head
    while head.dep_ == "conj" and not any(child.dep_ in ("aux", "auxpass") for child in head.lefts):
        head = head.head
    return [_full(child) for child in head.lefts if child.dep_ in ("aux", "auxpass")]


def _shared_form(verb: Token) -> str:
    """VB for a verb without endings that goes on after "will": "will write off millions and cut jobs"."""
    head = verb.head
    will = any(child.dep_ == "aux" and child.lower_ == "will" for child in head.lefts)
    return "VB" if will and head.tag_ == "VB" and verb.lower_ == verb.lemma_ else ""


def _past_alone(verb: Token, auxiliaries: list[Token]) -> bool:
    """Whether a verb tagged as a participle is a past tense: it has a subject of its own and nothing that helps it."""
    if (
        verb.tag_ != "VBN"
        or auxiliaries
        or (verb.i > 0 and verb.nbor(-1).text == ",")
        or inflected(verb.lemma_, "VBD") != verb.lower_
    ):
        return False
    return verb.dep_ in ("ROOT", "conj", "ccomp") and any(child.dep_ == "nsubj" for child in verb.lefts)


def _participle_group(verb: Token) -> tuple[tuple[str, ...] | None, str, str]:
    if verb.tag_ == "VBN":
        return ("is" if verb.lemma_ in _STANDING else "was",), verb.lower_, "VBN"
    matrix = verb.head
    while matrix.dep_ in ("conj", "prep", "pcomp") and matrix.head.tag_ != "VBN":
        matrix = matrix.head
    words = [_full(child) for child in matrix.lefts if child.dep_ == "aux"]
    if "will" in words:
        before = verb.dep_ == "pcomp" and verb.head.lower_ == "after"  # what came before what will be
        return (None, "", "") if before else (("will",), verb.lemma_, "VB")
    if (
        matrix.tag_ == "VBD"
        or any(word in ("has", "had", "have", "was", "were") for word in words)
        or any(child.dep_ == "auxpass" and child.tag_ == "VBD" for child in matrix.lefts)
    ):
        return (), inflected(verb.lemma_, "VBD"), "VBD"
    return None, "", ""


def _full(auxiliary: Token) -> str:
    return {
        "'ll": "will",
        "’ll": "will",
        "'ve": "have",
        "’ve": "have",
        "'re": "are",
        "’re": "are",
        "wo": "will",
        "ca": "can",
    }.get(
        auxiliary.lower_,
        ("is" if auxiliary.dep_ == "auxpass" or auxiliary.head.tag_ == "VBG" else "has")
        if auxiliary.lower_ in ("'s", "’s")
        else announced(auxiliary.head, auxiliary) or auxiliary.lower_,
    )
