"""Free texts: news and help pages in general English, of one to five sentences, with the questions a reader has.

Owns how clauses, second sentences, contrasts and templates make a text, and the slots that the templates of help pages
add. Takes a random generator; gives a `Text`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from rtadapt.bundled import names
from rtadapt.bundled.clauses import doing, done, happening
from rtadapt.bundled.contrasts import contrast
from rtadapt.bundled.free_news import NEWS
from rtadapt.bundled.free_phrases import amount, filled, street
from rtadapt.bundled.free_support import SUPPORT
from rtadapt.bundled.free_words import RACES, WHO
from rtadapt.bundled.happenings import Asked
from rtadapt.bundled.lists import items
from rtadapt.bundled.notes import SLOTS, dressed, parse, small
from rtadapt.bundled.notes import filled as filled_note
from rtadapt.bundled.sequels import Sentence, follow
from rtadapt.bundled.stories import Text, filler, relation_fact
from rtadapt.bundled.wordings import upper

_APPS = items("Mail, Notes, Cloud, Chat, Pay, Desk, Maps, Drive, Calendar, Music, Photos, Forms, Wallet, Player, Studio, Hub")
_PLANS = items("Basic, Plus, Team, Pro, Family, Business, Starter, Premium, Free, Enterprise, Student, Gold, Silver")
_MENU = items("Settings, Account, Profile, Tools, Security, Options, Privacy, Help, Billing, Devices, Sharing, Advanced, View")
_BUTTONS = items("Save, Reset, Sync now, Change, Edit, Apply, Confirm, Start over, Restore, Update, Next, Unlock")
_FEATURES = items("""
    dark mode, offline mode, two-factor login, shared folders, voice search, automatic backup, a calendar view, group
    chat, spell checking, file search, guest access, screen sharing, single sign-on, a night filter, custom fonts, a
    Welsh translation, keyboard shortcuts, video calls, photo albums, a map view, push messages, a spam filter
""")
_BUGS = items("""
    the crash on start, the missing icons, the slow search, the login loop, the broken print button, the wrong time zone,
    the sync error, the black screen, the lost drafts, the double messages, the frozen timer, the blurred photos
""")
_SYSTEMS = items("Android 12, iOS 17, Windows 11, Windows 10, macOS 13, Linux, Java 17, Python 3.11, 8 GB of memory")
_FAULTS = items("""
    does not turn on, makes a loud noise, gets too hot, loses water, shows no picture, stops after a minute, smells of
    smoke, does not charge, blinks red, will not connect, prints blank pages, keeps restarting, turns itself off
""")
_FIXES = items("""
    hold the {p} for {n} seconds, press the {p} twice, clean the {p}, pull the plug and wait {n} minutes, replace the
    {p}, update the firmware, clear the cache, turn the {p} to the left, check the {p}, open the lid and dry the {p},
    install the latest update, restart your router, delete the app and install it again, log out and in again, send it
    to the workshop, free at least {n} GB of space, switch off the {p}, tighten the {p}, empty the {p}, charge it for
    {n} hours, allow cookies in your browser, enter the code {n}{n}, remove the {p} and put it back
""")
_PARTS = items("""
    power button, side button, filter, water tank, battery, cover, cable, lid, steam valve, red switch, menu key, sensor,
    drawer, handle, plug, fuse, memory card, back panel, belt, nozzle
""")
_CAUSES = items("""
    a full disk, an expired licence, a loose cable, a wrong password, a missing driver, an empty tank, a blocked pipe, a
    weak signal, maintenance work, a server update, an old browser, a dirty sensor, a dead battery, a failed payment, a
    network fault, a paper jam, a wrong date, a damaged fuse, a move to a new data centre, too many requests
""")
_WHILES = items("""
    the disk is full, the lid is open, the battery is low, the tank is empty, the network is down, too many people log in,
    the belt is worn, a cable is loose, the password is wrong, the room is cold, the door is not shut, the clock is wrong,
    the card has expired, the filter is dirty, the memory runs out, someone shares a file, a payment fails
