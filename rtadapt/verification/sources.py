"""Who says what a text says, and who of them may teach.

Owns attribution in English sentences (hearsay, rumours, quotations) and the choice of what readers may take from an event:
the newsroom's own text and an agent's turns. What customers, bots and quoted bystanders say is context.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rtadapt.reading.language import language_of
from rtadapt.records import Event, Speaker
from rtadapt.verification import cues
from rtadapt.verification.english import sentences_of
from rtadapt.verification.operators import chain
from rtadapt.verification.question import Asked, terms_of
from rtadapt.verification.verdicts import Reason
from rtadapt.words import sentences, word_set

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_QUOTATION = re.compile(r"[\"“„«]([^\"”“»]+)[\"”“»]")
_LEAST_QUOTED_WORDS = 4
"""A shorter quotation is a title, a nickname or a single expression; the sentence around it is still its writer's."""
_PASSIVE_HEARSAY = frozenset(
    [
        "believe",
        "think",
        "say",
        "rumor",
        "rumour",
        "report",
        "allege",
        "understand",
        "suppose",
        "suspect",
        "claim",
        "fear",
        "consider",
        "reckon",
        "presume",
        "assume",
    ]
)
_ARGUMENTS = frozenset(("dobj", "nsubj", "nsubjpass", "attr", "pobj"))
_HEARD = word_set(
    """report rumour rumor claim speculation allegation suggestion gossip theory idea notion belief hope fear
    possibility"""
)
_EARLIER_TEXT = word_set("it version article story report headline we post piece text item")
_CORRECTING = word_set("correction corrects corrected misstated wrongly incorrectly")
_TELLINGS = word_set("post report claim story say tweet")
_JOINING = frozenset(["of", "the", "and", "in", "a", "an", "to", "for", "on", "with"])
# What a thing does with a clause, and nobody claims: a light means, a receipt shows that.
_NO_CLAIMS = word_set("mean indicate show ensure require signal")
_OCCASIONS = word_set("following after amid over despite")
_UNKNOWING = (cues.UNOFFICIAL - cues.OFFICIAL) | word_set(
    """local witness campaigner activist lawyer many some others several few most everyone everybody
    speculation reporter"""
)
_PUBLISHED = word_set("post tweet blog thread leak comment video")
_QUOTES = word_set("cite quote interview")
_AT_SECOND_HAND = word_set("read hear understand")
_RECORDS = word_set(
    """record document expert economist analyst medium registry register rule law datum reading authority brand network maker
    manufacturer retailer carrier chain group team charity festival museum zoo school college hotel port"""
)
_INDEFINITE = frozenset(["a", "an", "one", "some", "many", "several", "another"])


def teachable(event: Event) -> list[str]:
    """The sentences of an event that may be taught, verbatim and in order; the rest is context.

    Of a transcript these are the agent's; of a story all but those that quote somebody who is no official source.
    """
    if event.turns:
        return [line for turn in event.turns if turn.speaker is Speaker.AGENT for line in sentences(turn.text)]
    if language_of(event.text) != "en":
        return sentences(event.text)
    return [line for line in sentences(event.text) if not any(quotes_bystander(found.span) for found in sentences_of(line))]


def quotes_bystander(sentence: Span, spot: Span | None = None) -> bool:
    """Whether a sentence hands on the words of somebody who is no official source, in quotation marks.

    With `spot`, only when that part of the sentence stands inside them. A title in quotation marks is nobody's words.
    """
    quoted = [found.span(1) for found in _QUOTATION.finditer(sentence.text) if not _is_title(found.group(1))]
    if sentence.text.count('"') % 2 == 1 or sentence.text.count("“") != sentence.text.count("”"):
        quoted.append((0, len(sentence.text)))
    if spot is not None:
        at = spot.start_char - sentence.start_char
        quoted = [(start, end) for start, end in quoted if start <= at < end]
    if not quoted:
        return False
    said = [
        token for token in sentence if token.pos_ in ("VERB", "AUX") and token.lemma_.lower() in cues.SAY_VERBS | cues.CLAIM_VERBS
    ]
    outside = [token for token in said if not any(start <= token.idx - sentence.start_char < end for start, end in quoted)]
    return not any(is_official(speaker) for verb in outside for speaker in _speakers(verb))


