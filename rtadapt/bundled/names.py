"""Invented names and values, put together from syllables so that they can only be copied, never guessed.

Owns the making of people, places, clubs, companies, products, titles, numbers and fixes. Takes a seeded random
generator and gives plain strings; a name that belongs to someone real would be an accident.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from rtadapt.bundled.lists import items, words

_ONSETS = words("""
    b c d f g h j k l m n p r s t v w z b c d f g h k l m n p r s t v b d k l m n r s t v br cl cr dr fr gl gr pr qu
    sh sk sl st str th tr wh ch bl fl kr pl sp sw tw y x
""")
_VOWELS = words("a e i o u a e i o u a e i o u a e o ai ea ee ia io oa ou au ie y")
_CODAS = words("l n r s t m d k x ck ll nd nt rd rk rn ss st th sh ld lm mp ng rt v l n r s l n r s n r")
_FIRST = words("""
    Marla Anna Ben Carla Dan Elena Frank Grace Henry Ida Jon Kate Liam Maria Nina Oscar Paul Rosa Sam Tara Uma Vera
    Will Yara Zoe Ali Aisha Bruno Chloe David Emma Felix Gina Hugo Ivan Julia Kofi Leila Marco Nora Omar Petra Ravi
    Sofia Tom Victor Wendy Yusuf Amara Boris Clara Diego Esther Farid Greta Hana Igor Jana Karl Lucia Mei Nadia Olga
    Pedro Quentin Rita Stefan Tilda Ursula Vikram Wanda Xavier Yvonne Zane Alan Beth Colin Dora Eric Fiona Gavin Helen
""")
_TOWN_ENDS = words("ton ford mere bury wick ham port dale field stead by bridge burg haven mouth ville")
_CLUB_ENDS = words("""
    Rovers United Falcons Wolves City Athletic Comets Harriers Rangers Hornets Bears Tigers Wanderers Eagles Town
    Dynamos Foxes Storm Lions Albion Hawks Kites Chargers Sharks
""")
_COMPANY_ENDS = words("""
    Systems Foods Motors Labs Energy Airways Bank Group Robotics Software Media Textiles Logistics Pharma Steel Optics
    Telecom Games Networks Shipping Paper Instruments Insurance Cycles Chemicals Rail Audio Water
""")
_VENUE_ENDS = words("Park Arena Stadium Ground Field Road Dome Lane Bowl Oval Gardens Meadow")
_FESTIVAL_ENDS = words("Festival Fair Parade Carnival Week Feast Regatta Games Market Lights")
_ORG_ENDS = items("""
    Mill, Bakery, School, Museum, Theatre, Hospital, Library, Hotel, Choir, Brewery, Clinic, Farm, Inn, College,
    Gallery, Zoo, Orchestra, Primary School, High School, Nature Reserve, Observatory, Post Office, Dairy, Harbour,
    Airport, Abbey, Food Bank, Chess Club, Rowing Club, Radio, Gazette, Institute, University, Foundation, Trust,
    Vineyard, Cinema, Cafe, Bookshop, Garage, Shipyard, Quarry, Dance Company, Film Festival, Housing Association,
    Book Prize, Marathon
""")
_PRODUCT_ENDS = words("Pro Mini Max Air Plus One Go Duo Lite Ultra")
_ADJECTIVES = words("""
    silver golden quiet broken hidden bright frozen gentle wild crimson hollow ancient little lonely northern paper
    distant green blue red amber copper velvet winter summer midnight salted roasted sweet smoky purple dancing flying
    laughing striped spotted giant tiny curious brave clever sleepy lucky proud
""")
_NOUNS = words("""
    river mountain garden lantern mirror harbour forest island bridge window letter stone feather bell tower road sky
    ocean star shadow wheel candle anchor orchard meadow sparrow badger otter heron fox bear owl whale hare goose
    tiger lemon ginger plum honey almond cherry pepper apple barley mint walnut pear thyme olive cinnamon
