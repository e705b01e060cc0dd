"""What noun phrases say by themselves: who somebody is, how old, of what. Each becomes a clause with "is".

Takes a parsed sentence; gives clauses made from appositions and from roles that stand before a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rtadapt.grammar import lexicon
from rtadapt.grammar.assertion import quoted
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.inflection import is_word
from rtadapt.grammar.kinds import is_person_noun
from rtadapt.grammar.named import says_which
from rtadapt.grammar.owners import settled
from rtadapt.grammar.phrases import Phrase, phrase, spelled
from rtadapt.grammar.pieces import Part, Sentence
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

# Roles that one person at a time holds.
_ONE_HOLDER = word_set(
    """president minister chief executive head coach captain chairman chairwoman chair mayor governor king queen director
    manager owner secretary editor boss ceo leader premier chancellor spokesman spokeswoman wife husband father mother
    chairperson principal founder"""
)
# Offices of which a town or a country has one.
_OFFICES = word_set("mayor councillor councilor governor president minister premier chancellor chief commissioner")
# Roles of a state, a town or a family: not of the firm or the club that a story is about.
_STATES_OWN = word_set("""president minister mayor governor king queen secretary premier chancellor leader wife husband father
    mother owner principal""")
_NO_PERSON = word_set("EVENT DATE GPE LOC FAC WORK_OF_ART NORP LAW")
_KINDS_OF_PLACES = word_set(
    """city town capital country village island state nation region province port suburb district resort territory republic
    kingdom colony municipality community county area home site member park lake river mountain desert street square neighbourhood
    neighborhood hub archipelago peninsula stronghold centre center part spot place"""
)
_TELLING_WORDS = 3
_AGED = re.compile(r"^(\d{1,3})-year-old$")


def identities(sentence: Sentence, place: str = "") -> Iterator[Clause]:
    """Clauses like "Ines Valcourt is the chief executive of Quill Labs" and "Holt is 54 years old"."""
    if sentence.span.text.rstrip(' "”').endswith("?"):
        return
    for token in sentence.span:
        if quoted(token) or token.head == token:
            continue
        if token.dep_ == "appos":
            yield from _apposition(token, sentence, place)
        elif token.pos_ == "PROPN" and token.dep_ not in ("compound", "nmod", "poss"):
            yield from _role_before(token, sentence)
            yield from _age_before(token, sentence)


def _apposition(token: Token, sentence: Sentence, place: str) -> Iterator[Clause]:
    head = token.head
    if token.left_edge.i > 0 and (token.left_edge.nbor(-1).text == "(" or "e.g." in sentence.span.text):
        return
    if head.pos_ == "PROPN" and token.text.isdigit() and len(token.text) <= 2:
        name = sentence.phrase(head, frozenset(child.i for child in head.children if child.dep_ in ("conj", "cc")))
        if name is not None and name.kind in ("person", "name") and "," not in name.text:
            yield _aged(name, token.text, token.i, sentence)
        return
    if any(child.dep_ == "conj" for child in head.children) or any(child.dep_ in ("conj", "cc") for child in token.children):
        return
    between = token.doc[head.i + 1 : token.left_edge.i] if token.i > head.i else ()
    if any(part.text in (";", ":") or part.dep_ == "relcl" for part in between):
        return  # the head of a list, or of a clause in which another name stands nearer
    named, role = (token, head) if token.pos_ == "PROPN" and head.pos_ == "NOUN" else (head, token)
    if any(child.tag_ == "VBD" for child in role.lefts):
        return  # "The Falcons fired head coach Marcus Bell": a deed that the parser took for a quality
    if role.lemma_ in lexicon.DEEDS:
        return  # "agreed to buy Spirit, a deal that …": of the whole, not of the name before it
    if named.pos_ != "PROPN" or role.pos_ != "NOUN" or (named.i in sentence.references and sentence.references[named.i] == ""):
        return
    name = sentence.phrase(named)
    what = phrase_of_role(role, sentence)
    if name is not None and is_person_noun(role.lemma_.lower()) and (years := _years(role)):
        yield _aged(replace(name, kind="person"), years, token.i, sentence)
    if name is not None and what is not None and _present(role):
        yield from _named_role(name, _of_place(what, role, place), role, sentence, named.ent_type_)


def _of_place(what: Phrase, role: Token, place: str) -> Phrase:
    """The role with the story's place where a place has one of it and the text doesn't say of where."""
    if not place or what.named or role.lemma_.lower() not in _OFFICES or not what.text.startswith("the "):
        return what
    joint = "in" if " " in what.text[4:] else "of"
    return replace(what, text=f"{what.text} {joint} {place}", named=True)


def _age_before(token: Token, sentence: Sentence) -> Iterator[Clause]:
    """ "52-year-old Emil Kadar"."""
    for child in token.lefts:
        aged = _AGED.match(child.text)
        name = sentence.phrase(token) if aged else None
        if aged and name is not None:
            person = replace(name, text=re.sub(r"^\S*-year-old ", "", name.text), kind="person")
            yield _aged(person, aged.group(1), child.i, sentence)


def _years(role: Token) -> str:
    """How old somebody with a role is: "a 44-year-old vet", or "the man" where one such man alone was spoken of before."""
    own = next((found.group(1) for child in role.lefts if (found := _AGED.match(child.text))), "")
    if own or not any(child.lower_ == "the" for child in role.lefts) or len(list(role.lefts)) > 1:
        return own
    before = [token for token in role.doc[: role.sent.start] if token.lemma_ == role.lemma_ and token.tag_ == "NN"]
    ages = [found.group(1) for token in before for child in token.lefts if (found := _AGED.match(child.text))]
    return ages[0] if len(ages) == 1 and before and any(_AGED.match(child.text) for child in before[0].lefts) else ""


def _aged(person: Phrase, years: str, index: int, sentence: Sentence) -> Clause:
    age = Phrase(years, years, "measure", "year")
    return _is(person, Part("measure", f"{years} years old", index, "old", age), sentence)


def _role_before(token: Token, sentence: Sentence) -> Iterator[Clause]:
    """ "Quill Labs chief executive Ines Valcourt", "Finnish Prime Minister Petteri Orpo", "France's president, …"."""
    roles = [
        child
        for child in token.lefts
        if child.dep_ in ("compound", "nmod", "amod") and (child.ent_type_ != "PERSON" or child.pos_ == "NOUN")
    ]
    place = [child for child in token.lefts if child.dep_ in ("poss", "det", "compound", "nmod", "amod")]
    role = next((child for child in reversed(roles) if _one_holds(child)), None)
    if role is None or any(child.dep_ == "conj" for child in token.children) or not _present(role):
        return
    name_tokens = list(token.doc[role.i + 1 : token.i + 1])
    if not name_tokens or not all(other.pos_ == "PROPN" for other in name_tokens) or len(name_tokens) < 2:
        return
    before = token.doc[min(child.left_edge.i for child in place) : role.i + 1]
    if any(
        part.text == "," or part.lower_ in lexicon.PAST_ROLES or part.lower_ in ("a", "an", "his", "her", "their", "another")
        for part in before
    ):
        return
    if any(sentence.references.get(part.i) == "" for part in before):
        return
    bare = before[0].is_sent_start and is_word(before[0].lower_) and not any(part.text[:1].isupper() for part in before[1:])
    owner = not bare and any(part.ent_type_ in ("GPE", "ORG", "NORP") or part.dep_ == "poss" for part in before)
    words = spelled(before, sentence.references)
    if not owner and sentence.body and _inside(role, before):
        words = f"the {before.text.lower()} of {sentence.body}"
    elif not owner or (before[0].dep_ == "det" and len(before) < 3):
        return
    elif before[0].dep_ not in ("det", "poss") and not any(part.tag_ == "POS" for part in before):
        words = f"the {words}"
    words = _turned(settled(words)).replace("Prime Minister", "prime minister").replace("President", "president")
    name = "".join(other.text_with_ws for other in name_tokens).strip()
    person = Phrase(name, name, "person", name, named=True)
    yield _is(
        person,
        Part("attribute", words, role.i, phrase=Phrase(words, settled(words), "person", role.lemma_, named=True)),
        sentence,
    )


def _turned(words: str) -> str:
    """What is somebody's as a role of theirs, where the owner is a phrase: "the director of the hospice in Tenby"."""
    owned = re.fullmatch(r"(?P<owner>.+ (?:in|of|at) .+?)['’]s? (?P<role>[a-z][a-z -]*)", words)
    return f"the {owned['role']} of {owned['owner']}" if owned and is_person_noun(owned["role"].split()[-1]) else words


