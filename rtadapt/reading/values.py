"""Whether a text holds a value, however either of them spells it.

Owns the comparison of answers: case, accents, articles, titles and punctuation count for nothing; numbers, units, money,
times of day and dates are compared by what they mean. Takes and gives plain strings; pure, standard library only.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rtadapt.words import word_set

_DROPPED = word_set("a an the mr mrs ms dr prof professor sir")
_LEADING = word_set("on in at by to from for it is was they are he she exactly")
_ONES = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * at for at, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_SCALES = {"thousand": 1e3, "million": 1e6, "millions": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12, "k": 1e3}
_ORDINALS = {
    word: f"{number}th"
    for number, word in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"], 1
    )
}
_UNITS = {
    name: unit
    for unit, names in {
        "%": "% percent pct prozent percentage",
        "usd": "$ usd dollar dollars",
        "eur": "€ eur euro euros",
        "gbp": "£ gbp pound pounds",
        "jpy": "¥ jpy yen",
        "inr": "₹ inr rupee rupees",
        "s": "s sec secs second seconds",
        "min": "min mins minute minutes",
        "h": "h hr hrs hour hours",
        "day": "day days",
        "week": "week weeks wk wks",
        "month": "month months",
        "year": "year years yr yrs",
        "km": "km kilometre kilometres kilometer kilometers",
        "m": "m metre metres meter meters",
        "cm": "cm centimetre centimetres centimeter centimeters",
        "mm": "mm millimetre millimetres millimeter millimeters",
        "mile": "mile miles mi",
        "ft": "ft foot feet",
        "in": "inch inches",
        "kg": "kg kilo kilos kilogram kilograms kilogramme kilogrammes",
        "g": "g gram grams gramme grammes",
        "t": "tonne tonnes ton tons",
        "l": "l litre litres liter liters",
        "gb": "gb gigabyte gigabytes",
        "mb": "mb megabyte megabytes",
        "kmh": "kmh kph",
        "mph": "mph",
        "degree": "° degree degrees",
    }.items()
    for name in names.split()
}
_MONTHS = {
    name: at
    for at, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ],
        1,
    )
    for name in names.split()
}
_SIGNS = "$€£¥₹"
_TOKEN = re.compile(
    rf"(?P<iso>(?<!\d)\d{{4}}-\d{{2}}-\d{{2}}(?!\d))|(?P<clock>(?<![\d:])\d{{1,2}}(?::\d{{2}})+(?!\d))"
    r"|(?P<number>(?:(?<![\w)])-)?(?:\d{1,3}(?:[,.'’\u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?))"
    rf"|(?P<sign>[{_SIGNS}%°])|(?P<dash>(?<=\d)\s?[-–—:]\s?(?=\d))|(?P<word>[^\W\d_]+)"
)
_SPELT = ((re.compile(r"\bper cent\b"), "percent"), (re.compile(r"\b([ap])\.\s?m\b\.?"), r"\1m"), (re.compile(r"km/h"), "kmh"))
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def holds_value(text: str, value: str) -> bool:
    """Whether `text` holds `value` as whole words in a row, spelling aside. A date's year may be missing, never differ."""
    if _UNSPACED.search(value):
        return _holds_unspaced(text, value)
    wanted = list(canonical(value))
    while len(wanted) > 1 and wanted[0] in _LEADING:
        del wanted[0]
    if not wanted:
        return False
    found = canonical(text)
    return any(_matches(found, start, wanted) for start in range(len(found)))


@lru_cache(maxsize=4096)
def canonical(text: str) -> tuple[str, ...]:
    """The words of `text` in the form in which two spellings of a value are the same: `$1.2bn` gives 1200000000, usd."""
    words = _joined(_scaled(_units(_number_words(_split(text)))))
    return tuple(word for word in words if word not in _DROPPED)


def numbers_in(text: str) -> list[float]:
    """The numbers in `text`, in order, whatever their spelling."""
    return [float(part) for word in canonical(text) for part in _parts(word)]


