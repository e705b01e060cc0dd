"""The base model reads a text and says what can be asked about it; what it says is kept only if the text bears it out.

Owns what is asked of the model, which of its pairs are kept, what the grammar of a sentence adds to them, and which of several
answers to one question wins. Takes events and a `Writer`; gives readings per event. All passes over all passages go to
the model in two calls: one greedy, one sampled. Nothing a bot said becomes an answer.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rtadapt.config import RenderSettings
from rtadapt.curation import privacy
from rtadapt.curation.kinds import fits, is_bare_figure
from rtadapt.curation.prompts import parse_pairs, write_questions
from rtadapt.curation.statements import Kind, statements
from rtadapt.reading.asking import asking_key, same_answer
from rtadapt.reading.passages import Passage, passages, without_labels
from rtadapt.records import Event, Message, Speaker
from rtadapt.words import COMMON, flat, flat_words, holds, names, sentences, span, stem, tokens, word_set

Writer = Callable[[Sequence[Sequence[Message]], float, int], list[str]]
"""Chats, temperature (0.0 is greedy) and the most new tokens, to what the model writes for each."""

_MOST_ANSWER_WORDS = 14
_MOST_QUESTION_WORDS = 40
_LEAST_TOKENS = 48
_CHARS_PER_TOKEN = 2
_SENTENCES_BACK = 2
_VOTING_PASSES = 3
_OVER_BEFORE = (
    r"(?i:\b(?:replac(?:e|es|ed|ing)|succeed(?:s|ed|ing)?|instead of|in place of|(?:take|takes|took|taking) over from|"
    r"used to be|(?:was|were) (?:formerly|previously)|formerly|previously|before,? it (?:was|had)|ago,? it (?:was|had)|"
    r"(?:moves?|moved|moving) (?:away )?from))\s+"
)
_OVER_AFTER = (
    r"(?i:(?:is|are) (?:history|gone|no longer)|(?:has|have) (?:left|gone|resigned|retired)|hand(?:s|ed) over|gave up|gives up|"
    r"leaves|left|step(?:s|ped) down|resign(?:s|ed)|retire(?:s|d))\b"
)
_DANGLING = word_set("a an and as at by for from her his in is its my of or our the their to was were with your")
_KINDS = word_set("how where when why much many long old far big about who what which")
_LABELS = frozenset(speaker.value for speaker in Speaker)


@dataclass(frozen=True, slots=True)
class Reading:
    """A question that a passage answers. `about` are the names in it; `greedy` says that the first pass wrote it.

    `near` says whether the answer's own sentence speaks of what is asked: None when no sentence does.
    """

    question: str
    answer: str
    about: tuple[str, ...]
    greedy: bool
    near: bool | None


def read(events: Sequence[Event], write: Writer, settings: RenderSettings) -> list[list[Reading]]:
    """What the model reads out of each event, in the order of the events."""
    found: list[list[Reading]] = [[] for _ in events]
    cut = [passage for number, event in enumerate(events) for passage in passages(event, settings, number)]
    if not cut:
        return found
    chats = [(Message("user", write_questions(passage.text)),) for passage in cut]
    longest = max(len(passage.text) for passage in cut)
    most_tokens = min(settings.max_new_tokens, _LEAST_TOKENS + longest // _CHARS_PER_TOKEN)
    written = write(chats, 0.0, most_tokens)
    if settings.passes > 1:
        written = written + write(chats * (settings.passes - 1), settings.temperature, most_tokens)
    for number, (passage, text) in enumerate(zip(cut * settings.passes, written, strict=True)):
        for question, answer in parse_pairs(text):
            kept = check(question, answer, passage, greedy=number < len(cut))
            if kept is not None:
                found[passage.event].append(kept)
    sure = [supported(readings, settings.passes) for readings in found]
    for passage in cut:
        sure[passage.event] += by_grammar(passage, sure[passage.event])
    return [settle(readings)[: settings.max_pairs] for readings in sure]


def by_grammar(passage: Passage, known: Sequence[Reading]) -> list[Reading]:
    """What the plain sentences of a passage state, where that says more than `known`, or the same in other words.

    Roles always count. Who did it is asked where nothing is known of the sentence, the rest where the answer is not.
    """
    found: list[Reading] = []
    for one in sorted(statements(without_labels(passage.spoken)), key=lambda one: one.kind is not Kind.ROLE):
        kept = check(one.question, one.answer, passage, greedy=True)
        if kept is None or not kept.about:
            continue
        others = [reading for reading in (*known, *found) if holds(one.sentence, reading.answer)]
        same = [reading for reading in others if same_answer(reading.answer, kept.answer)]
        again = any(set(reading.about) & set(kept.about) for reading in same)
        fresh = not (others if one.kind is Kind.ACTION else same)
        if one.kind is Kind.ROLE or again or fresh:
            found.append(kept)
    return found


def check(question: str, answer: str, passage: Passage, *, greedy: bool) -> Reading | None:
    """The pair as the passage bears it out, or None: the answer stands in it, and the question speaks of what is in it."""
    asked, said = flat_words(question), flat_words(answer)
    if not 2 <= len(asked) <= _MOST_QUESTION_WORDS or not 1 <= len(said) <= _MOST_ANSWER_WORDS:
        return None
    if all(word in COMMON or word in _LABELS for word in said) or holds(question, answer) or _repeats(said):
        return None
    if privacy.is_private(question) or privacy.is_private(answer) or not fits(question, answer):
        return None
    spelled = whole(passage.spoken, answer)
    if spelled is None or not _grounded(question, spelled, passage.text) or is_over(passage.spoken, spelled):
        return None
    named = tuple(about(question, spelled, passage.text))
    if any(holds(spelled, name) for name in named) or not _together(question, named, spelled, passage):
        return None
    return Reading(question.strip(), spelled, named, greedy, _near(question, named, spelled, passage))


def whole(text: str, answer: str) -> str | None:
    """`answer` as `text` spells it, None when it is not there or cut out of more.

    The first words of a name, or its last one, become the whole name ("Tindle": "Marla Tindle"). Two words or more that end
    a name are a name: what stands before them may only begin the sentence ("Meet Marla Tindle").
    """
    spelled = span(text, answer)
    if spelled is None or flat_words(spelled)[-1] in _DANGLING:
        return None
    known = list(dict.fromkeys(names(text)))
    if not any(flat(name) == flat(spelled) for name in known):
        words = flat_words(spelled)
        longer = [name for name in known if name in text and holds(name, spelled)]
        longer = [name for name in longer if len(words) == 1 or flat_words(name)[: len(words)] == words]
        spelled = longer[0] if longer else spelled
    stands = re.search(rf"(?<!\w)(?<!\w[-.,:/]){re.escape(spelled)}(?![-.,:/]?\w)", text)
    return spelled if stands else None


def is_over(text: str, answer: str) -> bool:
    """Whether the text itself says of `answer`, wherever it stands, that it was so and is no longer.

    English only, and plain cases only: "took over from", "used to be", "Before, it was", "handed over", "is history".
    """
    places = len(re.findall(rf"(?<!\w){re.escape(answer)}(?!\w)", text))
    ended = re.findall(
        rf"(?:{_OVER_BEFORE})(?:the\s+)?{re.escape(answer)}(?!\w)|(?<!\w){re.escape(answer)}\s+(?:{_OVER_AFTER})", text
    )
    return 0 < places <= len(ended)


def _together(question: str, named: Sequence[str], answer: str, passage: Passage) -> bool:
    """Whether a sentence with the answer has a name of the question, or follows one that has and names nobody else."""
    if not named:
        return True
    parts = sentences(passage.text)
    for at, sentence in enumerate(parts):
        if not holds(sentence, answer):
            continue
        if any(holds(sentence, name) for name in named):
            return True
        others = [name for name in names(sentence) if not (same_answer(name, answer) or _is_no_rival(name, passage))]
        before = parts[max(0, at - _SENTENCES_BACK) : at]
        goes_on = not others and _goes_on(sentence, question, answer)
        if goes_on and any(holds(earlier, name) for earlier in before for name in named):
            return True
    return False


def _goes_on(sentence: str, question: str, answer: str) -> bool:
    """Whether a sentence without the name still speaks of it: "She starts at ten", but not "Training starts at ten"."""
    first = next((word for word in flat_words(sentence) if word not in _LABELS), "")
    asked = {stem(word) for word in flat_words(question)}
    return not is_bare_figure(answer) or first in COMMON or holds(answer, first) or stem(first) in asked


def _is_no_rival(name: str, passage: Passage) -> bool:
    """Whether nobody would ask about `name` instead: a label, a date, or somebody whose time is over."""
    return name.casefold() in _LABELS or is_bare_figure(name) or is_over(passage.text, name)


def _near(question: str, named: Sequence[str], answer: str, passage: Passage) -> bool | None:
    content = set(asking_key(question, " ".join((*named, answer))).split()) - _KINDS
    beside = [sentence for sentence in sentences(passage.text) if holds(sentence, answer)]
    if any(stem(word) in content for sentence in beside for word in flat_words(sentence)):
        return True
    return False if any(stem(word) in content for word in flat_words(passage.text)) else None


def _repeats(words: Sequence[str]) -> bool:
    """Whether a model got stuck on a word."""
    return any(words[at] == words[at + 1] == words[at + 2] for at in range(len(words) - 2))


def _grounded(question: str, answer: str, text: str) -> bool:
    """Whether each name in the question stands in the text, or, in a question without names, all that it speaks of."""
    present = set(flat_words(text))
    stems = {stem(word) for word in present}
    words = tokens(question)
    named = 0
    for at, (word, _) in enumerate(words):
        following = words[at + 1][0] if at + 1 < len(words) else ""
        large = word[:1].isupper() and word.casefold() not in COMMON and (at > 0 or following[:1].isupper())
        if not (large or any(sign.isdigit() for sign in word)) or (word.isupper() and word.isalpha() and len(word) <= 4):
            continue
        if not set(flat_words(word)) <= present:
            return False
        named += 1
    content = asking_key(question).split()
    others = [name for name in names(text) if not same_answer(name, answer)]
    lower = [name for name in others if holds(question, name)]
    if named or lower:
        return any(part in stems for part in content)
    return len(content) >= 2 and all(part in stems or part in _KINDS for part in content)


def about(question: str, answer: str, text: str) -> list[str]:
    """The names that `question` speaks of, longest first, as the text spells them; its own capitalised words otherwise."""
    known = dict.fromkeys(name for name in names(text) if holds(question, name) and not same_answer(name, answer))
    found: list[str] = []
    for name in sorted(known, key=lambda name: (-len(name.split()), -len(name))):
        if not any(holds(longer, name) for longer in found):
            found.append(name)
    return found or [name for name in names(question) if not same_answer(name, answer)]


def supported(readings: Sequence[Reading], passes: int) -> list[Reading]:
    """The readings that others bear out.

    An answer about a name needs the greedy pass or two sampled ones. And where one question asks of it what its own
    sentence says, a question that asks what only another sentence says is a mix-up.
    """
    votes = Counter(said for reading in readings for said in _said(reading))
    sure = {said for reading in readings if reading.greedy or passes < _VOTING_PASSES for said in _said(reading)}
    sure |= {said for said, count in votes.items() if count > 1}
    near = {said for reading in readings if reading.near for said in _said(reading)}
    return [
        one
        for one in readings
        if any(said in sure for said in _said(one)) and not (one.near is False and any(said in near for said in _said(one)))
    ]


def _said(reading: Reading) -> list[tuple[str, str]]:
    """The answer with each name that it is an answer about."""
    return [(flat(reading.answer), flat(name)) for name in (reading.about or ("",))]


def settle(readings: Sequence[Reading]) -> list[Reading]:
    """The readings without those that lost a vote: where one question got several answers, the most written wins, then the first.

    A greedy reading counts for two, and an answer that another holds counts for that one too. Repeats are gone; the
    order is that of writing, greedy first.
    """
    votes: defaultdict[tuple[frozenset[str], str], Counter[str]] = defaultdict(Counter)
    spelled: dict[str, str] = {}
    for reading in readings:
        spelled.setdefault(flat(reading.answer), reading.answer)
        votes[_asked(reading)][flat(reading.answer)] += 2 if reading.greedy else 1
    winners: dict[tuple[frozenset[str], str], str] = {}
    for asked, counts in votes.items():
        support = {one: sum(count for other, count in counts.items() if same_answer(one, other)) for one in counts}
        # A Counter keeps the order of writing, and of equals `max` takes the first: what a model adds later is a mix-up.
        winners[asked] = max(counts, key=lambda answer: (support[answer], counts[answer]))
    kept: dict[tuple[str, str], Reading] = {}
    for reading in readings:
        winner = winners[_asked(reading)]
        if same_answer(reading.answer, winner):
            kept.setdefault((reading.question.casefold(), winner), replace(reading, answer=spelled[winner]))
    return list(kept.values())


def _asked(reading: Reading) -> tuple[frozenset[str], str]:
    names_ = frozenset(flat(name) for name in reading.about)
    return names_, asking_key(reading.question, " ".join(reading.about))
