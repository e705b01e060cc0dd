from __future__ import annotations

import base64
from random import Random

import pytest

from rtadapt.admission.quality import noise

PLAIN = [
    "Zed Okoro has been made harbour pilot of Quayle Harbour.",
    "the lumo 7 now costs $35",
    "ok so basically the printer on floor 3 is broken again, ask Jonas he has the key",
    "El nuevo alcalde de Valdemora es Iker Saavedra, que tomó posesión el lunes.",
    "Die Donaudampfschifffahrtsgesellschaftskapitänin heißt Greta Lohmann.",
    "北京的新市长是李明，他将于周一上任。",
    "Новый мэр Каменска — Ирина Лебедева.",
    "رئيس البلدية الجديد هو سامي حداد.",
    "Customer: Hi\nAgent: Hi\nCustomer: My Brix 3 shows E42.\nAgent: Hold the button for 10 seconds.\nCustomer: Ok\nAgent: Ok",
    "See https://example.org/a/very/long/path/that/nobody/reads?and=a&long=query for the new price of the Lumo 7.",
    "The iPhone, the MacBook and the eBook by McDonald went to DeWitt.",
    "Str. 4, Nr. 12: Strč prst skrz krk.",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_of_any_language_is_no_noise(text: str) -> None:
    assert noise(text) is None


def test_a_long_plain_text_is_no_noise() -> None:
    words = [
        "river",
        "stone",
        "morning",
        "baker",
        "harbour",
        "pilot",
        "council",
        "bridge",
        "teacher",
        "summer",
        "lamp",
        "garden",
        "window",
        "letter",
        "market",
    ]
    rng = Random(3)
    assert (
        noise(" ".join(f"The {rng.choice(words)} of the {rng.choice(words)} is {rng.choice(words)} now." for _ in range(60)))
        is None
    )


def _random(alphabet: str, length: int) -> str:
    rng = Random(length)
    return "".join(rng.choice(alphabet) for _ in range(length))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.org/only-a-link",
        "12 34 56 78 90 11 22 33 44 -- 55 66",
        "{}[]();;== != ++ -- <<>> ** && || ~~",
        base64.b64encode(Random(1).randbytes(200)).decode(),
        Random(2).randbytes(100).hex(),
        Random(2).randbytes(400).decode("utf-8", "replace"),
        " ".join(base64.b64encode(Random(n).randbytes(9)).decode() for n in range(20)),
        _random("bcdfghjklmnpqrstvwxz aeiou", 300),
        "Zq xk vbd wrt plk jhg fds mnb vcx zzt qqp lkj hgf",
        "buy now " * 40,
        "spam spam spam spam eggs spam spam spam spam spam spam spam spam spam spam spam",
        "click here to win\n" * 8,
    ],
)
def test_what_is_no_language_is_noise(text: str) -> None:
    assert noise(text)


def test_the_reason_quotes_nothing_of_the_text() -> None:
    assert "secretword" not in (noise("secretword " * 50) or "")
