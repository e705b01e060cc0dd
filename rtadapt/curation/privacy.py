"""Clear personal data, found by its shape and replaced before anything is learned from it.

Owns the patterns and the placeholders. Takes an event, gives the same event without what it found; stated facts and
given pairs that hold any are dropped whole. It finds e-mail addresses, phone numbers, IBANs (with their check digits),
payment card numbers (with theirs) and US social security numbers. It does not know whose name, address or story is
private: a name in a transcript stays. Keep such transcripts out with `consent: false`, or take names out before they
are sent. What was found is counted, never logged.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rtadapt.records import Event

EMAIL, IBAN, CARD, SOCIAL, PHONE = "[e-mail]", "[account]", "[card]", "[id number]", "[phone]"
PLACEHOLDERS = (EMAIL, IBAN, CARD, SOCIAL, PHONE)

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ \u00a0]?[A-Z0-9]){11,30}(?!\w)")
_DIGITS = re.compile(r"(?<![\w.,:/-])(?:\d[ \u00a0-]?){12,18}\d(?![\w-]|[.,:/]\d)")
_SOCIAL = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_GAP = r"[ \u00a0.\-/()]{0,3}"
_ABROAD = re.compile(rf"(?<![\w+])(?:\+|\b00)(?=[1-9])(?:\d{_GAP}){{7,14}}\d(?!\w)")
_GROUPED = re.compile(r"(?<![\w.,:/-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])")
_BRACED = re.compile(r"(?<!\w)\(0?\d{1,5}\)[ ]?\d{2,5}(?:[ -]?\d{2,5}){1,3}(?!\w)")
_NATIONAL = re.compile(r"(?<![\w.,:/-])0\d{1,5}[ /-]\d{2,8}(?:[ -]\d{2,5}){0,4}(?![\w-]|[.,:]\d)")
_CALLED = re.compile(
    rf"(?<!\w)(?P<cue>(?:tele)?phone|tel|mobile|cell|fax|whatsapp|call(?: me| us)?|text me|reach me|dial|ring)"
    rf"(?P<between>[ .:]{{0,3}}(?:(?:number|no|is|at|on|it's|to)[ .:]{{1,3}}){{0,3}})(?P<number>\+?(?:\d{_GAP}){{6,13}}\d)(?!\w)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` with each piece of personal data replaced by a placeholder that says what it was."""
    if "@" in text:
        text = _EMAIL.sub(EMAIL, text)
    if not any(sign.isdigit() for sign in text):
        return text
    text = _IBAN.sub(_iban, text)
    text = _DIGITS.sub(lambda match: CARD if _is_card(match.group()) else match.group(), text)
    text = _SOCIAL.sub(SOCIAL, text)
    text = _CALLED.sub(lambda match: match["cue"] + match["between"] + PHONE, text)
    for pattern in (_ABROAD, _BRACED, _GROUPED):
        text = pattern.sub(PHONE, text)
    return _NATIONAL.sub(lambda match: PHONE if _is_phone(match.group()) else match.group(), text)


def is_private(text: str) -> bool:
    """Whether `text` holds personal data of a known shape, or a placeholder where some was."""
    return redact(text) != text or any(placeholder in text for placeholder in PLACEHOLDERS)


def without_placeholders(text: str) -> str:
    """What is left of a redacted text."""
    for placeholder in PLACEHOLDERS:
        text = text.replace(placeholder, " ")
    return text


def redact_event(event: Event) -> Event:
    """The event without the personal data that was found in it. An event without any is given back as it is."""
    parts = [event.text, event.headline, *(turn.text for turn in event.turns)]
    stated = [f"{fact.entity} {fact.relation} {fact.value}" for fact in event.facts]
    asked = [f"{pair.question} {pair.answer}" for pair in event.pairs]
    if all(redact(part) == part for part in (*parts, *stated, *asked)):
        return event
    return replace(
        event,
        text=redact(event.text),
        headline=redact(event.headline),
        turns=tuple(replace(turn, text=redact(turn.text)) for turn in event.turns),
        facts=tuple(fact for fact, text in zip(event.facts, stated, strict=True) if redact(text) == text),
        pairs=tuple(pair for pair, text in zip(event.pairs, asked, strict=True) if redact(text) == text),
    )


def _iban(match: re.Match[str]) -> str:
    """The longest leading part with right check digits becomes a placeholder: a word may follow without a sign between."""
    groups = re.split(r"[ \u00a0]", match.group())
    for count in range(len(groups), 0, -1):
        number = "".join(groups[:count])
        if 15 <= len(number) <= 34 and int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97 == 1:
            rest = " ".join(groups[count:])
            return f"{IBAN} {rest}" if rest else IBAN
    return match.group()


def _is_card(text: str) -> bool:
    """Whether the digits are a payment card's: a known first digit, and Luhn's check digit."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) < 2:
        return False
    doubled = [digit if at % 2 == 0 else digit * 2 - 9 * (digit > 4) for at, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _is_phone(text: str) -> bool:
    return 9 <= sum(sign.isdigit() for sign in text) <= 13
