"""Forms of asking: from a relation of an entity, or from a question, to wordings that ask the same.

Owns the forms, and which of them are taught and which only probe: the two share no template. Takes and gives plain
strings. English takes questions apart; in other languages a whole question is put into sentences that hold it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rtadapt.words import COMMON, tokens

_PROBES = 2
_PREPOSITIONS = ("in", "on", "at", "by", "to", "from", "for", "with", "as", "under")
_AUXILIARY = {"has": "have", "is": "be", "does": "do", "goes": "go"}

_NOUN = (
    "{W} {is} the {r} of {e}?",
    "{W} {is} {owned}?",
    "Can you tell me {w} the {r} of {e} {is}?",
    "Tell me {w} {owned} {is}.",
    "Do you know {w} {owned} {is}?",
    "{w} {is} the {r} of {e}",
    "Hi, {w} {is} the {r} of {e}?",
    "{bare}: {r}?",
    "Tell me the {r} of {e}.",
    "{W} {is} the {r} of {e} now?",
    "The {r} of {e} {is}",
    "{bare} {r}",
)
_NOUN_PROBES = ("I'd like to know {w} the {r} of {e} {is}.", "Sorry, {w} {is} {owned} again?")
_VERB = (
    "{W} {asks}?",
    "Can you tell me {w} {states}?",
    "Tell me {w} {states}.",
    "{w} {asks}",
    "Hi, {w} {asks}?",
    "Do you know {w} {states}?",
    "{E} {r}",
)
_VERB_PROBES = ("I'd like to know {w} {states}.", "Sorry, {w} {asks} again?")

_Forms = tuple[tuple[str, ...], tuple[str, ...]]
_FORMS: dict[str, _Forms] = {"noun": (_NOUN, _NOUN_PROBES), "verb": (_VERB, _VERB_PROBES)}

_AROUND = {
    "en": ("Can you tell me: {q}?", "Hi, {q}?", "{q}", "One question: {q}?", "Please tell me: {q}?"),
    "de": ("Kannst du mir sagen: {Q}?", "Hallo, eine Frage: {Q}?", "{q}", "Bitte sag mir: {Q}?", "Ich möchte wissen: {Q}?"),
    "es": ("¿Me puedes decir una cosa? {Q}", "Hola, una pregunta: {Q}", "{q}", "Dime, por favor: {Q}", "Quiero saber esto: {Q}"),
    "fr": (
        "Pouvez-vous me dire : {Q} ?",
        "Bonjour, une question : {Q} ?",
        "{q}",
        "Dites-moi : {Q} ?",
        "Je veux savoir : {Q} ?",
    ),
    "zh": ("请问，{Q}？", "你能告诉我{Q}吗？", "{Q}", "我想知道：{Q}？", "你好，{Q}？"),
    "": ("{Q}", "– {Q}?"),
}
_AROUND_PROBES = {
    "en": ("Sorry, {q} again?", "{Q}, by the way?"),
    "de": ("Weißt du vielleicht: {Q}?", "Was mich interessiert: {Q}?"),
    "es": ("¿Sabes esto? {Q}", "Me pregunto lo siguiente: {Q}"),
    "fr": ("Savez-vous ceci : {Q} ?", "Je me demande : {Q} ?"),
    "zh": ("有人知道{Q}吗？", "帮我查一下：{Q}？"),
    "": ("? {Q}",),
}
_ASK = r"(?P<ask>who|what|where|when) (?:is|are)"
_RELATION = r"(?P<relation>[^\W\d_][\w' -]{1,48}?)"
_OF = re.compile(rf"{_ASK} the {_RELATION} (?:of|at|for) (?P<entity>.{{2,80}})", re.IGNORECASE)
_OWNED = re.compile(rf"{_ASK} (?P<entity>.{{2,80}}?)(?:['’]s|(?<=s)['’]) {_RELATION}", re.IGNORECASE)
_SUBJECT = re.compile(
    r"(?:who|what) (?!(?:is|are|was|were|do|does|did|has|have|had|can|could|would|should|will)\b)[a-z]+(?:s|ed)\b.+"
)
_BEING = re.compile(
    r"(?P<w>(?i:who|what|where|when)) (?P<is>is|are|was|were) (?P<rest>(?:the|a|an) (?:(?!\b[a-z]+(?:ing|ed)\b)[^,;:])+)"
)


@dataclass(frozen=True, slots=True)
class Wordings:
    """The plainest question, the wordings that are taught beside it, and those that only probe. All are distinct."""

    question: str
    taught: tuple[str, ...]
    probes: tuple[str, ...]


def forms(entity: str, relation: str, ask: str = "what") -> Wordings:
    """Wordings of `relation` of `entity`, English. `ask` is the word that asks: who, what, where or when.

    A relation is a noun ("head coach"), or a verb or participle with its preposition ("opens on", "made of").
    """
    r, e = " ".join(relation.split()), " ".join(entity.split())
    verb = _verbal(r)
    if verb is None:
        r = _noun(r)
        parts = {"r": r, "is": _is(r), "owned": f"{e}{chr(39) if e.endswith('s') else chr(39) + 's'} {r}"}
        taught, probes = _FORMS["noun"]
    else:
        participle, tail = verb
        asks, states = (f"is {e} {r}", f"{e} is {r}") if participle else (f"does {e} {_infinitive(r)}{tail}", f"{e} {r}")
        parts = {"r": f"is {r}" if participle else r, "asks": asks, "states": states}
        taught, probes = _FORMS["verb"]
    bare, w = re.sub(r"^the ", "", e, flags=re.IGNORECASE), ask.lower()
    parts |= {"e": e, "E": _upper(e), "bare": bare, "w": w, "W": _upper(w)}
    made = [form.format(**parts) for form in taught]
    return _distinct(made[0], made[1:], [form.format(**parts) for form in probes])


def said(entity: str, relation: str, value: str) -> str:
    """The sentence that says that `relation` of `entity` is `value`, of the same shapes as `forms`."""
    verb = _verbal(relation)
    if verb is None:
        noun = _noun(relation)
        return f"The {noun} of {entity} {_is(noun)} {value}."
    return f"{_upper(entity)} {'is ' if verb[0] else ''}{relation} {value}."


def around(question: str, language: str = "en") -> Wordings:
    """Wordings of a question that is there already. What its language has no forms for gets few, and no English ones."""
    bare = question.strip().strip("¿?？").strip()
    apart = next((match for pattern in (_OF, _OWNED) if (match := pattern.fullmatch(bare))), None) if language == "en" else None
    if apart:
        made = forms(apart["entity"], apart["relation"], apart["ask"])
        return _distinct(question, [made.question, *made.taught], list(made.probes))
    spoken = f"¿{bare}?" if language == "es" else bare
    low = bare[:1].lower() + bare[1:] if language in ("en", "es", "fr") else bare.lower()
    taught = [form.format(q=low, Q=spoken) for form in _AROUND.get(language, _AROUND[""])]
    probes = [form.format(q=low, Q=spoken) for form in _AROUND_PROBES.get(language, _AROUND_PROBES[""])]
    if language == "en":
        inner = embedded(bare)
        if inner:
            taught = [f"Can you tell me {inner}?", f"Tell me {inner}.", *taught]
            probes = [f"I'd like to know {inner}.", *probes]
        taught.append(" ".join(word for word, _ in tokens(bare) if word.casefold() not in COMMON))
    return _distinct(question, taught, probes)


def embedded(question: str) -> str | None:
    """An English question as a part of another ("who the coach of X is"), where that is sure to be grammatical."""
    bare = question.strip().rstrip("?").rstrip()
    low = bare[:1].lower() + bare[1:]
    if _SUBJECT.fullmatch(low):
        return low
    match = _BEING.fullmatch(bare)
    return f"{match['w'].lower()} {match['rest']} {match['is']}" if match else None


def _verbal(relation: str) -> tuple[bool, str] | None:
    """Whether a relation that ends in a preposition is a participle, and that preposition; None for a noun."""
    words = relation.split()
    participle = words[0].endswith(("ed", "en")) or words[0] in ("made", "built", "held", "led", "sold", "run", "known", "found")
    if len(words) > 1 and words[-1] in (*_PREPOSITIONS, *(("of",) if participle else ())):
        return participle, f" {words[-1]}"
    return None


def _noun(relation: str) -> str:
    return re.sub(r"^the | of$", "", relation)


def _is(noun: str) -> str:
    return "are" if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) else "is"


def _infinitive(relation: str) -> str:
    """The verb of "opens on" without its ending, and what stands between it and the preposition."""
    verb, *between = relation.split()[:-1]
    if verb in _AUXILIARY:
        verb = _AUXILIARY[verb]
    elif verb.endswith("ies") and len(verb) > 4:
        verb = f"{verb[:-3]}y"
    elif verb.endswith(("ches", "shes", "sses", "xes")):
        verb = verb[:-2]
    elif verb.endswith("s") and not verb.endswith("ss"):
        verb = verb[:-1]
    return " ".join((verb, *between))


def _distinct(question: str, taught: list[str], probes: list[str]) -> Wordings:
    seen = {question.strip().casefold()}

    def fresh(wordings: list[str]) -> tuple[str, ...]:
        found = []
        for wording in wordings:
            key = wording.strip().casefold()
            if key and key not in seen:
                seen.add(key)
                found.append(wording.strip())
        return tuple(found)

    return Wordings(question.strip(), fresh(taught), fresh(probes)[:_PROBES])


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