def _parts(word: str) -> list[str]:
    pieces = word.split("-") if re.fullmatch(r"\d[\d.]*-\d[\d.]*", word) else [word]
    return [piece for piece in pieces if _NUMBER.fullmatch(piece)]


def _split(text: str) -> list[str]:
    """Lower-case words, numbers without thousands separators, dates as `m10d9` and times of day as `19:00`."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(sign))
    for pattern, spelt in _SPELT:
        plain = pattern.sub(spelt, plain)
    found: list[str] = []
    for match in _TOKEN.finditer(plain):
        word = match.group()
        if match["iso"]:
            year, month, day = word.split("-")
            found += [f"m{int(month)}d{int(day)}", year]
        elif match["number"]:
            found.append(_number(word))
        elif match["dash"]:
            found.append("-")
        elif not (word == "s" and plain[match.start() - 1 : match.start()] in ("'", "’")):
            found.append(word)
    return _clocks(_dates(found))


def _number(word: str) -> str:
    """A number's one spelling: no separators, no trailing zeros."""
    grouped = re.fullmatch(r"(-?\d{1,3}(?:[,.'’\u00a0\u202f]\d{3})+)([.,]\d+)?", word)
    if grouped and not word.startswith(("0.", "0,")):
        word = re.sub(r"[^\d-]", "", grouped[1]) + (grouped[2] or "")
    return _short(float(word.replace(",", ".")))


def _short(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:.6f}".rstrip("0")


def _dates(words: list[str]) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(words):
        here, rest = words[at], [*words[at + 1 : at + 4], "", "", ""]
        rest = rest[1:] if rest[0] in ("st", "nd", "rd", "th") else rest
        rest = rest[1:] if here.isdigit() and rest[0] == "of" else rest
        if here.isdigit() and 1 <= int(here) <= 31 and rest[0] in _MONTHS:
            found.append(f"m{_MONTHS[rest[0]]}d{here}")
            at = words.index(rest[0], at) + 1
        elif here in _MONTHS and words[at + 1 : at + 2] and words[at + 1].isdigit() and 1 <= int(words[at + 1]) <= 31:
            found.append(f"m{_MONTHS[here]}d{words[at + 1]}")
            at += 3 if words[at + 2 : at + 3] and words[at + 2] in ("st", "nd", "rd", "th") else 2
        elif here in ("st", "nd", "rd", "th") and found and found[-1].isdigit():
            found[-1] += "th"
            at += 1
        else:
            found.append(_ORDINALS.get(here, here) if here != "second" else here)
            at += 1
    return found


