"""The pieces of a clause after its verb: objects, attributes, adjuncts, and what of them can be asked for.

Takes a verb in a parsed sentence; adds its parts, those of the verbs that it governs included.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rtadapt.grammar import lexicon
from rtadapt.grammar.hung import after_what, dated, hangs_on_aim, of_somebody, role_before_name, stands_alone
from rtadapt.grammar.kinds import SCORE
from rtadapt.grammar.phrases import Phrase, kept, spelled
from rtadapt.grammar.pieces import (
    Part,
    Sentence,
    bracketed,
    by_its_maker,
    further,
    how_often,
    meaning,
    of_the_reason,
    of_the_report,
    plain,
    special,
    speech,
    votes_of,
    who_pays,
    whose,
    with_year,
)
from rtadapt.grammar.prepositions import REASONS, governed, role_of
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token


_BLAMED = word_set("fine jail charge criticize criticise praise sue arrest ban apologize apologise sentence honor honour thank")
_TIME_WORDS = word_set("yesterday tomorrow tonight today overnight")
_LIMITING = word_set("without unlike except minus like despite")
_NO_PARTS = word_set("nsubj nsubjpass aux auxpass punct cc conj mark neg intj dep meta preconj parataxis")
_BOUNDS = word_set("since until till before after during following")


def gather(verb: Token, sentence: Sentence, parts: list[Part]) -> bool:
    """Add the parts of a verb. False when one of them makes the clause unfit to be asked about."""
    for child in verb.children:
        if child.dep_ in _NO_PARTS or bracketed(child) or of_the_report(child, verb):
            continue
        if role_before_name(child):
            continue
        before = after_what(child)
        if child.dep_ in ("dobj", "attr") and any(one.dep_ == "conj" and verb.i < one.i < child.i for one in verb.children):
            return False  # an object behind another verb: that one's, or that verb is this one's
        if child.dep_ in ("dobj", "attr") and before == "," and any(p.role == "object" for p in parts):
            continue
        if child.dep_ in ("dobj", "attr", "npadvmod") and before in ("–", "—", "--"):
            continue  # "are pending in court – the most on record" says it of the whole
        if child.dep_ in ("dobj", "attr", "dative", "oprd") and child.pos_ not in ("VERB", "ADP"):
            if not _noun(child, sentence, parts):
                return False
        elif child.dep_ == "acomp" or (child.dep_ == "oprd" and child.pos_ != "VERB"):
            _quality(child, sentence, parts)
        elif child.dep_ in ("prep", "agent", "dative"):
            if not prepositional(child, sentence, parts) and not _word_for_word(child, sentence, parts):
                return False
        elif child.dep_ == "npadvmod":
            if not _adverbial_noun(child, sentence, parts):
                return False
        elif child.dep_ == "prt":
            parts.append(Part("fixed", child.text, child.i))
        elif child.dep_ == "advmod":
            if not _adverb(child, verb, sentence, parts) and not _word_for_word(child, sentence, parts):
                return False
        elif child.dep_ == "xcomp":
            if verb.lemma_ == "be" and child.tag_ == "VB":
                return False  # "the plan is to build": nothing is built yet
            if any(part.dep_ == "neg" for part in child.children) or child.pos_ not in ("VERB", "AUX", "ADJ", "NOUN"):
                return False
            words = [part.text for part in child.lefts if part.dep_ in ("aux", "auxpass")] + [child.text]
            parts.append(Part("fixed", " ".join(words), child.i))
            if not gather(child, sentence, parts):
                return False
        elif child.dep_ == "advcl":
            if not _adverbial_clause(child, verb, sentence, parts) and not _aside(child):
                return False
        elif child.dep_ in ("ccomp", "csubj", "pcomp"):
            if child.dep_ == "ccomp" and verb.lemma_ in ("mean", "indicate") and child.i > verb.i and plain(child):
                parts.append(meaning(child))
                return True
            if child.i < verb.i or not any(part.dep_ == "aux" and part.lower_ == "to" for part in child.lefts):
                if child.i < verb.i and any(part.dep_ in ("nsubj", "nsubjpass") for part in child.children):
                    continue
                if verb.lemma_ in lexicon.REPORTS or not _whole(child, "fixed", sentence, parts, essential=True):
                    return False
                continue
            if not _whole(child, "fixed", sentence, parts, essential=True):
                return False
    return True


def _word_for_word(child: Token, sentence: Sentence, parts: list[Part]) -> bool:
    """Take a piece that can't be asked for as it stands, or leave it out where the clause is whole without it."""
    if child.lower_ in _LIMITING | lexicon.HEDGES or child.tag_ == "WRB" or child.pos_ not in ("ADP", "SCONJ", "ADV"):
        return False
    return _whole(child, "fixed", sentence, parts, essential=child.i > child.head.i) or _aside(child)