def _one_holds(role: Token) -> bool:
    """Whether one person at a time holds a role: a known one, or the head or chief of something."""
    chief = any(child.lower_ in ("head", "chief") for child in role.lefts) and is_person_noun(role.lemma_.lower())
    return role.lemma_.lower() in _ONE_HOLDER or chief


def _inside(role: Token, before: Span) -> bool:
    """Whether a role without an owner, right before a name, is one of whatever a story is about: its director, its coach."""
    if (
        before[0].dep_ == "det"
        or any(part.ent_type_ for part in before if part != role)
        or (before.start > 0 and before[0].nbor(-1).text in '"“')
    ):
        return False
    return _one_holds(role) and role.lemma_.lower() not in _STATES_OWN


def _named_role(name: Phrase, what: Phrase, role: Token, sentence: Sentence, head_kind: str) -> Iterator[Clause]:
    person = is_person_noun(role.lemma_.lower())
    if (
        (person and (name.kind not in ("person", "name") or head_kind in _NO_PERSON or re.search(r"\d", name.text)))
        or role.tag_ == "NNS"
        or (role.text[:1].isupper() and not role.is_sent_start)
        or what.kind in ("date", "money", "duration", "percent")
    ):
        return
    text, answer = settled(what.text), what.answer
    owned = re.match(r"(?P<owner>(?:the )?[A-Z0-9][^,]{0,40}?)['’]s? (?P<role>[a-z][^'’]*)$", text)
    if person and owned and is_person_noun(owned["role"].split(" of ")[0].split()[-1]):
        text = answer = f"the {owned.group('role')} of {owned.group('owner')}"
    elif person and _turned(text) != text:
        text = answer = _turned(text)
    if not person and not any(child.dep_ in ("det", "poss", "nummod") for child in role.lefts):
        return  # "Kelby Yard, 3 miles northwest of Lund"
    if not person and name.kind == "place" and what.noun not in _KINDS_OF_PLACES:
        return  # a list: "Norvania, a war in Estria and …"
    if not person and what.named and text.lower().startswith("the ") and _names_it(role):
        text, answer = f"{'an' if text[4:5].lower() in 'aeio' else 'a'} {text[4:]}", re.sub(r"^[Tt]he ", "", answer)
    bare = False
    if person and not text.startswith(("the ", "a ", "an ")) and not any(c.dep_ == "poss" for c in role.children):
        bare = what.noun not in _ONE_HOLDER
        text = f"the {text}" if not bare else f"a {text}"
    if not what.named and (text.lower().startswith("the ") or len(text.split()) < _TELLING_WORDS):
        return
    kind = "person" if person else "thing"
    subject = Phrase(
        name.text, name.answer, "person" if person else "name" if what.noun in lexicon.WORKS else name.kind, name.noun, named=True
    )
    yield _is(subject, Part("attribute", text, role.i, phrase=Phrase(text, answer, kind, what.noun, named=what.named)), sentence)


def _names_it(role: Token) -> bool:
    """Whether a name stands close behind what it is: "the Turkish yard Deniz"."""
    return any(child.dep_ == "appos" and says_which(child) for child in role.rights)


def _present(role: Token) -> bool:
    if any(word.lower_ in lexicon.HEDGES for word in role.doc[role.left_edge.i : role.i]):
        return False  # "previously coach of Lund"
    return not any(part.lower_ in lexicon.PAST_ROLES for part in role.subtree) and role.tag_ != "NNS"


def _is(subject: Phrase, part: Part, sentence: Sentence) -> Clause:
    return Clause(subject, (), "is", "be", "VBZ", (part,), sentence.span.text.strip())


def phrase_of_role(role: Token, sentence: Sentence) -> Phrase | None:
    """The role's own words, without the name that goes with it."""
    return phrase(role, sentence.references, sentence.names, frozenset(), own=True)
