"""What a story names, and the small questions about one word that following its references takes.

Takes spaCy tokens; gives answers about a single one. `coreference` keeps the story.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtadapt.grammar import lexicon
from rtadapt.grammar.clauses import named_after
from rtadapt.grammar.inflection import is_word
from rtadapt.grammar.kinds import SCORE, is_person_noun, named_kind
from rtadapt.grammar.named import describes, named_by, team
from rtadapt.grammar.phrases import kept
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Span, Token


LAUNCHES = word_set("""unveil launch release introduce announce open build publish present develop sell design make""")
FIRMS = word_set(
    """company firm startup carrier automaker chipmaker retailer maker lender airline manufacturer group club bank brand
    insurer publisher operator start-up firm brewery chain agency"""
)

# What "in" goes with when it isn't a place that follows: to star in a film, interest in a painter.
NOT_PLACED = word_set(
    """star appear feature act play invest believe interest investment stake role belief trust confidence faith hope share
    shares win lose specialize specialise part character performance"""
)
LABELS = {"PERSON": "person", "ORG": "org", "GPE": "place", "LOC": "place", "NORP": "norp"} | dict.fromkeys(
    ("FAC", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE"), "name"
)
_ONE_OF_PEOPLE = re.compile(r"(?:an|man|woman|Czech|Swede|Dane|Finn|Spaniard|Pole|Turk|Briton|Scot|Greek|Swiss|Serb|Croat)$")
_MISTAKEN = frozenset(["PERSON", "NORP", "PRODUCT", ""])
# Who does such a thing for a living, or a firm that does it: "miner Antara" beside "miner Rosa Quiroga".
_MAYBE_FIRMS = word_set(
    """miner builder brewer trader broker baker grocer jeweller jeweler butcher publisher developer driller refiner caterer
    shipper printer housebuilder homebuilder bookseller bookmaker investor insurer lender rival supplier"""
)
_MET = word_set("beat defeat face play host thrash edge rout trounce stun overcome hire fire sign draft visit trade")
_TEAM_ROLES = word_set("coach chairwoman chairman captain striker goalkeeper midfielder defender boss ceo")


@dataclass(slots=True)
class Mention:
    """Something that the story named: its words, its kind, and where it stood last."""

    text: str
    kind: str
    noun: str
    sentence: int
    subject: bool
    named: bool
    launched: bool = False
    token: int = -1
    plural: bool = False
    object: bool = False


def is_subject(head: Token) -> bool:
    """Whether a noun, or the noun that it stands beside, is the subject of a clause that tells the story."""
    while head.dep_ == "appos":
        head = head.head
    return head.dep_ in ("nsubj", "nsubjpass") and _main(head)


def name_only(words: list[Token], head: Token) -> list[Token]:
    """Of a phrase with a name as its head, the name and its number, without what describes it."""
    if head.pos_ != "PROPN":
        return words
    run = [head]
    while run[0].i - 1 in {word.i for word in words}:
        before = run[0].nbor(-1)
        if (
            not (
                before.pos_ == "PROPN"
                or before.text[:1].isupper()
                or before.dep_ == "det"
                or before.tag_ == "POS"
                or before.like_num
            )
            or before.text in lexicon.TITLES
            or describes(before)
        ):
            break
        run.insert(0, before)
    of = next(
        (child for child in head.rights if head.ent_type_ != "PERSON" and child.lower_ == "of" and child.i == head.i + 1), None
    )
    end = (
        next((child for child in of.rights if child.pos_ == "PROPN" or child.text[:1].isupper()), None)
        if of is not None
        else None
    )
    if end is not None and end.i - head.i <= 4 and end in words:
        run += list(head.doc[head.i + 1 : end.i + 1])
    after = head.doc[head.i + 1 : head.i + 3]
    if len(after) == 2 and after[0].text == "&" and after[1] in words:
        run += list(after)  # "Crumb & Co"
    while run[-1].i + 1 < len(head.doc) and run[-1].nbor(1).like_num and run[-1].nbor(1).i in {word.i for word in words}:
        run.append(run[-1].nbor(1))
    return run


def _plural_verb(verb: Token) -> bool:
    """Whether a verb or its auxiliary is in the plural: "Fenwick Albion have denied" is a club."""
    return any(child.lower_ in ("have", "are", "were") and child.dep_ in ("aux", "auxpass") for child in verb.lefts)


def hints(token: Token) -> Iterator[str]:
    """What the words around a name say about its kind."""
    if token.text in lexicon.ORG_ENDINGS or any(child.text == "&" for child in token.children):
        yield "org"
    mistaken = token.dep_ == "pobj" and token.head.lower_ == "in" and token.ent_type_ in _MISTAKEN
    numbered = token.doc[token.i + 1 : token.i + 2].text.isdigit()
    if mistaken and not numbered and token.head.head.lemma_ not in NOT_PLACED:
        yield "place"
    if token.text in lexicon.PLACE_ENDINGS:
        yield "name"
    if (
        token.dep_ == "nsubj"
        and token.tag_ == "NNP"
        and _plural_verb(token.head)
        and not any(c.dep_ == "conj" for c in token.children)
    ):
        yield "org"
    if token.dep_ == "pobj" and token.head.lower_ == "of" and token.head.head.lemma_.lower() in _TEAM_ROLES:
        yield "org"
    if _described_first(token):
        yield "person"
    grouped = team(token) and (token.dep_ != "pobj" or token.head.lower_ in ("against", "by"))
    if grouped and (token.ent_type_ == "PERSON" or token.head.lemma_ in _MET or SCORE.match(token.head.text)):
        yield "org"
    elif token.ent_type_ == "PERSON" and token.tag_ == "NNP" and token.i and token.nbor(-1).lower_ == "the":
        yield "name"  # "the Aqualine"
    for child in token.children:
        if child.dep_ == "relcl" and any(word.lower_ == "who" for word in child.lefts):
            yield "person"
        if child.dep_ == "appos" and child.like_num and child.text.isdigit() and len(child.text) <= 2:
            yield "person"
        if child.dep_ == "appos" and child.pos_ == "NOUN":
            if is_person_noun(child.lemma_.lower()):
                if not any(word.dep_ == "det" for word in token.lefts):  # "ending the Cold War, the last leader"
                    yield "person"
            elif child.lemma_.lower() in lexicon.ORG_NOUNS:
                yield "org"
        if child.dep_ == "compound" and (child.pos_ == "NOUN" or child.is_sent_start) and child.lower_ in lexicon.ORG_NOUNS:
            if token.doc[child.i + 1].pos_ == "PROPN":
                yield "org"  # "tyre maker Gripline"
        elif child.dep_ == "compound" and child.lemma_.lower() in _MAYBE_FIRMS and child.i == token.i - 1:
            yield "org"  # a single word, and nobody's first name
        elif child.dep_ == "compound" and (
            child.text in lexicon.TITLES or (child.pos_ == "NOUN" and is_person_noun(child.lemma_.lower()))
        ):
            yield "person"
    if token.dep_ == "appos" and token.head.pos_ == "NOUN":
        if is_person_noun(token.head.lemma_.lower()):
            yield "person"
        elif token.head.lemma_.lower() in lexicon.ORG_NOUNS:
            yield "org"
        elif token.head.lemma_.lower() in lexicon.WORKS:
            yield "name"


def _described_first(name: Token) -> bool:
    """Whether a sentence begins with a role and a name of two words that nothing is known of: "Defender Pablo Reyes"."""
    first = name.left_edge
    words = name.doc[first.i : name.i + 1]
    plain = not name.ent_type_ and first.is_sent_start and first.text not in lexicon.TITLES and len(words) == 3
    return bool(plain and is_person_noun(first.lower_) and all(word.pos_ == "PROPN" and not word.ent_type_ for word in words[1:]))


def is_launched(head: Token) -> bool:
    """Whether somebody brings something out: "released its album, Low Tide"."""
    thing = head.head if head.dep_ == "appos" else head
    return bool(thing.dep_ == "dobj" and thing.head.lemma_ in LAUNCHES)


def described_as(head: Token) -> str:
    """The common noun that says what a name is: "the shipyard Averill Marine", "Norrail, the railway company"; else its own."""
    beside = next((child for child in head.children if child.dep_ == "appos" and child.pos_ == "NOUN"), None)
    before = [child for child in head.lefts if child.pos_ == "NOUN" and child.dep_ in ("compound", "nmod")]
    if head.pos_ == "PROPN" and beside is None and before:
        beside = before[-1]
    if head.pos_ == "PROPN" and beside is None and head.left_edge.i > 0 and named_after(head.head.head, head):
        beside = head.head.head
    if head.pos_ == "PROPN" and beside is None and head.dep_ == "appos" and head.head.pos_ == "NOUN":
        beside = head.head
    return str((beside or head).lemma_).lower()


def bare_definite(token: Token) -> str:
    """The determiner of "the company", "this bridge": a noun that only points back; empty for others."""
    lefts = list(token.lefts)
    if token.lemma_.lower() in lexicon.TIME_NOUNS:
        return ""
    plain = len(lefts) == 1 or (
        token.lemma_.lower() in FIRMS and all(child.dep_ in ("det", "amod", "compound") for child in lefts)
    )
    points = bool(lefts) and lefts[0].dep_ == "det" and lefts[0].lower_ in ("the", "this", "that", "these", "those")
    described = any(
        child.dep_ in ("prep", "relcl", "acl", "appos") and child.left_edge.nbor(-1).text not in (",", "-", "–", "—")
        for child in token.rights
    )
    if plain and points and not described and named_by(token) is token:
        return str(lefts[0].lower_)
    return ""


def aged(token: Token) -> bool:
    """Whether a phrase like "the 23-year-old Brazilian" or "the American" stands for a person named before."""
    lefts = list(token.lefts)
    if not lefts or lefts[0].lower_ != "the" or token.dep_ in ("compound", "nmod", "amod") or token.tag_ in ("NNS", "NNPS"):
        return False
    of_people = len(lefts) == 1 and token.ent_type_ == "NORP" and token.dep_ in ("nsubj", "nsubjpass")
    if of_people and _ONE_OF_PEOPLE.search(token.text) and not any(token.rights):
        return True
    old = token.text.endswith("-year-old") or any(child.text.endswith("-year-old") for child in lefts)
    return old and (token.ent_type_ in ("NORP", "CARDINAL", "DATE", "") and token.ent_iob_ != "I")


def expletive(token: Token) -> bool:
    """Whether an "it" stands for nothing: it is likely that, it took a week to, it rained."""
    verb = token.head
    if token.lower_ != "it" or token.dep_ not in ("nsubj", "nsubjpass", "expl"):
        return False
    if verb.lemma_ == "be" and any(child.dep_ == "attr" and child.lemma_ in lexicon.DEEDS for child in verb.rights):
        return True  # "it had been the hardest decision of his life": what was told before
    later = [child for child in verb.rights if child.dep_ in ("ccomp", "csubj", "xcomp", "advcl")]
    chain = [verb, *(child for child in verb.rights if child.dep_ == "xcomp")]
    if any(word.lemma_ in ("cost", "take", "make", "help", "become") for word in chain) and any(
        child.dep_ in ("xcomp", "advcl", "ccomp") and any(part.lower_ == "to" for part in child.lefts)
        for word in chain[-1:]
        for child in word.rights
    ):
        return True
    return (
        token.dep_ == "expl" or verb.lemma_ in ("rain", "snow", "take", "seem", "appear") or (verb.lemma_ == "be" and bool(later))
    )


def doer_of(token: Token) -> frozenset[int]:
    """The places of the subject of the clause whose object a pronoun is: "Nair called him" isn't about Nair."""
    verb = token.head if token.head.pos_ != "ADP" else token.head.head
    subject = next((child for child in verb.lefts if child.dep_ in ("nsubj", "nsubjpass")), None)
    if subject is None or token.dep_ not in ("dobj", "pobj", "dative", "nsubj") or subject == token:
        return frozenset()
    return frozenset([subject.i, *(child.i for child in subject.children if child.dep_ == "appos")])