def _aside(child: Token) -> bool:
    """Whether a piece only adds to its clause: it stands behind a comma, or the clause has its object without it."""
    if child.dep_ == "prep" and child.lower_ != "to" and any(one.dep_ in ("dobj", "nsubjpass") for one in child.head.children):
        return True
    return child.left_edge.i > child.head.i and child.left_edge.nbor(-1).text in (",", "—", "–", ";")


def _noun(head: Token, sentence: Sentence, parts: list[Part]) -> bool:
    person = head.pos_ == "PROPN"
    loose = [prep for prep in head.rights if (of_somebody(prep, head, sentence) if person else stands_alone(prep, sentence))]
    loose += further(head, loose)
    found = sentence.phrase(head, frozenset(prep.i for prep in loose))
    if found is None:
        return False
    role = {"dobj": "object", "attr": "attribute", "dative": "recipient", "oprd": "title"}[head.dep_]
    if role == "title" and head.ent_type_ == "PERSON" and any(child.lower_ == "as" for child in head.head.rights):
        role = "object"  # whom they named, and not what: "named Ana Ruiz, a surgeon, as its head"
    score = next((token for token in head.subtree if SCORE.match(token.text)), None)
    if found.kind == "score":
        return True
    paid = who_pays(head, found, sentence)
    if paid is not None:
        whom, found = paid
        parts.append(whom)
        loose += [prep for prep in head.rights if prep.dep_ == "prep" and prep not in loose]
    said = role == "title" and head.left_edge.i > 0 and head.left_edge.nbor(-1).text in '"“'
    parts.append(
        Part(
            role,
            found.text,
            head.i,
            phrase=None if said or (role == "title" and head.tag_ == "JJ" and head.head.lemma_ == "call") else found,
            governor=head.head.lemma_,
        )
    )
    if score is not None:
        parts.append(Part("score", score.text, score.i, phrase=Phrase(score.text, score.text, "score", "score"), essential=False))
    return all(prepositional(prep, sentence, parts) for prep in loose)


def _quality(head: Token, sentence: Sentence, parts: list[Part]) -> None:
    measure = next((child for child in head.children if child.dep_ == "npadvmod"), None)
    if measure is not None:
        found = sentence.phrase(measure)
        if found is not None:
            whole = f"{found.text} {head.text}" if measure.i < head.i else f"{head.text} {found.text}"
            parts.append(Part("measure", whole, head.i, head.lower_, phrase=found))
    else:
        words = [
            child.text
            for child in head.lefts
            if child.dep_ in ("advmod",) and child.lower_ in ("very", "fully", "more", "most", "too")
        ]
        parts.append(Part("fixed", " ".join([*words, head.text]), head.i))
    for child in head.rights:
        if child.dep_ == "prep":
            prepositional(child, sentence, parts)
        elif child.dep_ == "xcomp":
            words = [part.text for part in child.lefts if part.dep_ in ("aux", "auxpass")] + [child.text]
            parts.append(Part("fixed", " ".join(words), child.i))
            gather(child, sentence, parts)
        elif child.dep_ == "npadvmod" and child != measure:
            _adverbial_noun(child, sentence, parts)