def _is_title(quoted: str) -> bool:
    """Whether words in quotation marks are a title or a single expression: few, or most of them capitalised."""
    words = [word for word in quoted.split() if word[:1].isalnum() and word.casefold() not in _JOINING]
    return len(words) < _LEAST_QUOTED_WORDS or 2 * sum(word[:1].isupper() or word[:1].isdigit() for word in words) > len(words)


def is_official(speaker: Token) -> bool:
    """Whether a speaker speaks for an organisation, holds an office or studied the matter."""
    named = {child.lemma_.lower() for child in speaker.subtree} | {speaker.lemma_.lower()}
    if speaker.pos_ != "PROPN" and speaker.lemma_.lower() in cues.UNOFFICIAL:
        return False
    if speaker.ent_type_ == "ORG" or named & cues.OFFICIAL:
        return True
    return speaker.pos_ == "PROPN" and _has_office(speaker)


def _has_office(name: Token) -> bool:
    """Whether the same document gives the holder of this name an office."""
    for token in name.doc:
        if token.text != name.text:
            continue
        near = [*token.children, token.head, *(grandchild for child in token.children for grandchild in child.children)]
        if any(word.lemma_.lower() in cues.OFFICIAL for word in near):
            return True
    return False


def hearsay(sentence: Span, asks: Asked, around: frozenset[int], stated: bool) -> bool:
    """Whether a sentence only hands on what is rumoured, believed or claimed, and the question doesn't ask for that.

    Only a question that the event's own writer asks (`stated`) may carry the doubt: other readers find plainer facts to ask for.
    An adverb of doubt counts where it belongs to one of the words with the numbers `around`.
    """
    for token in sentence:
        lemma = token.lemma_.lower()
        if stated and asks.carries(frozenset((lemma, token.lower_))) and lemma not in cues.SAY_VERBS:
            continue
        if token.lower_ in cues.HEDGE_ADVERBS and {token.head.i, token.head.head.i} & around:
            return True
        if (lemma in cues.HEDGE_NOUNS or token.lower_ in cues.HEDGE_NOUNS) and not _only_occasion(token, around):
            return True
        if token.pos_ in ("VERB", "AUX") and _only_claims(token):
            return True
        if token.lower_ == "according" and any(word.dep_ == "pobj" and _doubtful(word) for word in token.subtree):
            return True
        if token.lower_ == "whether" and token.head.head.lemma_ in ("be", "say", "know", "confirm") and asks.kind != "polar":
            return True
        by_whom = token.dep_ == "pobj" and token.head.lower_ in ("by", "from", "of")
        if by_whom and lemma in ("source", "rumour", "rumor", "fan", "insider") and token.head.head.lemma_ in _TELLINGS:
            return True
    return False


def only_handed_on(token: Token) -> bool:
    """Whether a word of telling hands on, whatever is asked, what somebody says who need not know."""
    lemma = token.lemma_.lower()
    if token.lower_ == "according":
        return any(word.dep_ == "pobj" and not _vouches(word) for word in token.subtree if word.head.head == token)
    if token.pos_ == "NOUN" and lemma in _PUBLISHED and token.dep_ in ("nsubj", "ROOT"):
        return any(
            _UNKNOWING & {word.lemma_.lower()} for child in token.children if child.dep_ == "prep" for word in child.subtree
        )
    if token.pos_ in ("VERB", "AUX") and lemma in _QUOTES:
        return any(_need_not_know(word) for child in token.children if child.dep_ == "dobj" for word in child.subtree)
    if token.pos_ not in ("VERB", "AUX") or lemma not in cues.SAY_VERBS | cues.CLAIM_VERBS:
        return False
    tellers = _tellers(token)
    if lemma in _AT_SECOND_HAND or not tellers or all(teller.pos_ == "PRON" for teller in tellers):
        told = {word.i for child in token.children if child.dep_ == "ccomp" for word in child.subtree}
        return any(_need_not_know(word) for word in token.sent if word.i not in told and word.pos_ not in ("VERB", "AUX"))
    by = [word for child in token.children if child.lower_ in ("by", "from") for word in child.subtree]
    return any(_need_not_know(teller) or _doubtful(teller) for teller in tellers) or any(map(_need_not_know, by))