""")
_PARTS = items("""
    power button, reset button, filter, water tank, battery, back cover, side panel, charging cable, door seal, memory
    card, fuse, drain hose, belt, front grille, sensor, lid, firmware, network key, brush head, valve, pump, fan,
    tray, antenna, nozzle
""")
_ACTIONS = items("""
    hold the {p} for {n} seconds, replace the {p}, clean the {p}, unplug it for {n} minutes, remove the {p} and
    restart, update the {p}, tighten the {p}, press the {p} {s} times, dry the {p}, swap the {p}, reset the {p}, rinse
    the {p} with warm water, turn the {p} to the left, close the {p} firmly, empty the {p}, order a new {p}, lift the
    {p} and wait {n} minutes
""")
MONTHS = words("January February March April May June July August September October November December")
_YEARS = words("two three four five six seven ten")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")


def word(rng: Random, syllables: int | None = None) -> str:
    """One invented capitalised word."""
    if rng.random() < 0.06:
        letters = "".join(rng.choice("bcdfghjklmnpqrstvwxz" if i % 2 else "aeiouy") for i in range(rng.randint(3, 7)))
        return letters.capitalize()
    count = syllables or rng.choice((1, 2, 2, 2, 3))
    parts = [rng.choice(_ONSETS if i or rng.random() < 0.88 else ("",)) + rng.choice(_VOWELS) for i in range(count)]
    made = "".join(part + (rng.choice(_CODAS) if rng.random() < 0.75 else "") for part in parts)
    return made.capitalize() if len(made) > 2 else (made + rng.choice("lnrst") + rng.choice("aeo")).capitalize()


def strange(rng: Random, noun: str, share: float) -> str:
    """The noun, or now and then a word that no list holds, so that any word can be copied."""
    if rng.random() >= share:
        return noun
    made = word(rng, rng.choice((1, 2, 2))).lower()
    return made if rng.random() < 0.6 else f"{made} {noun.split()[-1]}" if rng.random() < 0.5 else f"{noun.split()[0]} {made}"


def person(rng: Random) -> str:
    """A first and a last name."""
    first = rng.choice(_FIRST) if rng.random() < 0.35 else word(rng, rng.choice((1, 2, 2)))
    last = word(rng, rng.choice((2, 2, 3)))
    odd = rng.random()
    if odd < 0.03:
        last = f"{last}-{word(rng, 2)}"
    elif odd < 0.05:
        last = "O'" + last
    elif odd < 0.07:
        first = f"{first} {rng.choice('ABCDEFGHJKLMNPRSTW')}."
    elif odd < 0.09:
        last = rng.choice(("van ", "de ", "Mc", "al-")) + last
    return f"{first} {last}"


def town(rng: Random) -> str:
    """A town or city."""
    base = word(rng, rng.choice((1, 1, 2)))
    made = base + rng.choice(_TOWN_ENDS) if rng.random() < 0.55 else word(rng, rng.choice((2, 3)))
    return f"{rng.choice(('Port', 'North', 'New', 'Lake', 'San', 'East', 'Mount'))} {made}" if rng.random() < 0.1 else made


def club(rng: Random) -> str:
    """A sports club, named after a place."""
    return f"{town(rng)} {rng.choice(_CLUB_ENDS)}"


def company(rng: Random) -> str:
    """A company."""
    return f"{word(rng)} {rng.choice(_COMPANY_ENDS)}" if rng.random() < 0.85 else f"{word(rng)} & {word(rng)}"


def product(rng: Random) -> str:
    """A product with a number or a suffix."""
    tail = rng.choice(
        (
            str(rng.randint(2, 9)),
            f"{rng.choice('ABCDEFGKLMPQRSTVXZ')}{rng.randint(1, 90)}",
            rng.choice(_PRODUCT_ENDS),
            str(rng.randint(10, 99) * 10),
        )
    )
    return f"{word(rng)} {tail}"


def venue(rng: Random) -> str:
    """A stadium or a hall."""
    return f"{word(rng)} {rng.choice(_VENUE_ENDS)}"


def festival(rng: Random) -> str:
    """A yearly celebration."""
    lead = word(rng) if rng.random() < 0.5 else f"{rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)}".title()
    return f"{lead} {rng.choice(_FESTIVAL_ENDS)}"


def organisation(rng: Random) -> str:
    """A school, mill, theatre or the like."""
    return f"{word(rng) if rng.random() < 0.7 else town(rng)} {rng.choice(_ORG_ENDS)}"


def title(rng: Random) -> str:
    """A title, motto, flavour or animal in common words."""
    pair = f"{rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)}"
    forms: tuple[Callable[[], str], ...] = (
        lambda: pair,
        lambda: pair.title(),
        lambda: f"The {pair.title()}",
        lambda: f"{pair.split()[1]} and {rng.choice(_NOUNS)}",
        lambda: f"{word(rng)} the {rng.choice(_NOUNS).title()}",
        lambda: f"Song of the {pair.split()[1].title()}",
        lambda: f"{rng.choice(_NOUNS)} {rng.choice(_NOUNS)}",
        lambda: f"a {pair}",
        lambda: word(rng),
    )
    return rng.choice(forms)()


def fault_code(rng: Random) -> str:
    """An error code."""
    return rng.choice(
        (
            f"{rng.choice('EFHKLPUX')}{rng.randint(1, 99)}",
            f"{rng.randint(1, 9)}{rng.randint(0, 9)}{rng.randint(0, 9)}",
            f"{rng.choice('EFP')}-{rng.randint(10, 99)}",
        )
    )


def fix(rng: Random) -> str:
    """What an agent tells a customer to do."""
    return rng.choice(_ACTIONS).format(
        p=rng.choice(_PARTS), n=rng.choice((5, 10, 15, 20, 30)), s=rng.choice(("two", "three", "five"))
    )


def month_year(rng: Random) -> str:
    """A month of a year."""
    return f"{rng.choice(MONTHS)} {rng.randint(2015, 2032)}"


def price(rng: Random) -> str:
    """A price in dollars or euros."""
    amount = rng.choice((rng.randint(5, 99), rng.randint(10, 99) * 10, rng.randint(100, 999), rng.randint(20, 99) * 10 - 1))
    return rng.choice(("${}", "${}", "${}", "€{}", "{} dollars", "{} euros")).format(amount)


def population(rng: Random) -> str:
    """A number of people."""
    return f"{rng.randint(2, 990)},{rng.randint(0, 99) * 10:03d}"


def months(rng: Random) -> str:
    """A length of a warranty."""
    lengths = (6, 9, 12, 15, 18, 24, 30, 36, 48, 60)
    return rng.choice((f"{rng.choice(lengths)} months", f"{rng.choice(_YEARS)} years", f"{rng.randint(2, 12)} years"))


def days(rng: Random) -> str:
    """A time in days."""
    return rng.choice(
        (
            f"{rng.randint(2, 60)} days",
            f"{rng.randint(2, 14)} working days",
            f"{rng.randint(2, 8)} weeks",
            f"{rng.randint(12, 72)} hours",
        )
    )


def day(rng: Random) -> str:
    """A day, as a story gives it."""
    return rng.choice(
        (
            rng.choice(DAYS),
            f"{rng.randint(1, 28)} {rng.choice(MONTHS)}",
            f"{rng.choice(MONTHS)} {rng.randint(1, 28)}",
            rng.choice(MONTHS),
        )
    )


MAKERS: dict[str, Callable[[Random], str]] = {
    "person": person,
    "city": town,
    "club": club,
    "company": company,
    "product": product,
    "venue": venue,
    "festival": festival,
    "organisation": organisation,
    "title": title,
    "fix": fix,
    "month": month_year,
    "price": price,
    "population": population,
    "months": months,
    "days": days,
}
