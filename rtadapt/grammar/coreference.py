"""What pronouns, short names and definite phrases of a story stand for, where that is plain.

Takes the parsed lines of a story in order; gives, for each line, the references by token. What can't be told is marked
unresolved, so that nothing is asked in its words. The rules are few and cautious: a pronoun is the last subject that fits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rtadapt.grammar import lexicon
from rtadapt.grammar.mentions import (
    FIRMS,
    LABELS,
    Mention,
    aged,
    bare_definite,
    described_as,
    doer_of,
    expletive,
    hints,
    is_launched,
    is_subject,
    kind_of_mention,
    name_only,
    object_before,
    only,
    teller_of,
    words_of,
)
from rtadapt.grammar.named import cut_off, named_by
from rtadapt.grammar.owners import once_first, settled
from rtadapt.grammar.phrases import spelled
from rtadapt.grammar.setting import Setting, setting_of
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token
_HE = word_set("he him his himself")
_SHE = word_set("she her hers herself")
_IT = word_set("it its itself")
_WE = word_set("we our us ours ourselves")
_YOU = {"you": "I", "your": "my", "yours": "mine", "yourself": "myself"}
_THEY = word_set("they them their theirs themselves")
_BODIES = word_set("org name place")
_TOWNS = word_set("city town village island")
_OF_WHAT_IS_NEW = word_set("cost open last measure weigh carry seat hold stretch feature include replace link cover")
_REACH_SENTENCES = 2
_UNCLEAR = "?"
_OF_VERBS = word_set("again soon also yesterday tomorrow")
"""A phrase with such a word has a verb in it that the parser took for a noun: "the night ferry to Sull runs again"."""


@dataclass(slots=True)
class Story:
    """What is known so far of one story: its mentions in order, the sex of its persons, the kinds of its names."""

    names: dict[str, str] = field(default_factory=dict)
    mentions: list[Mention] = field(default_factory=list)
    sex: dict[str, str] = field(default_factory=dict)
    full: dict[str, str] = field(default_factory=dict)
    works: set[str] = field(default_factory=set)
    sentence: int = 0
    setting: Setting = field(default_factory=Setting)
    topic: Mention | None = None
    bodies: dict[int, str] = field(default_factory=dict)

    def learn(self, docs: list[Doc]) -> None:
        """Decide for every name what it names, from all the places where it stands, and where the story plays."""
        if not self.setting.place:
            self.setting = setting_of(docs)
        votes: dict[str, Counter[str]] = {}
        for doc in docs:
            for entity in doc.ents:
                kind = LABELS.get(entity.label_)
                quoted = entity.start > 0 and entity[0].nbor(-1).text in '"“' and doc[entity.end : entity.end + 1].text in '"”'
                if entity.label_ == "WORK_OF_ART" or quoted:
                    self.works.add(entity.root.text.casefold())
                if kind and entity.root.pos_ == "PROPN":
                    votes.setdefault(entity.root.text.casefold(), Counter())[kind] += 1
            for token in doc:
                if token.pos_ == "PROPN" and token.dep_ != "compound":
                    for kind in hints(token):
                        votes.setdefault(token.text.casefold(), Counter())[kind] += 4
        for word in self.works:
            votes.setdefault(word, Counter())["name"] += 9
        self.names.update({word: counted.most_common(1)[0][0] for word, counted in votes.items()})

    def resolve(self, doc: Doc, agent: bool, topic: str) -> dict[int, str]:
        """The references of one line. `agent` says that "you" is the asker and "we" the `topic`'s company."""
        found: dict[int, str] = {}
        self.bodies = {}
        for sent in doc.sents:
            self.sentence += 1
            self.bodies[sent.start] = self._body("")
            for token in sent:
                self._refer(token, sent, found, agent, topic)
                if token.pos_ in ("NOUN", "PROPN") and token.dep_ not in ("compound", "nmod"):
                    self._mention(token, found)
        return found

    def _refer(self, token: Token, sent: Span, found: dict[int, str], agent: bool, topic: str) -> None:
        word = token.lower_
        if token.pos_ == "PRON" or token.tag_ in ("PRP", "PRP$"):
            if word in _HE or word in _SHE:
                found[token.i] = self._person(token, sent, "he" if word in _HE else "she")
            elif word in _IT:
                found[token.i] = "" if expletive(token) else self._thing(token, sent)
            elif word in _THEY:
                found[token.i] = self._several(token)
            elif agent and word in _YOU:
                found[token.i] = "me" if word == "you" and token.dep_ in ("dobj", "pobj", "dative") else _YOU[word]
            elif word in _WE or word in ("i", "my", "me", "mine", "you", "your"):
                found[token.i] = topic if agent and word in _WE else ""
            elif (
                (word in ("this", "that", "these", "those") and token.dep_ not in ("mark", "det", "nsubj", "nsubjpass", "dobj"))
                or word in ("this", "these", "those")
                or (word == "that" and token.tag_ == "DT")
            ):
                found[token.i] = ""
        elif (
            token.pos_ == "PROPN"
            and not aged(token)
            and token.dep_ not in ("compound", "nmod")
            and not any(child.pos_ == "PROPN" and child.dep_ == "compound" for child in token.lefts)
        ):
            whole = self.full.get(token.text, "")
            if whole and whole != token.text:
                found[token.i] = whole
        elif (
            token.pos_ == "NOUN"
            and token.is_sent_start
            and token.dep_ != "compound"
            and self.full.get(token.text, token.text) != token.text
        ):
            found[token.i] = self.full[token.text]
        elif aged(token):
            found[token.i] = self._person(token, sent, "")
        elif token.pos_ == "NOUN" and (determiner := bare_definite(token)):
            meant = self._definite(token)
            if meant:
                found[token.i] = "" if meant == _UNCLEAR else meant
            elif determiner in ("this", "that", "these", "those"):
                found[token.i] = ""

    def _recent(self, token_sentence: int) -> Iterator[Mention]:
        seen: set[str] = set()
        for mention in reversed(self.mentions):
            if token_sentence - mention.sentence > _REACH_SENTENCES:
                return
            if mention.text not in seen:
                seen.add(mention.text)
                yield mention

    def _own_subject(self, token: Token) -> Mention | None:
        """The subject of the clause in which a possessive stands: "which was fined over its pumps"."""
        if token.tag_ != "PRP$":
            return None
        verb = token.head
        while verb.pos_ not in ("VERB", "AUX") and verb.head != verb:
            verb = verb.head
        subject = next((child for child in reversed(list(verb.lefts)) if child.dep_ in ("nsubj", "nsubjpass")), None)
        if subject is None or subject.i >= token.i or token in subject.subtree:
            return None
        index = verb.head.i if subject.tag_ in ("WDT", "WP") else subject.i
        return next((m for m in reversed(self.mentions) if m.sentence == self.sentence and m.token == index), None)

    def _person(self, token: Token, sent: Span, sex: str) -> str:
        own = self._own_subject(token)
        if own is not None and own.kind == "person" and own.named and self.sex.get(own.text, sex or "he") in (sex, "he"):
            self.sex.setdefault(own.text, sex)
            return own.text
        fitting = [
            m
            for m in self._recent(self.sentence)
            if m.kind == "person"
            and m.named
            and (not sex or self.sex.get(m.text, sex) == sex)
            and not (m.sentence == self.sentence and m.token in doer_of(token))
        ]
        here = [m for m in fitting if m.sentence == self.sentence]
        if here and all(m.token == teller_of(token) for m in here) and any(m.subject for m in fitting if m not in here):
            return ""  # "Kern denied it. Judge Thal said he had lied": who?
        chosen = only(here) or only([m for m in here if m.subject])
        if not here:
            before = [m for m in fitting if m.sentence == self.sentence - 1] or fitting
            subjects = [m for m in before if m.subject]
            chosen = subjects[0] if subjects else only(before)
            strangers = [
                m for m in self._recent(self.sentence) if m.kind == "name" and m.named and m.sentence == self.sentence - 1
            ]
            if not subjects and strangers:
                return ""
        if chosen is None:
            return ""
        if sex:
            self.sex.setdefault(chosen.text, sex)
        if token.dep_ in ("nsubj", "nsubjpass"):
            chosen.sentence, chosen.subject = self.sentence, True
            self.mentions.append(chosen)
        return chosen.text

    def _thing(self, token: Token, sent: Span) -> str:
        own = self._own_subject(token)
        if own is not None and own.kind != "person":
            return own.text
        if token.dep_ == "dobj" and sent.root.tag_ == "VB":
            objects = [m for m in self.mentions if m.sentence == self.sentence and not m.subject]
            return objects[-1].text if objects else ""
        if token.dep_ in ("dobj", "pobj", "dative"):
            last = (m for m in self._recent(self.sentence) if m.kind not in ("person", "norp") and self.sentence - m.sentence < 2)
            near = [m for m in last if not (m.sentence == self.sentence and m.token in doer_of(token))]
            return near[0].text if len(near) == 1 else ""
        around = {up.i for up in token.ancestors if up.pos_ in ("NOUN", "PROPN")}
        fitting = [
            m
            for m in self._recent(self.sentence)
            if (m.kind not in ("person", "place", "norp") or (m.kind == "place" and m.subject))
            and not (m.sentence == self.sentence and m.token in around)
        ]
        here = [m for m in fitting if m.sentence == self.sentence and m.subject]
        before = [m for m in fitting if m.sentence == self.sentence - 1]
        chosen = here[0] if here and (len(here) == 1 or token.dep_ in ("nsubj", "nsubjpass", "poss")) else None
        if not here:
            subjects = [m for m in before if m.subject]
            things = [m for m in before if m.object and m.kind != "person" and (m.named or m.text.startswith("the "))]
            launched = [m for m in things if m.launched and m.named]
            first = launched or ([] if subjects else things)
            chosen = first[0] if first else subjects[-1] if subjects else only([m for m in before if m.named])
        if chosen is None or chosen.kind == "person" or not chosen.text or (not here and object_before(sent)):
            return ""
        fresh = any(m.object and m is not chosen and m.text.startswith(("a ", "an ")) for m in before)
        if fresh and token.head.lemma_ in _OF_WHAT_IS_NEW:
            return ""  # "Elstow will get a new tram. It will cost 40 million."
        if token.dep_ in ("nsubj", "nsubjpass"):
            chosen.sentence, chosen.subject = self.sentence, True
            self.mentions.append(chosen)
        return chosen.text

    def _several(self, token: Token) -> str:
        """Whom "they" and "their" stand for: the club or company that was the subject, where nothing else could be meant."""
        own = self._own_subject(token)
        if own is not None:
            return own.text if own.named and (own.kind in _BODIES or own.plural) else ""
        if any(other.dep_ in ("nsubj", "nsubjpass") and other.i < token.i and other.pos_ != "PRON" for other in token.sent):
            own = only([m for m in self.mentions if m.sentence == self.sentence and m.subject and m.named])
            return own.text if own is not None and own.kind in _BODIES and token.dep_ == "poss" and not own.plural else ""
        last = [m for m in self._recent(self.sentence) if m.sentence == self.sentence - 1]
        here = [m for m in self.mentions if m.sentence == self.sentence and (m.subject or m.plural)]
        subjects = [m for m in last if m.subject]
        if here or len(subjects) != 1 or any(m.plural and m is not subjects[0] for m in last):
            return ""
        chosen = subjects[0]
        bodies = _BODIES - {"place"}
        if not chosen.named or not (chosen.kind in bodies or chosen.plural) or token.dep_ not in ("nsubj", "nsubjpass", "poss"):
            return ""
        chosen.sentence, chosen.subject = self.sentence, True
        self.mentions.append(chosen)
        return chosen.text

    def _body(self, noun: str) -> str:
        """Whom "the club" or "the company" means: the story's own, unless another was the subject since."""
        named = [m for m in self._recent(self.sentence) if m.named and m.text.split()[-1].casefold() not in self.works]
        companies = [m for m in named if m.kind == "org" or (m.kind == "name" and m.subject)]
        topic = self.topic
        if topic is not None and topic.kind in _BODIES and topic.text not in [m.text for m in companies]:
            companies.append(topic)
        subjects = [m for m in companies if m.subject]
        if topic is not None and topic.kind in _BODIES and not any(m.text != topic.text for m in subjects):
            return topic.text
        company = only(companies) or only(subjects)
        return company.text if company else ""

    def _definite(self, token: Token) -> str:
        noun = token.lemma_.lower()
        if noun in _TOWNS and self.setting.place and token.head.dep_ != "compound" and token.dep_ != "pobj":
            return self.setting.place
        alike: dict[str, str] = {}
        for mention in reversed(self.mentions):
            words = mention.text.casefold().split()
            same = mention.noun == noun or (len(noun) > 3 and mention.noun.endswith(noun) and mention.kind != "person")
            if (token.tag_ in ("NNS", "NNPS") and not mention.plural) or f"{noun} of emergency" in mention.text:
                continue
            if mention.named and len(words) > 1 and same:
                text = f"the {mention.text.partition(' ')[2]}" if words[0] in ("a", "an") else once_first(mention.text)
                alike.setdefault(text.removeprefix("the "), text)
        if alike:
            return next(iter(alike.values())) if len(alike) == 1 else _UNCLEAR
        if noun in lexicon.WORKS:
            works = [m for m in self._recent(self.sentence) if m.named and m.text.split()[-1].casefold() in self.works]
            work = only(works) or only([m for m in works if m.subject])
            return work.text if work else ""
        if noun in FIRMS:
            return self._body(noun)
        return ""

    def _mention(self, head: Token, found: dict[int, str]) -> None:
        head = named_by(head) if head.i not in found else head
        if (
            head.pos_ == "PRON"
            or head.dep_ == "npadvmod"
            or cut_off(head)
            or (head.dep_ == "appos" and head.pos_ == "NOUN")
            or head.ent_type_ in ("DATE", "TIME", "MONEY", "PERCENT")
        ):
            return
        words = words_of(head, found)
        if not words or any(found.get(token.i) == "" or token.lower_ in _OF_VERBS for token in words):
            return
        text = found.get(head.i) or settled(spelled(name_only(words, head), found))
        named = head.pos_ == "PROPN" or head.i in found or any(token.text[:1].isupper() for token in words[1:])
        kind = kind_of_mention(head, self.names, named)
        if head.i in found and (known := next((m for m in reversed(self.mentions) if m.text == found[head.i]), None)):
            kind = known.kind
        if kind == "norp" or (head.pos_ != "PROPN" and not any(child.dep_ in ("det", "poss") for child in head.lefts)):
            return
        if kind != "person" and head.pos_ == "PROPN" and text.split()[0] in ("a", "an"):
            return
        self.mentions.append(
            mention := Mention(
                text,
                kind,
                described_as(head),
                self.sentence,
                is_subject(head),
                named,
                is_launched(head),
                head.i,
                head.tag_ in ("NNS", "NNPS") and not head.ent_type_,
                head.dep_ == "dobj" or (head.dep_ == "appos" and head.head.dep_ == "dobj"),
            )
        )
        shared = head.dep_ == "pobj" and head.head.head.lemma_.lower() == "share"
        if self.topic is None and (mention.subject or shared) and named and kind != "person" and head.i not in found:
            self.topic = mention
        parts = text.split()
        if head.pos_ == "PROPN" and head.i not in found and len(parts) > 1:
            if kind == "person" and all(part[:1].isupper() for part in parts):
                self.full.setdefault(parts[-1], text)
            elif (
                kind in ("org", "name")
                and parts[0] != "the"
                and self.names.get(parts[0].casefold()) not in ("place", "person", "norp")
            ):
                self.full.setdefault(parts[0], text)
