"""Who and what free sentences speak of: subjects and objects with their articles, numbers and appositives.

Owns the phrases, how each is named in a question, and what an appositive adds. Takes a random generator.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from rtadapt.bundled import free_words, names
from rtadapt.bundled.lists import words


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words for someone or something.

    `text` stands in the sentence; questions say `name`; `ask` asks for it and `answer` is what is answered ("" when
    nobody would ask). `counted` is what stands behind the number that is asked for. `more` are further pairs.
    """

    text: str
    name: str
    ask: str
    answer: str
    kind: str
    plural: bool = False
    counted: str = ""
    more: tuple[tuple[str, str], ...] = field(default=())


def with_article(noun: str) -> str:
    """ "an otter"."""
    return f"{'an' if noun[0].lower() in 'aeio' else 'a'} {noun}"


def amount(rng: Random) -> str:
    """A sum of money, small or large."""
    large = rng.choice((f"{rng.randint(2, 95)} million", f"{rng.randint(1, 9)}.{rng.randint(1, 9)} million", "half a million"))
    small = f"{rng.randint(1, 99)},{rng.choice(('000', '500', '250'))}"
    if rng.random() < 0.6:
        return rng.choice(("$", "$", "€", "£")) + rng.choice((large.replace("half a", "0.5"), small, str(rng.randint(15, 900))))
    return f"{rng.choice((large, small, str(rng.randint(15, 900))))} {rng.choice(('dollars', 'euros', 'pounds', 'crowns'))}"


def number(rng: Random) -> str:
    """How many, in figures or in a word."""
    few = words("two three four five six seven eight nine ten eleven twelve twenty thirty forty")
    large = f"{rng.randint(1, 9)},{rng.randint(0, 9)}00"
    return rng.choice((rng.choice(few), rng.choice(few), str(rng.randint(13, 99)), str(rng.randint(2, 90) * 10), large))


def street(rng: Random) -> str:
    """A street."""
    name = rng.choice(free_words.STREET_NAMES) if rng.random() < 0.7 else names.word(rng)
    return f"{name} {rng.choice(free_words.STREETS)}"


_HOLES: dict[str, Callable[[Random], str]] = {
    "place": lambda rng: rng.choice(free_words.PLACES),
    "stuff": lambda rng: names.strange(rng, rng.choice(free_words.STUFF), 0.2),
    "who": lambda rng: rng.choice(free_words.WHO),
    "b": lambda rng: names.strange(rng, rng.choice(free_words.BUILDINGS), 0.2),
    "street": street,
    "town": names.town,
    "company": names.company,
    "amount": amount,
    "n": number,
    "small": lambda rng: str(rng.randint(2, 90)),
    "few": lambda rng: rng.choice(words("two three four five six seven eight nine ten twelve")),
    "people": lambda rng: names.strange(rng, rng.choice(free_words.PEOPLE), 0.15),
    "goods": lambda rng: names.strange(rng, rng.choice(free_words.GOODS), 0.2),
    "colour": lambda rng: rng.choice(free_words.COLOURS),
    "percent": lambda rng: f"{rng.randint(2, 30)} percent",
    "day": lambda rng: rng.choice(names.DAYS),
    "month": lambda rng: rng.choice(names.MONTHS),
    "year": lambda rng: str(rng.randint(2026, 2034)),
    "past": lambda rng: str(rng.randint(1950, 2026)),
    "clock": lambda rng: rng.choice((f"{rng.randint(5, 23)}:{rng.choice(('00', '15', '30', '45'))}", f"{rng.randint(1, 12)} pm")),
    "date": lambda rng: rng.choice(
        (f"{rng.randint(1, 28)} {rng.choice(names.MONTHS)}", f"{rng.choice(names.MONTHS)} {rng.randint(1, 28)}")
    ),
}


def filled(rng: Random, text: str) -> str:
    """A text of the data with its holes filled."""
    return articled(re.sub(r"\{(\w+)\}", lambda match: _HOLES[match[1]](rng), text))


def articled(text: str) -> str:
    """The text with "an" where a filled hole wants it."""
    return re.sub(r"\b([Aa]) (?=[aeio]\w)(?!one)", r"\1n ", text)