""")
_WEEK = items("Monday to Friday, Monday to Saturday, Tuesday to Sunday, Wednesday to Sunday, Friday to Monday")


def _span(rng: Random) -> str:
    unit = rng.choice(("minutes", "minutes", "hours", "days", "weeks", "months", "seconds"))
    return f"{rng.choice((rng.randint(2, 48), rng.choice((5, 10, 15, 20, 30, 45, 60, 90))))} {unit}"


def _fix(rng: Random) -> str:
    text = rng.choice(_FIXES).replace("{p}", rng.choice(_PARTS))
    return text.replace("{n}", str(rng.choice((2, 3, 5, 10, 15, 20, 30))))


def _code(rng: Random) -> str:
    name, figure = names.word(rng), rng.randint(5, 99)
    return rng.choice((f"{name.upper()}{figure}", f"{rng.randint(1000, 9999)}", f"{name.lower()}-{figure}"))


def _menu(rng: Random) -> str:
    one, two = rng.sample(_MENU, 2)
    return rng.choice((f"{one} > {two}", f"{one}, {two}", one, f"the {one} page"))


_MORE: dict[str, Callable[[Random], str]] = {
    "ap": lambda rng: f"{names.word(rng)} {rng.choice(_APPS)}" if rng.random() < 0.85 else names.word(rng),
    "mn": _span,
    "mn2": _span,
    "mb": lambda rng: f"{rng.choice((2, 5, 10, 15, 20, 25, 50, 100, 200, 500))} {rng.choice(('MB', 'MB', 'GB'))}",
    "pl": lambda rng: rng.choice(_PLANS),
    "vn": lambda rng: ".".join(str(rng.randint(0, 12)) for _ in range(rng.choice((2, 2, 3)))),
    "ft": lambda rng: rng.choice(_FEATURES),
    "bug": lambda rng: rng.choice(_BUGS),
    "sys": lambda rng: rng.choice(_SYSTEMS),
    "menu": _menu,
    "bt": lambda rng: rng.choice(_BUTTONS),
    "fx": _fix,
    "fault": lambda rng: rng.choice(_FAULTS),
    "er": names.fault_code,
    "cause": lambda rng: rng.choice(_CAUSES),
    "wk": lambda rng: rng.choice(_WEEK),
    "dy": lambda rng: rng.choice(names.DAYS) + rng.choice(("", "s")),
    "who": lambda rng: rng.choice(WHO),
    "cd": _code,
    "pc": lambda rng: filled(rng, "{percent}"),
    "part": lambda rng: rng.choice(_PARTS),
    "my": names.month_year,
    "mo": lambda rng: rng.choice(names.MONTHS),
    "yr": lambda rng: str(rng.randint(1950, 2026)),
    "ag": lambda rng: str(rng.randint(18, 99)),
    "rt": lambda rng: (
        f"{rng.randint(2, 6)} hours and {rng.randint(2, 59)} minutes"
        if rng.random() < 0.5
        else f"{rng.randint(9, 59)} minutes and {rng.randint(2, 59)} seconds"
    ),
    "wh": lambda rng: rng.choice(
        items("the owner, administrators, team leaders, paying members, teachers, the first user, moderators")
    ),
    "why": lambda rng: rng.choice(_WHILES),
    "pc2": lambda rng: filled(rng, "{percent}"),
    "prz": lambda rng: rng.choice(items("star, gold medal, film award, design prize, grant, trophy, world title, licence")),
    "pay": lambda rng: rng.choice(items("a card, a phone, an app, coins, a ring, vouchers, a QR code, a fingerprint")),
    "fr": lambda rng: rng.choice(items("third, quarter, fifth, tenth, half")),
    "sc": lambda rng: f"{rng.randint(2, 59)} seconds" if rng.random() < 0.6 else f"{rng.randint(2, 9)} minutes",
    "rc": lambda rng: rng.choice(RACES),
    "few": lambda rng: rng.choice(items("three, four, five, six, ten")),
    "st": street,
    "M": amount,
    "M2": amount,
    "H2": lambda rng: f"{rng.randint(12, 23)}:{rng.choice(('00', '30', '15', '45'))}",
    "K2": names.product,
    "L2": names.club,
    "C2": names.company,
    "G2": names.venue,
    "X2": names.title,
    "D2": names.day,
    "B3": SLOTS["B"],
}
_ALL_SLOTS = SLOTS | _MORE
_SUPPORT, _NEWS = parse(SUPPORT), parse(NEWS)
_SAYING = ("{P} said that ", "{P} reported that ", "According to {P}, ", "{P} confirmed that ", "{P} wrote that ")
_LINKS = (" and ", ", and ", ", but ", "; ", ", while ", " - ")


def _asked(pairs: list[tuple[str, str]]) -> list[Asked]:
    return [Asked(question, question, answer) for question, answer in pairs]


def _clauses(rng: Random) -> list[Sentence]:
    """A clause with what hangs on it: a second verb, a second sentence, or another clause after a comma."""
    draw = rng.random()
    if draw < 0.08:
        sentence, pairs = happening(rng) if draw < 0.04 else doing(rng)[0]
        return [(rng.choice(_SAYING).replace("{P}", names.person(rng)) + small(sentence), pairs)]
    if draw < 0.24:
        return [happening(rng)]
    first, who, what = doing(rng) if draw < 0.65 else done(rng)
    after = rng.random()
    if draw < 0.65 and who and after < 0.13 and not first[0].endswith(",."):
        second, _, _ = doing(rng, who)
        start = upper(who.text)
        if first[0].startswith(start) and second[0].startswith(start):
            joint = f"{first[0][:-1]} and{second[0][len(start) :]}"
            return [(joint, list(dict.fromkeys([*first[1], *second[1]]))[:5])]
    if after < 0.5:
        second_sentence = follow(rng, who, what)
        if second_sentence:
            return [first, second_sentence]
    if after > 0.88:
        other = happening(rng) if rng.random() < 0.4 else doing(rng)[0]
        return [(first[0][:-1] + rng.choice(_LINKS) + small(other[0]), [*first[1][:2], *other[1][:2]])]
    return [first]


def _unit(rng: Random) -> list[tuple[str, list[Asked]]]:
    draw = rng.random()
    if draw < 0.06:
        return [(sentence, [asked]) for sentence, asked in (relation_fact(rng, None),)]
    if draw < 0.5:
        return [(sentence, _asked(pairs)) for sentence, pairs in _clauses(rng)]
    if draw < 0.85:
        chosen = rng.choice(_SUPPORT if draw < 0.66 else _NEWS)
        body, pairs = filled_note(rng, chosen, _ALL_SLOTS)
        if draw < 0.535:
            body = f"Customer: {rng.choice(pairs)[0]}\nAgent: {body}"
        return [(body, _asked(pairs))]
    body, triples = contrast(rng)
    return [(body, [Asked(*one) for one in triples])]


def free_text(rng: Random) -> Text:
    """One to three facts of any sort with what leans on them, and sentences that say nothing in between."""
    return next(text for text in iter(lambda: _free_text(rng), None) if all(one.answer in text.body for one in text.asked))


def _free_text(rng: Random) -> Text:
    units = [_unit(rng) for _ in range(rng.choices((1, 2, 3), (66, 26, 8))[0])]
    pairs = [asked for unit in units for _, group in unit for asked in group]
    parts = [" ".join(sentence for sentence, _ in unit) for unit in units]
    if rng.random() < 0.3:
        parts[0] = dressed(rng, parts[0])
    for _ in range(rng.choices((0, 1, 2), (64, 26, 10))[0]):
        parts.insert(rng.randint(0, len(parts)), filler(rng))
    body = ("\n" if rng.random() < 0.06 else " ").join(parts)
    return Text.of(body, pairs)