def prepositional(prep: Token, sentence: Sentence, parts: list[Part]) -> bool:
    """Add what a preposition leads to. False when that makes the clause unfit to be asked about."""
    preposition, noun = governed(prep)
    if preposition == "without" and noun is not None and len(list(noun.subtree)) <= 3:
        return _whole(prep, "fixed", sentence, parts, essential=True)
    if preposition.startswith(("according", "despite", "including", "such", "like", "without", "unlike", "except", "minus")):
        return preposition.startswith(("according", "despite", "including", "such"))
    if preposition == "as with" or (preposition == "with" and prep.i > prep.head.i and prep.nbor(-1).text == ","):
        return True
    if noun is None:
        return _doing(prep, preposition, sentence, parts)
    loose = [
        deep
        for deep in noun.children
        if deep.dep_ == "prep"
        and stands_alone(deep, sentence)
        and (prep.dep_ == "agent" or (preposition not in _BOUNDS and dated(deep, sentence)))
    ]
    found = sentence.phrase(noun, frozenset(deep.i for deep in loose))
    for deep in loose:
        prepositional(deep, sentence, parts)
    if (
        preposition == "to"
        and found is not None
        and any(child.lower_ == "up" and child.dep_ == "prt" for child in prep.head.children)
    ):
        parts[:] = [part for part in parts if part.text != "up"]
        found = replace(
            found, count=f"up to {found.count}" if found.count else "", answer=f"up to {found.answer}", text=f"up to {found.text}"
        )
        parts.append(Part("object", found.text, prep.i, phrase=found, governor=prep.head.lemma_))
        return True
    if preposition == "in" and noun.lower_ == "order":
        return _whole(prep, "purpose", sentence, parts, essential=False) or True
    found = with_year(found, prep, noun)
    if found is None or not found.text:
        return preposition in REASONS or preposition in ("in", "at", "on", "after", "before", "during", "since", "following")
    if (own := special(prep, preposition, noun)) is not None:
        parts.append(own)
        return True
    if preposition == "to" and noun.like_num and any(part.role == "votes" for part in parts):
        return True
    modifiers = [
        prep.doc[child.left_edge.i : child.i + 1].text
        for child in prep.lefts
        if child.dep_ in ("advmod", "quantmod", "npadvmod") and child.lower_ not in lexicon.DROPPED_ADVERBS
    ]
    text = " ".join([*modifiers, preposition, found.text])
    role, essential = role_of(prep, preposition, found)
    if (role == "oblique" and of_the_reason(prep, found, parts)) or (by_its_maker(prep, found, parts)):
        return True
    if preposition in ("from", "at"):  # "from 4% to 5%", "at 8 am on Tuesday": the parser hangs the second onto the first
        for deep in prep.children:
            if deep.dep_ == "prep" and deep.lower_ in ("to", "on") and deep.i > noun.i:
                prepositional(deep, sentence, parts)
    if role == "reason":
        found = replace(found, answer="".join(token.text_with_ws for token in prep.doc[prep.i : prep.right_edge.i + 1]).strip())
    parts.append(Part(role, text, prep.i, preposition, found, essential and prep.i > prep.head.i, prep.head.lemma_))
    return True


def _doing(prep: Token, preposition: str, sentence: Sentence, parts: list[Part]) -> bool:
    """A preposition with a verb: "by placing an order" says how, "fined for polluting a river" says why."""
    if any(child.dep_ == "pcomp" and child.tag_ == "VBG" for child in prep.children):
        if preposition == "by":
            return _whole(prep, "manner", sentence, parts, essential=False) or True
        if preposition == "for" and (prep.head.lemma_ in _BLAMED or prep.head.head.lower_ == "fined"):
            return _whole(prep, "reason", sentence, parts, essential=False) or True
    return any(child.dep_ == "pcomp" for child in prep.children) and _whole(
        prep, "fixed", sentence, parts, essential=prep.head.i < prep.i and prep.lower_ in ("of", "from", "for", "to")
    )


def _adverbial_noun(head: Token, sentence: Sentence, parts: list[Part]) -> bool:
    """Add a noun that stands as an adverb. False for a name without a preposition, which the parser put in the wrong place."""
    found = sentence.phrase(head)
    if found is None:
        return True
    if parts and parts[-1].role in ("time", "hours") and parts[-1].index < head.i and parts[-1].text.endswith(f" {head.text}"):
        return True  # the month of "on 3 and 4 May"
    if (often := how_often(head)) is not None:
        parts.append(often)
        return True
    score = next((token for token in head.subtree if SCORE.match(token.text)), None)
    if head.head.lemma_ == "vote" and (votes := votes_of(head)) is not None:
        parts.append(votes)
    elif score is not None:
        if found.kind != "score":
            parts.append(Part("object", found.text, head.i, phrase=found))
        parts.append(Part("score", score.text, score.i, phrase=Phrase(score.text, score.text, "score", "score"), essential=False))
    elif found.kind in ("date", "year", "clock", "duration"):
        parts.append(Part("time", found.text, head.i, "", found, essential=False))
    elif found.kind in ("percent", "money"):
        parts.append(Part("object", found.text, head.i, phrase=found, governor=head.head.lemma_))
    elif not (head.left_edge.i > 0 and head.left_edge.nbor(-1).text == ","):
        parts.append(Part("fixed", found.text, head.i, essential=head.i > head.head.i))
        return not found.named
    return True