def institution(rng: Random) -> str:
    """A named place of work, some with an article and the street or town it is in."""
    name = f"{names.word(rng) if rng.random() < 0.7 else names.town(rng)} {rng.choice(free_words.INSTITUTIONS)}"
    return name if rng.random() < 0.45 else f"the {name}"


def _low(text: str) -> str:
    return text[:1].lower() + text[1:]


def subject(rng: Random) -> Phrase:
    """Who does something."""
    draw = rng.random()
    if draw < 0.08:
        text = rng.choice(free_words.SUBJECTS["group"]).replace("{T}", names.town(rng)).replace("{E}", institution(rng))
        text = text.replace("{C}", names.company(rng)).replace("{L}", names.club(rng)).replace("{P}", names.person(rng))
        return Phrase(_low(text), _low(text), "who", _low(text), "group", plural=True)
    if draw < 0.36:
        return _someone(rng)
    if draw < 0.4:
        both = f"{names.person(rng)} and {names.person(rng)}"
        return Phrase(both, both, "who", both, "people", plural=True)
    if draw < 0.56:
        text = rng.choice(free_words.SUBJECTS["council"]).replace("{T}", names.town(rng))
        text = _low(text)
        plural = text.startswith(("the voters", "the police"))
        return Phrase(text, text, "who", text, "council", plural=plural)
    if draw < 0.64:
        text = rng.choice(free_words.SUBJECTS["firm"]).replace("{E}", institution(rng))
        text = _low(text)
        return Phrase(text, text, "who", text, "firm", plural=text.startswith(("the man", "the mem")))
    if draw < 0.82:
        return _firm(rng)
    if draw < 0.9:
        name = names.club(rng)
        return Phrase(name, name, rng.choice(("who", "who", "which club")), name, "club")
    name = institution(rng)
    return Phrase(name, name, "who", name, "institution")


def _firm(rng: Random) -> Phrase:
    name, ask, town = names.company(rng), rng.choice(("who", "who", "which company")), names.town(rng)
    draw = rng.random()
    if draw < 0.8:
        return Phrase(name, name, ask, name, "company")
    if draw < 0.9:
        made = f"{rng.choice(free_words.DEVICES)}s"
        return Phrase(f"{name}, a maker of {made},", name, ask, name, "company", more=((f"What does {name} make?", made),))
    return Phrase(f"{name}, a firm from {town},", name, ask, name, "company", more=((f"Where is {name} from?", town),))


def _someone(rng: Random) -> Phrase:
    name, job, town = names.person(rng), rng.choice(free_words.JOBS), names.town(rng)
    draw = rng.random()
    if draw < 0.72:
        return Phrase(name, name, "who", name, "person")
    if draw < 0.82:
        age = str(rng.randint(18, 90))
        return Phrase(f"{name}, {age},", name, "who", name, "person", more=((f"How old is {name}?", age),))
    if draw < 0.92:
        more = ((f"Where is {name} from?", town),)
        return Phrase(f"{name}, {with_article(job)} from {town},", name, "who", name, "person", more=more)
    place = institution(rng)
    more = ((f"Who is the {job} of {place}?", name),)
    return Phrase(f"{name}, the {job} of {place},", name, "who", name, "person", more=more)


def building(rng: Random) -> Phrase:
    """A building in a town, old or new, or a named one."""
    draw = rng.random()
    if draw < 0.35:
        name = institution(rng)
        spot = rng.choice(("", f" on {street(rng)}", f" in {names.town(rng)}"))
        return Phrase(name + spot, name, "what", name + spot, "building")
    noun = filled(rng, "{b}")
    if draw < 0.43:
        town = names.town(rng)
        return Phrase(f"its {noun} in {town}", f"the {noun} in {town}", "what", f"its {noun} in {town}", "building")
    where = rng.choice((f"in {names.town(rng)}", f"in {names.town(rng)}", f"on {street(rng)}", f"near {names.town(rng)}"))
    if draw < 0.75:
        lead = rng.choice(("", "", rng.choice(free_words.BUILDING_ADJECTIVES) + " "))
        text = f"the {lead}{noun} {where}"
        return Phrase(text, text, "what", text, "building")
    text = f"{rng.choice(free_words.NEW)} {noun} {where}"
    return Phrase(f"a {text}", f"the {text}", "what", f"a {text}", "building")


