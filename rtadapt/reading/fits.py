"""Whether an answer is what an English question asks for, and belongs to what it asks about.

Owns the slots of questions, the roles in a clause (who did it, to whom), and which of several like values in a sentence goes
with which name or qualifier. Takes the answer's place in a parsed sentence and the question; gives yes or no.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rtadapt.reading import cues
from rtadapt.reading.operators import verb_of
from rtadapt.reading.question import Asked, is_name, terms_of
from rtadapt.reading.values import canonical, numbers_in
from rtadapt.words import flat_words, stem

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_VALUES = frozenset(("DATE", "TIME", "MONEY", "PERCENT", "CARDINAL", "ORDINAL", "QUANTITY"))
_TIMELY = cues.word_set(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december today tomorrow yesterday tonight morning afternoon evening night noon midnight week month year
    day hour minute spring summer autumn winter fall season decade century weekend after before during when while since until
    now soon ago next last late early end start beginning christmas easter once as earlier later quarter date"""
)
_AMOUNTS = cues.word_set("dozen dozens several none all both half twice once few hundreds thousands millions no zero double couple free nothing")
_SEPARATORS = frozenset((",", ";", "—", "–", "(", "but", "and", "while", "whereas", "against", "versus", "or", "compared", "than", "to", "/", "followed"))
_COMPARED = re.compile(r"\b(?:compared (?:with|to)|up from|down from|versus|against|from|instead of|rather than|than)\s+(?:about |some |around |a |an |the )*$", re.IGNORECASE)
_EARLIER = re.compile(r"^\W*(?:\w+\W+){0,3}?(?:a (?:year|month|week|quarter) (?:earlier|ago|before)|last (?:year|month|week|season)|previously|the (?:year|month|previous)\w* before)", re.IGNORECASE)


def place_of(sentence: Span, answer: str) -> Span | None:
    """The tokens of `sentence` that are the answer, however it is spelled; the shortest such run."""
    wanted = [word for word in canonical(answer)]
    while len(wanted) > 1 and wanted[0] in ("on", "in", "at", "by", "to", "from", "for", "it", "is"):
        del wanted[0]
    longest = len(flat_words(answer)) + 5
    for length in range(1, min(longest, len(sentence)) + 1):
        for start in range(len(sentence) - length + 1):
            if list(canonical(sentence[start : start + length].text)) == wanted:
                return sentence[start : start + length]
    return None


def slot(place: Span, asks: Asked) -> bool:
    """Whether the answer is of the kind that the question asks for."""
    head = place.root
    text = place.text.casefold()
    held = {word for word in re.findall(r"[^\W\d]+", text)}
    if asks.kind in ("who", "whom"):
        timely = all(token.ent_type_ in _VALUES for token in place if not token.is_punct)
        return head.pos_ in ("NOUN", "PROPN", "PRON", "NUM", "X", "ADJ") and not timely and not _adverbial(place)
    if asks.kind == "when":
        return bool(held & _TIMELY or {word.rstrip("s") for word in held} & _TIMELY or re.search(r"\d", text))
    if asks.kind in ("how_many", "how_much", "how_old", "how_far"):
        return bool(numbers_in(text) or held & _AMOUNTS)
    if asks.kind == "where":
        return not all(token.ent_type_ in _VALUES | {"PERSON"} for token in place if token.is_alpha or token.like_num)
    return True


def _adverbial(place: Span) -> bool:
    """Whether the words say how somebody is, not who: injured, under pressure."""
    first = place[0]
    return (first.pos_ == "ADP" and first.dep_ == "prep") or (place.root.pos_ == "ADJ" and not any(is_name(token) for token in place) and place.root.dep_ == "acomp")


