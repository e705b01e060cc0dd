"""Common English verbs and their forms, so that a sentence can be turned into a question about it.

Owns the list. Takes a form as it stands in a sentence; gives its base. Forms are made from the bases and never guessed back
from their endings, so a verb that is not in the list is left alone.
"""

from __future__ import annotations

from rtadapt.words import word_set

_REGULAR = word_set(
    """accept add allow announce answer appear apply approve arrive ask attend award bake base belong book call cancel carry
    celebrate chair change charge chase claim clean climb close coach collect command compete complete contain cook cost
    cover create cross damage deliver demand describe design develop direct discover donate double earn elect employ end
    enter expand expect expire explain export face finish fix follow found gather grant guide hand handle happen head help
    hire honour host import improve include increase inspect install invent invite join jump land last laugh launch lend
    like list live locate look manage march mark measure miss move name need note offer open operate order organise own
    paint park pass perform photograph pick plan plant play present print produce promise promote protect provide publish
    pull purchase push raise reach rebrand receive record reduce refuse release remain remove rename renew rent repair
    repeat replace report require rescue research resign retire return reward rule sail save score seem serve share ship
    show sign situate sponsor stage start stay stop study succeed suffer supply support suspend tour trade train transfer
    translate travel treat turn upgrade use visit vote walk want warn wash watch weigh welcome work"""
)
_IRREGULAR = """
    be was been; beat beat beaten; become became become; begin began begun; break broke broken; bring brought brought;
    build built built; buy bought bought; catch caught caught; choose chose chosen; come came come; cost cost cost; cut
    cut cut; do did done; draw drew drawn; drive drove driven; eat ate eaten; fall fell fallen; feed fed fed; feel felt
    felt; fight fought fought; find found found; fly flew flown; forget forgot forgotten; freeze froze frozen; get got
    got; give gave given; go went gone; grow grew grown; hang hung hung; have had had; hear heard heard; hit hit hit; hold
    held held; keep kept kept; know knew known; lead led led; leave left left; lend lent lent; let let let; lose lost
    lost; make made made; meet met met; pay paid paid; put put put; read read read; ride rode ridden; ring rang rung; rise
    rose risen; run ran run; say said said; see saw seen; sell sold sold; send sent sent; set set set; shoot shot shot;
    show showed shown; shut shut shut; sing sang sung; sink sank sunk; sit sat sat; sleep slept slept; speak spoke spoken;
    spend spent spent; split split split; spread spread spread; stand stood stood; steal stole stolen; swim swam swum;
    take took taken; teach taught taught; tell told told; throw threw thrown; wear wore worn; win won won; write wrote
    written
"""
_VOWELS = "aeiou"


def _third(base: str) -> str:
    if base in ("be", "have"):
        return {"be": "is", "have": "has"}[base]
    if base.endswith(("s", "sh", "ch", "x", "z", "o")):
        return f"{base}es"
    return f"{base[:-1]}ies" if base.endswith("y") and base[-2] not in _VOWELS else f"{base}s"


def _past(base: str) -> str:
    if base.endswith("e"):
        return f"{base}d"
    if base.endswith("y") and base[-2] not in _VOWELS:
        return f"{base[:-1]}ied"
    doubled = base in ("cancel", "plan", "stop", "transfer", "travel", "ship")
    return f"{base}{base[-1]}ed" if doubled else f"{base}ed"


def _forms() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    present = {_third(base): base for base in _REGULAR}
    past = {_past(base): base for base in _REGULAR}
    participles = {form: form for form in past}
    for entry in _IRREGULAR.split(";"):
        base, simple, participle = entry.split()
        present[_third(base)] = base
        past[simple] = base
        participles[participle] = simple
    past.setdefault("canceled", "cancel")
    past.setdefault("traveled", "travel")
    return present, past, participles


_PRESENT, _PAST, PARTICIPLES = _forms()
"""The forms that follow "was" or "has been", each with the simple past: written -> wrote."""


def helped(verb: str) -> tuple[str, str] | None:
    """The helping verb and the base that a question takes in place of `verb`: opens -> (does, open), moved -> (did, move).

    None for a word that is no known verb. A form that may be present or past of the same verb counts as past.
    """
    if verb in _PAST:
        return "did", _PAST[verb]
    if verb in _PRESENT:
        return "does", _PRESENT[verb]
    return ("do", verb) if verb in _PRESENT.values() else None