def words_of(head: Token, found: Mapping[int, str]) -> list[Token]:
    """The words of a phrase, without the relative clause of one that is named without it: "the hospice in Tenby that …"."""
    clauses = frozenset(token.i for token in head.subtree if token.dep_ == "relcl" and token.i > head.i)
    short = kept(head, found, clauses)
    return short if any(token.pos_ == "PROPN" for token in short) else kept(head, found)


def kind_of_mention(head: Token, names: Mapping[str, str], named: bool) -> str:
    """What a name stands for, or a common noun with a name in it: "the museum of Vessel" is a body."""
    noun = head.lemma_.lower()
    if head.pos_ == "PROPN" and not (head.is_sent_start and not head.ent_type_ and is_word(head.lower_)):
        return named_kind(head, names)
    return "person" if is_person_noun(noun) else "org" if named and noun in lexicon.ORG_NOUNS else "thing"


def teller_of(token: Token) -> int:
    """The place of whoever says what a word stands in; -1 where nobody does."""
    verb = next((up for up in token.ancestors if up.pos_ in ("VERB", "AUX")), token)
    if verb.dep_ != "ccomp" or verb.head.lemma_ not in lexicon.REPORTS:
        return -1
    return next((int(child.i) for child in verb.head.children if child.dep_ in ("nsubj", "nsubjpass")), -1)


def object_before(sent: Span) -> bool:
    """Whether the sentence before is about something that it calls "it" and that is not its subject."""
    before = sent.doc[sent.start - 1].sent if sent.start else ()
    return any(token.lower_ == "it" and token.dep_ in ("dobj", "pobj", "dative") for token in before)


def _main(head: Token) -> bool:
    """Whether a subject is that of a main clause or of what somebody said."""
    return head.head.dep_ in ("ROOT", "conj", "ccomp", "parataxis", "relcl", "advcl")


def only(mentions: list[Mention]) -> Mention | None:
    """The mention, when all are of the same thing."""
    return mentions[0] if mentions and len({mention.text for mention in mentions}) == 1 else None