def _need_not_know(word: Token) -> bool:
    """Whether a word, or what it is called beside it, means somebody who need not know what he or she tells."""
    beside = [child for child in word.children if child.dep_ in ("compound", "poss", "appos", "conj") and child.pos_ == "NOUN"]
    near = beside if word.pos_ in ("VERB", "AUX", "PROPN") else [word, *beside]
    return any({one.lower_, one.lemma_.lower()} & _UNKNOWING for one in near)


def _vouches(speaker: Token) -> bool:
    """Whether something is so according to such a speaker: an organisation, an office, a person by name, but no fan of theirs."""
    if any(_need_not_know(word) for word in speaker.subtree):
        return False
    named = any(child.pos_ == "PROPN" for child in (speaker, *speaker.children))
    return named or is_official(speaker) or speaker.lemma_.lower() in _RECORDS


def _tellers(verb: Token) -> list[Token]:
    """Who tells, also where the verb shares its subject with another: went out and told, left, saying."""
    found = [child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass")]
    found += [word for child in verb.children if child.dep_ == "agent" for word in child.children if word.dep_ == "pobj"]
    if found or verb.dep_ == "ROOT":
        return found
    if verb.dep_ in ("acl", "relcl", "appos"):
        return [verb.head]
    above = next((up for up in verb.ancestors if up.pos_ in ("VERB", "AUX")), None)
    return _tellers(above) if above is not None and verb.dep_ in ("conj", "advcl", "xcomp", "pcomp") else []


def _only_occasion(noun: Token, around: frozenset[int]) -> bool:
    """Whether allegations are only what something followed: he resigned after allegations of fraud, and resigned he has."""
    return noun.dep_ == "pobj" and noun.head.lower_ in _OCCASIONS and noun.head.head.pos_ == "VERB" and noun.i not in around


def only_reported(token: Token, before: Sequence[Span]) -> Reason | None:
    """Whether the statement at `token` is what a rumour or a report says, or what a correction says was wrong before."""
    corrected = any(word.lower_ in _CORRECTING for span in before for word in span)
    for found, reached in chain(token):
        if found.pos_ == "NOUN" and reached in ("acl", "relcl", "ccomp", "appos") and found.lemma_.lower() in _HEARD:
            return Reason.HEDGED
        if any(child.dep_ in ("acomp", "attr", "oprd") and child.lower_ in cues.FALSE_WORDS for child in found.children):
            return Reason.DENIED
        speakers = {speaker.lemma_.lower() for speaker in _speakers(found)} if found.lemma_.lower() in cues.SAY_VERBS else set()
        if corrected and reached == "ccomp" and speakers & _EARLIER_TEXT:
            return Reason.DENIED
    return None


def _only_claims(verb: Token) -> bool:
    lemma = verb.lemma_.lower()
    passive = any(child.dep_ in ("auxpass", "nsubjpass") for child in verb.children)
    says_that = any(child.dep_ in ("ccomp", "xcomp", "parataxis") for child in verb.children)
    aside = verb.dep_ in ("acl", "relcl", "parataxis", "ccomp", "conj") or (verb.dep_ == "ROOT" and says_that)
    if passive and lemma in _PASSIVE_HEARSAY:
        return any(child.dep_ in ("xcomp", "ccomp", "oprd") for child in verb.children) or verb.dep_ in ("ccomp",)
    if lemma in cues.CLAIM_VERBS and lemma not in ("feel", "seem", "appear", "contend", "bet", "dream", "argue", "suggest"):
        return says_that or (aside and verb.i > 0 and verb.nbor(-1).text in (",", "”", '"'))
    if lemma in ("seem", "appear", "suggest", "argue", "contend", "feel", "bet", "dream"):
        return says_that
    if (
        lemma not in _NO_CLAIMS
        and any(child.dep_ == "ccomp" for child in verb.children)
        and any(_doubtful(speaker) for speaker in _speakers(verb))
    ):
        return True
    if lemma in cues.SAY_VERBS:
        return any(_doubtful(speaker) for speaker in _speakers(verb)) and not (
            verb.dep_ == "ROOT"
            and not says_that
            and lemma in ("share", "read", "hear", "understand", "add", "reveal", "note", "post", "write", "confirm", "state")
        )
    return False


def _speakers(verb: Token) -> list[Token]:
    """Who does the saying: the verb's subject, or what `a fan wrote` hangs on when it is read as a description."""
    found = [child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass")]
    found += [word for child in verb.children if child.dep_ == "agent" for word in child.children if word.dep_ == "pobj"]
    if not found and verb.dep_ in ("acl", "relcl", "conj", "appos"):
        found = [verb.head]
    return found


def _doubtful(speaker: Token) -> bool:
    """Whether a speaker is known to be no official source. Named persons and definite nouns get the benefit."""
    lemma = speaker.lemma_.lower()
    if (lemma in cues.UNOFFICIAL and speaker.pos_ != "PROPN") or speaker.lower_ in ("i", "we", "you"):
        return True
    if any(child.dep_ in ("compound", "appos", "amod") and child.lemma_.lower() in cues.UNOFFICIAL for child in speaker.children):
        return True
    indefinite = any(child.dep_ == "det" and child.lower_ in _INDEFINITE for child in speaker.children)
    return indefinite and speaker.pos_ == "NOUN" and lemma not in cues.OFFICIAL


def denied(sentence: Span, later: bool, spot: Span, terms: frozenset[str], answer: str, asks: Asked) -> bool:
    """Whether `sentence` takes back what `spot` says: by name of it, or as a denial of the report just before it.

    `later` says that it comes after `spot`; `terms` are those that make up the statement, `answer` stands in it.
    """
    if asks.carries(cues.DENIALS | cues.FALSE_WORDS):
        return False
    cue = next((token for token in sentence if _denies(token)), None)
    said = terms_of(sentence)
    if cue is None:
        return False
    shared = {term for term in terms if any(cues.alike(term, other) for other in said)}
    full = answer.casefold() in sentence.text.casefold() and 2 * len(shared) >= len(terms)
    if not later:
        return full
    if full or cue.lower_ == "correction":
        return True
    within = cue.subtree if cue.pos_ == "VERB" else iter(sentence)
    below = {token.lemma_.lower() for token in within if token != cue and token.dep_ in _ARGUMENTS and token.tag_ != "WDT"}
    refers = bool(below & cues.REPORT_NOUNS)
    return refers or len(shared) > 1 or (cue.pos_ == "VERB" and len(below) == 1 and sentence.end - sentence.start <= 6)


def _denies(token: Token) -> bool:
    lemma = token.lemma_.lower()
    if lemma in cues.DENIALS and token.pos_ == "VERB":
        if any(child.dep_ == "dobj" and child.ent_type_ in ("MONEY", "CARDINAL", "QUANTITY") for child in token.children):
            return False  # to withdraw 300 euros
        return token.dep_ in ("ROOT", "conj", "ccomp", "advcl") and not any(child.dep_ == "neg" for child in token.children)
    if token.lower_ in cues.FALSE_WORDS or lemma in ("retraction", "correction", "hoax"):
        return bool(token.pos_ != "VERB")
    negated = any(child.dep_ == "neg" for child in token.head.children)
    said_of: bool = token.dep_ in ("acomp", "attr", "advmod")
    return negated and said_of and token.lower_ in ("true", "correct", "accurate", "so", "right")