def _adverb(child: Token, verb: Token, sentence: Sentence, parts: list[Part]) -> bool:
    word = child.lower_
    if child.tag_ == "WRB" or word in lexicon.HEDGES:
        return False
    if SCORE.match(word):
        parts.append(Part("score", word, child.i, phrase=Phrase(word, word, "score", "score"), essential=False))
    elif word in _TIME_WORDS:
        parts.append(Part("time", child.text, child.i, "", Phrase(child.text, child.text, "date", word), essential=False))
    elif word in ("up", "down") and (by := next((part for part in child.children if part.dep_ == "npadvmod"), None)) is not None:
        amount = sentence.phrase(by)
        if verb.lemma_ == "be" and amount is not None and amount.kind == "percent":
            parts.append(Part("fixed", word, child.i))
            parts.append(Part("measure", amount.text, child.i, "much", amount))
            return all(prepositional(prep, sentence, parts) for prep in child.rights if prep.dep_ == "prep")
    elif child.left_edge.i > 0 and child.left_edge.nbor(-1).text == ",":
        return True
    elif child.i < verb.i and word in ("last", "first"):
        parts.append(Part("fixed", word, 9_999, essential=True))
    elif child.i > verb.i and word not in lexicon.DROPPED_ADVERBS:
        if any(part.dep_ in ("prep", "npadvmod", "advcl", "ccomp", "pcomp") for part in child.children):
            return _whole(child, "fixed", sentence, parts, essential=True)
        parts.append(Part("fixed", child.text, child.i, essential=True))
    return True


def _adverbial_clause(child: Token, verb: Token, sentence: Sentence, parts: list[Part]) -> bool:
    mark = next((part for part in child.lefts if part.dep_ in ("mark", "advmod", "prep") and part.tag_ in ("IN", "WRB")), None)
    to = any(part.dep_ == "aux" and part.lower_ == "to" for part in child.lefts)
    if to and child.tag_ != "VB":
        return False  # "linked to contaminated meat": no verb
    if to and mark is None and child.lemma_ == "be" and verb.tag_ != "VB":
        return _whole(child, "fixed", sentence, parts, essential=True)  # "found the plan to be sound"
    if to and mark is None and hangs_on_aim(child):
        return _whole(child, "fixed", sentence, parts, essential=True)  # "withdrew her bill to raise the wage"
    if to and mark is None:
        return _whole(child, "purpose", sentence, parts, essential=verb.tag_ == "VB") or True
    word = mark.lower_ if mark is not None else ""
    if word in lexicon.CONDITIONS:
        return _whole(child, "condition", sentence, parts, essential=True)
    if word in ("because", "after", "before", "when", "until", "once", "as") and any(
        part.dep_ in ("nsubj", "nsubjpass") for part in child.children
    ):
        return _whole(
            child, "reason" if word == "because" else "circumstance", sentence, parts, essential=word in ("until", "once")
        ) or word not in ("until", "once")
    return True


def _whole(head: Token, role: str, sentence: Sentence, parts: list[Part], essential: bool) -> bool:
    """Add a clause or phrase as it stands, with its references resolved."""
    tokens = kept(head, sentence.references)
    if any(token.dep_ == "neg" for token in head.subtree) or speech(list(head.subtree)):
        return False
    if not tokens or len(tokens) > 16 or whose(tokens, head):
        return False
    if any(sentence.references.get(token.i) == "" for token in tokens):
        return False
    if any(token.pos_ == "PRON" and token.i not in sentence.references and token.tag_ in ("PRP", "PRP$") for token in tokens):
        return False
    text = spelled(tokens, sentence.references)
    if role == "meaning" and tokens[0].lower_ == "that":
        tokens = tokens[1:]
    answer = "".join(token.text_with_ws for token in head.doc[tokens[0].i : tokens[-1].i + 1]).strip(" ,;")
    parts.append(Part(role, text, head.left_edge.i, phrase=Phrase(text, answer, "clause", head.lemma_), essential=essential))
    return True