def swapped(place: Span, sentence: Span, asks: Asked) -> bool:
    """Whether the sentence gives the answer, or a name of the question, another part in the deed than the question does."""
    wanted = [token for token in asks.doc if token.tag_ in ("WP", "WP$", "WDT", "WRB") and token.lower_ in ("who", "whom", "which", "what", "that")]
    for verb in (token for token in asks.doc if token.pos_ == "VERB"):
        for found in (token for token in sentence if token.pos_ in ("VERB", "AUX")):
            same = cues.alike(stem(verb.lemma_.lower()), stem(found.lemma_.lower()))
            turned = {verb.lemma_, found.lemma_} in ({"lose", "beat"}, {"lose", "defeat"})
            if not same and not turned:
                continue
            here, there = _roles(verb), _roles(found)
            for token in [*wanted, *(token for token in asks.doc if is_name(token))]:
                role = next((name for name, words in here.items() if token.i in words), None)
                asked_for = token in wanted
                spots = range(place.start, place.end) if asked_for else [t.i for t in sentence if t.lower_ == token.lower_]
                other = next((name for name, words in there.items() if set(words) & set(spots)), None)
                expected = {"agent": "patient", "patient": "agent"}.get(role or "") if turned else role
                if role and other and expected != other:
                    return True
    return False


