"""What personal data looks like: the table of personal.toml, with the check digits it names.

Owns the kinds of personal data, how the table is read, and the checks that presidio has no recogniser for. Takes nothing;
gives `SHAPES` and `PARTS`. What a row finds is decided in recognisers.py: near its cue always; else, where the row has a
check, only what passes it; never where the words before say that something else is numbered.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import phonenumbers
from presidio_analyzer import predefined_recognizers as known


class Detail(StrEnum):
    """What was found, as its placeholder names it."""

    EMAIL = "e-mail"
    PHONE = "phone"
    CARD = "card"
    ACCOUNT = "account"
    IDENTITY = "id number"
    SECRET = "secret"
    ADDRESS = "address"
    BIRTH = "birth date"
    PLATE = "plate"
    NETWORK = "network address"
    WALLET = "wallet"
    PLACE = "place"
    NAME = "name"
    HEALTH = "health"


@dataclass(frozen=True, slots=True)
class Shape:
    """One way of writing: a row of the table. `cue` and `public` are None where the row has none."""

    kind: Detail
    pattern: re.Pattern[str]
    cue: re.Pattern[str] | None
    check: Callable[[str], object] | None
    public: re.Pattern[str] | None


def words(alternatives: str) -> re.Pattern[str]:
    """A pattern that finds any of the alternatives as whole words, in any case. Chinese has no spaces between words."""
    return re.compile(rf"(?<![^\W\u4e00-\u9fff])(?:{alternatives})(?![^\W\u4e00-\u9fff])", re.IGNORECASE)


def is_cpf(text: str) -> bool:
    """Whether the digits are a Brazilian CPF: two check digits."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    ends = [sum((count + 1 - at) * digits[at] for at in range(count)) * 10 % 11 % 10 for count in (9, 10)]
    return len(set(digits)) > 1 and digits[9:] == ends


def is_resident_id(text: str) -> bool:
    """Whether the 18 signs are a Chinese resident identity number."""
    return "10X98765432"[sum(int(sign) * 2 ** (17 - at) for at, sign in enumerate(text[:17])) % 11] == text[17].upper()


def is_nir(text: str) -> bool:
    """Whether the digits are a French NIR: a key of 97."""
    digits = re.sub(r"\s", "", text).replace("2A", "19").replace("2B", "18")
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def is_international(text: str) -> bool:
    """Whether the text is a phone number with its country's code, of a length that the country has."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(re.sub(r"^00", "+", text).replace("(0)", "")))
    except phonenumbers.NumberParseException:
        return False


def is_mobile(text: str) -> bool:
    """Whether the digits, which have no other sign among them, are a mobile number somewhere that dials with a leading 0."""
    numbers = [phonenumbers.parse(text, region) for region in ("FR", "GB", "DE", "NL", "IN", "AU", "CH", "SE", "JP", "ZA")]
    return any(phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE for number in numbers)


def is_public_line(text: str) -> bool:
    """Whether the text is a number that only organisations have: free, shared or dear to call."""
    lines = phonenumbers.PhoneNumberType
    for region in ("US", "GB"):
        try:
            line = phonenumbers.number_type(phonenumbers.parse(re.sub(r"^00", "+", text), region))
        except phonenumbers.NumberParseException:
            continue
        if line in (lines.TOLL_FREE, lines.PREMIUM_RATE, lines.SHARED_COST):
            return True
    return False


_CHECKS: dict[str, Callable[[str], object] | None] = {
    "": None,
    "any": bool,
    "spelled_at": re.compile(r"[\[({<] ?(?:at|@|ät) ?[\])}>]| at .* dot ", re.IGNORECASE).search,
    "international": is_international,
    "mobile": is_mobile,
    "national": lambda text: 9 <= sum(sign.isdigit() for sign in text) <= 13,
    "de_tax_id": known.DeTaxIdRecognizer().validate_result,
    "in_aadhaar": known.InAadhaarRecognizer().validate_result,
    "br_cpf": is_cpf,
    "cn_id": is_resident_id,
    "es_dni": known.EsNifRecognizer().validate_result,
    "es_nie": known.EsNieRecognizer().validate_result,
    "fr_nir": is_nir,
    "pl_pesel": known.PlPeselRecognizer().validate_result,
    "kr_rrn": known.KrRrnRecognizer().validate_result,
    "fi_hetu": known.FiPersonalIdentityCodeRecognizer().validate_result,
}


def _read() -> tuple[dict[str, str], tuple[Shape, ...]]:
    """The parts by name, whole, and the rows."""
    table = tomllib.loads(Path(__file__).with_name("personal.toml").read_text(encoding="utf-8"))
    parts: dict[str, str] = {}

    def whole(text: str) -> str:
        return re.sub(r"(?<!\(\?P)<(\w+)>", lambda match: parts[match[1]], re.sub(r"\n {2}|\n", "", "\n" + text))

    for name, text in table["parts"].items():
        parts[name] = whole(text)
    rows = [*table["shape"]]
    rows += [{"kind": "id number", "pattern": one[0], "cue": one[1], "check": one[2]} for one in table["identity"].values()]
    shapes = [
        Shape(
            kind=Detail(row["kind"]),
            pattern=re.compile(whole(row["pattern"])),
            cue=words(whole(row["cue"])) if row.get("cue") else None,
            check=_CHECKS[row.get("check", "")],
            public=words(whole(row["public"])) if row.get("public") else None,
        )
        for row in rows
    ]
    return parts, tuple(shapes)


PARTS, SHAPES = _read()
"""Pieces of regular expressions by name; everything that is found by how it is written."""