def _clocks(words: list[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if word in ("am", "pm") and found and re.fullmatch(r"\d{1,2}(:\d{2})?", found[-1]):
            hour, _, minute = found[-1].partition(":")
            found[-1] = f"{int(hour) % 12 + 12 * (word == 'pm')}:{minute or '00'}"
        else:
            found.append(word)
    return found


def _number_words(words: list[str]) -> list[str]:
    """Number words as digits: twenty five, two hundred and fifty. A scale word is left to `_scaled`."""
    found: list[str] = []
    held: int | None = None
    for at, word in enumerate(words):
        if word in _TENS or word in _ONES:
            number = _TENS.get(word, _ONES.get(word, 0))
            if held is not None and (held % 100 == 0 or (held % 10 == 0 and number < 10 and held % 100 >= 20)):
                held += number
                continue
            if held is not None:
                found.append(str(held))
            held = number
        elif word == "hundred" and held is not None and held < 100:
            held *= 100
        elif word == "dozen":
            held = 12 * (held or 1)
        elif held is not None and held >= 100 and word == "and" and {*words[at + 1 : at + 2]} & {*_TENS, *_ONES}:
            continue
        elif not (word == "-" and held is not None):
            if held is not None:
                found.append(str(held))
                held = None
            found.append(word)
    return [*found, str(held)] if held is not None else found


def _units(words: list[str]) -> list[str]:
    """Units in one spelling, and a currency sign after its number."""
    found: list[str] = []
    sign = ""
    for word in words:
        number = bool(_NUMBER.fullmatch(word))
        if number and sign:
            found += [word, sign]
            sign = ""
        elif word in _SIGNS or word in ("usd", "eur", "gbp"):
            if found and _NUMBER.fullmatch(found[-1]) and word not in ("$", "£"):
                found.append(_UNITS[word])
            else:
                if found and found[-1] in ("us", "ca", "au"):
                    found.pop()
                sign = _UNITS[word]
        elif word in _UNITS and found and (_NUMBER.fullmatch(found[-1]) or found[-1] in _SCALES or found[-1] in ("us", "-")):
            found = found[:-1] if found[-1] in ("us", "-") else found
            money = found and found[-1] in _UNITS.values()
            found += ["million"] if word == "m" and money else [_UNITS[word]]
        elif word == "m" and len(found) > 1 and found[-1] in ("usd", "eur", "gbp", "jpy", "inr"):
            found.append("million")
        elif not (word == "-" and not (found and _NUMBER.fullmatch(found[-1]))):
            found.append(word)
    return found


def _scaled(words: list[str]) -> list[str]:
    """Numbers multiplied by the scale word that follows them, also over a currency: 1.2, usd, billion."""
    found: list[str] = []
    for word in words:
        place = -1 if found and _NUMBER.fullmatch(found[-1]) else -2
        money = len(found) > 1 and place == -2 and found[-1] in ("usd", "eur", "gbp", "jpy", "inr")
        if word in _SCALES and found and (place == -1 or (money and _NUMBER.fullmatch(found[-2]))):
            found[place] = _short(float(found[place]) * _SCALES[word])
        else:
            found.append(word)
    return found


def _joined(words: list[str]) -> list[str]:
    """A score or a span of numbers as one word, so that no half of it counts: `3 to 1` and `3–1` give `3-1`."""
    found: list[str] = []
    for at, word in enumerate(words):
        before = len(found) > 1 and found[-1] in ("-", "to") and _NUMBER.fullmatch(found[-2]) and _NUMBER.fullmatch(word)
        if before and not (found[-1] == "to" and found[-3:-2] == ["from"]):
            found[-2:] = [f"{found[-2]}-{word}"]
        elif word != "-" or (words[at + 1 : at + 2] and _NUMBER.fullmatch(words[at + 1])):
            found.append(word)
    return [word for word in found if word != "-"]


def _matches(found: tuple[str, ...], start: int, wanted: list[str]) -> bool:
    at = start
    for place, word in enumerate(wanted):
        if found[at : at + 1] == (word,):
            at += 1
        elif place and re.fullmatch(r"m\d+d\d+", wanted[place - 1]) and re.fullmatch(r"\d{4}", word):
            if found[at : at + 1] and re.fullmatch(r"\d{4}", found[at]):
                return False
        elif re.fullmatch(r"\d[\d.]*-\d[\d.]*", word) and _apart(found, at, word):
            at += 4
        else:
            return False
    return True


def _apart(found: tuple[str, ...], at: int, word: str) -> bool:
    """Whether a score stands with what was counted inside: `54 votes to 46`."""
    one, other = word.split("-")
    return len(found) > at + 3 and (found[at], found[at + 2], found[at + 3]) == (one, "to", other)


def _holds_unspaced(text: str, value: str) -> bool:
    """For scripts that put no spaces between words: the signs in a row, no number cut in two."""
    flat, wanted = ("".join(s for s in unicodedata.normalize("NFKC", t).casefold() if s.isalnum()) for t in (text, value))
    at = flat.find(wanted)
    while wanted and at >= 0:
        before, after = flat[at - 1 : at] if at else "", flat[at + len(wanted) : at + len(wanted) + 1]
        if not (wanted[0].isdigit() and before.isdigit()) and not (wanted[-1].isdigit() and after.isdigit()):
            return True
        at = flat.find(wanted, at + 1)
    return False