def _roles(verb: Token) -> dict[str, set[int]]:
    """The numbers of the tokens that do the deed of `verb` and that suffer it."""
    found: dict[str, set[int]] = {"agent": set(), "patient": set()}
    passive = any(child.dep_ in ("auxpass", "nsubjpass", "agent") for child in verb.children) or (verb.dep_ == "acl" and verb.tag_ == "VBN")
    for child in verb.children:
        if child.dep_ == "nsubj":
            _add(found["patient" if passive else "agent"], child)
        elif child.dep_ in ("nsubjpass", "dobj"):
            _add(found["patient"], child)
        elif child.dep_ == "agent":
            for word in child.children:
                _add(found["agent"], word)
    described = verb.dep_ in ("relcl", "acl") and verb.head.pos_ in ("NOUN", "PROPN")
    subject = next((child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass")), None)
    if described and (subject is None or subject.tag_ in ("WDT", "WP")):
        _add(found["patient" if passive else "agent"], verb.head)
    elif subject is None and verb.dep_ in ("conj", "xcomp", "advcl") and verb.head.pos_ in ("VERB", "AUX") and not passive:
        found["agent"] |= _roles(verb.head)["agent"] if verb.head != verb else set()
    return found


def _add(words: set[int], token: Token) -> None:
    """The noun with its names and conjuncts, without what relative clauses and participles say of it."""
    words.add(token.i)
    for child in token.children:
        if child.dep_ in ("compound", "conj", "nmod", "det", "poss", "amod", "flat") or (child.dep_ == "appos" and is_name(child)):
            _add(words, child)


def part_of_measure(place: Span, asks: Asked) -> bool:
    """Whether the number is only by how much something differs or changed, or a bound, while the question asks how much it is."""
    if not numbers_in(place.text):
        return False
    sentence = place.sent
    after = [token for token in sentence.doc[place.end : min(place.end + 2, sentence.end)]]
    before = sentence.doc[sentence.start : place.start].text.casefold()
    if any(token.lower_ in cues.COMPARATIVES and asks.doc.vocab is not None for token in after[:2]) and not _compares(asks):
        if not (after[0].lower_ not in cues.COMPARATIVES and after[0].pos_ in ("ADP", "PUNCT", "CCONJ")):
            return True
    bounded = re.search(rf"\b(?:{'|'.join(cues.AT_MOST)})\s+(?:\W|us)*$", before + " ")
    if bounded and not re.search(r"\b(?:fewer|less|under|below|up to|at most|most|maximum|limit|within|long|top)\b", asks.doc.text.casefold()):
        return not place.text.casefold().startswith(cues.AT_MOST)
    verb = verb_of(place.root)
    if verb.lemma_.lower() in cues.CHANGES and not _compares(asks) and not asks.covered([stem(verb.lemma_.lower())]):
        hung = place.root if place.root.dep_ in ("dobj", "npadvmod", "pobj") else place.root.head
        return (hung.dep_ == "pobj" and hung.head.lower_ == "by") or (hung.dep_ in ("npadvmod",) and hung.head == verb)
    return False


def _compares(asks: Asked) -> bool:
    return asks.carries(cues.COMPARATIVES | cues.CHANGES | cues.word_set("difference change differ save discount expensive cheap cheaper percent increase by"))


def left_behind(place: Span, asks: Asked) -> bool:
    """Whether the value is the one that another is compared with: up from 15, 6 million a year earlier."""
    if not numbers_in(place.text) or asks.carries(cues.BACKWARD | frozenset(("from", "before", "initially", "originally", "start", "old"))):
        return False
    sentence = place.sent
    before = sentence.doc[sentence.start : place.start].text_with_ws
    after = sentence.doc[place.end : sentence.end].text
    if re.match(r"from\b", place.text.casefold()):
        return False
    compared = _COMPARED.search(before)
    if compared and compared.group().casefold().startswith("from"):
        return bool(re.match(r"^\W*(?:\w+\W+){0,3}?to\W+\S*\d", after)) and verb_of(place.root).lemma_.lower() in cues.CHANGES
    if compared and not asks.carries(frozenset(("than", "more", "less", "fewer", "over", "least", "most"))):
        more = re.search(r"\b(?:more|less|fewer|rather) than\s+(?:\w+ ){0,2}$", before, re.IGNORECASE)
        return not more and not compared.group().casefold().startswith(("than", "against", "versus"))
    return bool(_EARLIER.match(after))


def belongs_elsewhere(place: Span, sentence: Span, asks: Asked) -> bool:
    """Whether another value of the same kind in the sentence goes better with the question than the answer does."""
    values = _like(place, sentence, asks)
    if len(values) < 2:
        return False
    at = next((number for number, value in enumerate(values) if value.start <= place.start < value.end or place.start <= value.start < place.end), None)
    if at is None:
        return False
    if any(token.lower_ == "respectively" for token in sentence):
        return _out_of_order(values, at, sentence, asks)
    scores = [len(asks.covered(terms)) for terms in _segments(values, sentence)]
    return max(scores) > scores[at]


def _kind(span: Span) -> str:
    words = canonical(span.text)
    unit = next((word for word in words if not re.match(r"-?\d", word)), "")
    return unit if unit in ("%", "usd", "eur", "gbp", "jpy", "inr") else "number"


def _like(place: Span, sentence: Span, asks: Asked) -> list[Span]:
    """The values in the sentence that are of the answer's kind, in order, and that the question doesn't name."""
    if not numbers_in(place.text):
        return []
    mine = _kind(sentence.doc[place.start : min(place.end + 1, sentence.end)])
    found: list[Span] = []
    for token in sentence:
        if not numbers_in(token.text) or not (token.like_num or token.text[:1].isdigit() or token.text[:1] in "$€£") or token.dep_ == "prep":
            continue
        if token.lower_ in ("one", "first", "second") or (token.pos_ == "PROPN" and token.ent_type_ not in _VALUES):
            continue
        if token.ent_type_ == "DATE" and place.root.ent_type_ != "DATE" or token.lower_ in {word.lower_ for word in asks.doc}:
            continue
        near = sentence.doc[max(token.i - 1, sentence.start) : min(token.i + 3, sentence.end)]
        if found and token.i <= found[-1].end:
            continue
        if _kind(near) == mine and _is_date(token) == _is_date(place.root):
            found.append(sentence.doc[token.i : token.i + 1])
    return found


def _is_date(token: Token) -> bool:
    return token.ent_type_ in ("DATE", "TIME")


def _segments(values: list[Span], sentence: Span) -> list[frozenset[str]]:
    """For each value the content words that go with it. What stands before the first goes with all that have no subject of their own."""
    cuts = [sentence.start]
    for one, other in zip(values, values[1:], strict=False):
        between = [token.i for token in sentence.doc[one.end : other.start] if token.lower_ in _SEPARATORS]
        cuts.append(between[-1] if between and not _counted(one, other) else one.end if between else -1)
    cuts.append(sentence.end)
    bounds = [(cuts[at], next(cut for cut in cuts[at + 1 :] if cut >= 0)) for at in range(len(values))]
    bounds = [(next(cut for cut in reversed(cuts[: at + 1]) if cut >= 0), end) for at, (_, end) in enumerate(bounds)]
    shared = terms_of(sentence.doc[sentence.start : values[0].start])
    found: list[frozenset[str]] = []
    for start, end in bounds:
        part = sentence.doc[start:end]
        own = any(token.dep_ in ("nsubj", "nsubjpass") for token in part) or any(is_name(token) for token in part)
        inherits = start != sentence.start and not own
        found.append(terms_of(part) | (shared if inherits else _verbs(shared, sentence)))
    return found


def _verbs(shared: frozenset[str], sentence: Span) -> frozenset[str]:
    """Of shared terms those that are no names: a gap leaves out the verb and the noun, never whom it is about."""
    named = {stem(word) for token in sentence if is_name(token) for word in flat_words(token.text)}
    return shared - named


def _counted(one: Span, other: Span) -> bool:
    return False


def _out_of_order(values: list[Span], at: int, sentence: Span, asks: Asked) -> bool:
    """Whether, by `respectively`, the question's name stands at another place among the names than the answer among the values."""
    heads = [token for token in sentence if token.pos_ in ("PROPN", "NOUN") and token.i < values[0].start and (token.conjuncts or token.dep_ == "conj")]
    listed = [token for token in heads if len(token.conjuncts) + 1 == len(values)]
    places = [number for number, token in enumerate(listed[: len(values)]) if asks.covered(terms_of(token.subtree) - {t for c in token.conjuncts for t in terms_of([c])})]
    return len(places) == 1 and places[0] != at


def other_qualifier(place: Span, sentence: Span, asks: Asked) -> bool:
    """Whether the words around the answer say the opposite of a word of the question, and not the word itself."""
    verb = verb_of(place.root)
    near = {token.lemma_.lower() for token in (*verb.children, verb, *place.root.subtree, *place.root.head.children, place.root.head)}
    for word in asks.lemmas & frozenset(cues.OPPOSITES):
        said = {token.lemma_.lower() for token in sentence} | {token.lower_ for token in sentence}
        if near & cues.OPPOSITES[word] and word not in said and not any(cues.alike(stem(word), stem(other)) for other in said):
            return True
    return False


def other_holder(place: Span, asks: Asked) -> bool:
    """Whether the answer holds another office than is asked for: deputy mayor, one of the owners, a director."""
    subtree = list(place.root.subtree)
    near = {token for token in (*subtree, *place.root.head.subtree)} if place.root.dep_ in ("appos", "compound", "nsubj", "attr", "nsubjpass") else set(subtree)
    for token in near:
        if token.pos_ not in ("NOUN", "PROPN") or not asks.covered(terms_of([token])) or is_name(token) and token.lemma_.lower() in asks.names:
            continue
        words = {child.lower_ for child in token.children} | {token.nbor(-1).lower_ if token.i else ""}
        if words & cues.UNLIKE and not asks.carries(frozenset(words & cues.UNLIKE)):
            return True
        several = token.head.lower_ == "of" and token.head.head.lower_ in ("one", "some", "two", "many", "member")
        single = re.search(rf"\bthe (?:\w+ )?{re.escape(token.lemma_.lower())}\b", asks.doc.text.casefold())
        if several and single:
            return True
    return False


def former(place: Span, asks: Asked) -> bool:
    """Whether the noun that the question asks about is called a former one beside the answer."""
    if asks.carries(cues.FORMER | cues.BACKWARD):
        return False
    before = place.sent.doc[max(place.start - 8, place.sent.start) : place.start]
    inside = {*place, *place.root.subtree, *before}
    for token in inside:
        if token.lower_ in cues.FORMER and (token in list(place.root.subtree) or token.head == place.root or token.head.head == place.root or token.i >= place.start):
            return token.lower_ not in ("late", "past", "old", "last") or token.dep_ == "amod" and token.head == place.root and token.lower_ != "old"
    return False