def person_object(rng: Random) -> Phrase:
    """Someone to whom something is done, perhaps with a job."""
    name, job = names.person(rng), rng.choice(free_words.JOBS)
    draw = rng.random()
    if draw < 0.5:
        return Phrase(name, name, "who", name, "person")
    if draw < 0.75:
        return Phrase(f"a new {job}, {name}", name, "who", name, "person")
    if draw < 0.87:
        return Phrase(f"the {job} {name}", name, "who", name, "person")
    return Phrase(f"its {job}, {name}", name, "who", name, "person")


def product_object(rng: Random) -> Phrase:
    """A product, introduced by its sort now and then."""
    name, sort = names.product(rng), names.strange(rng, rng.choice(free_words.DEVICES), 0.2)
    draw = rng.random()
    if draw < 0.5:
        return Phrase(f"the {name}", f"the {name}", "what", f"the {name}", "product")
    text = rng.choice((f"a new {sort}, the {name}", f"a new {sort} called the {name}", f"the {name} {sort}"))
    if text.startswith("a "):
        return Phrase(text, f"the {name}", f"which {sort}", f"the {name}", "product")
    return Phrase(text, text, "what", text, "product")


def work_object(rng: Random) -> Phrase:
    """A work of art with its title."""
    sort, title = rng.choice(free_words.WORKS), names.title(rng)
    if rng.random() < 0.7:
        return Phrase(f"the {sort} {title}", f"the {sort} {title}", f"which {sort}", title, "work")
    topic = rng.choice(free_words.STUFF)
    text = f"{with_article(sort)} about {topic}"
    return Phrase(text, text, "what", text, "work")


def plan_object(rng: Random) -> Phrase:
    """Something that a council or a board decides on."""
    text = filled(rng, rng.choice(free_words.PLANS))
    if rng.random() < 0.35 and " in " not in text:
        text = f"{text} in {names.town(rng)}"
    name = re.sub(r"^an? ", "the ", text)
    plural = text.startswith(("higher", "speed", "cheaper", "free lun", "new rules"))
    return Phrase(text, name, "what", text, "plan", plural=plural)


def event_object(rng: Random) -> Phrase:
    """A festival, race or prize."""
    name = names.festival(rng) if rng.random() < 0.5 else f"{names.word(rng)} {rng.choice(free_words.RACES)}"
    return Phrase(f"the {name}", f"the {name}", "what", f"the {name}", "event")


def counted(rng: Random, nouns: tuple[str, ...], kind: str) -> Phrase:
    """A number of people or things; the number is asked for."""
    noun, many = names.strange(rng, rng.choice(nouns), 0.15), number(rng)
    if rng.random() < 0.1:
        part = f"{rng.choice(('a third', 'half', 'a quarter', 'most', 'a fifth', 'all'))} of the {noun}"
        return Phrase(
            part, part, f"how many of the {noun}", part.partition(" of")[0], kind, plural=True, counted=f"of the {noun}"
        )
    lead = "new " if rng.random() < 0.3 else ""
    text = f"{many} {lead}{noun}"
    return Phrase(text, text, f"how many {lead}{noun}", many, kind, plural=True, counted=f"{lead}{noun}")


def money_object(rng: Random) -> Phrase:
    """A sum for something."""
    sum_, public = amount(rng), f"for the {rng.choice(free_words.BUILDINGS)} in {names.town(rng)}"
    aim = rng.choice((public, f"for {institution(rng)}"))
    return Phrase(f"{sum_} {aim}", f"{sum_} {aim}", "how much", sum_, "money", counted=aim)


def named(rng: Random) -> Phrase:
    """An institution or a company to which something is done."""
    if rng.random() < 0.35:
        name = rng.choice((names.company, names.club))(rng)
        return Phrase(name, name, "what", name, "institution")
    name = institution(rng)
    spot = rng.choice(("", "", f" on {street(rng)}", f" in {names.town(rng)}"))
    return Phrase(name + spot, name, "what", name, "institution")


OBJECTS: dict[str, Callable[[Random], Phrase]] = {
    "building": building,
    "institution": named,
    "person": person_object,
    "product": product_object,
    "work": work_object,
    "plan": plan_object,
    "event": event_object,
    "people": lambda rng: counted(rng, free_words.PEOPLE, "people"),
    "goods": lambda rng: counted(rng, free_words.GOODS, "goods"),
    "money": money_object,
}
"""Makers of objects, by the groups of the verbs."""
