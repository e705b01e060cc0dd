"""Values compared by what they mean: numbers, units, money, dates and times in any spelling."""

from __future__ import annotations

import pytest

from rtadapt.reading.values import holds_value, numbers_in

SAME = [
    ("The lease runs for twelve months.", "12 months"),
    ("They won 3–1 at home.", "3-1"),
    ("They won 3 to 1.", "3–1"),
    ("It passed by 54 votes to 46.", "54 to 46"),
    ("Hold the key for 5 seconds.", "5s"),
    ("Hold it 5s.", "five seconds"),
    ("A pass costs $6.95.", "6.95 dollars"),
    ("Revenue rose 8 per cent to 1.2 billion euros.", "8%"),
    ("Revenue rose 8 per cent to 1.2 billion euros.", "€1.2bn"),
    ("It was sold for £18m.", "18 million pounds"),
    ("About 1,000 people came.", "1000"),
    ("Mehr als 3.400 Frauen nahmen teil.", "3,400"),
    ("On October 9th, 2026, it opens.", "9 October"),
    ("It opens on 9 October.", "October 9, 2026"),
    ("It opens on 2026-10-09.", "9 October 2026"),
    ("Doors open at 7 p.m.", "19:00"),
    ("The council has two hundred and fifty seats.", "250 seats"),
    ("Repairs took an eleven-month closure.", "11 months"),
    ("Dr. Inés Vale's report", "Ines Vale"),
    ("rose from 15 to 18", "18"),
    ("云岭市新图书馆馆长是林书瑶。", "林书瑶"),
]
OTHER = [
    ("It sold 5 million.", "5"),
    ("It costs $449.99.", "449"),
    ("They won 3-1.", "3"),
    ("It passed by 54 votes to 46.", "46 to 54"),
    ("It opened on 9 October 2025.", "9 October 2026"),
    ("It opened on 19 October.", "9 October"),
    ("It costs $40.", "40 euros"),
    ("Hold it for 12 minutes.", "12 seconds"),
    ("16月3日开放", "6月3日"),
    ("Vale, Ines", "Ines Vale"),
    ("Anything at all.", "the"),
]


@pytest.mark.parametrize(("text", "value"), SAME)
def test_a_value_is_found_in_another_spelling(text: str, value: str) -> None:
    assert holds_value(text, value)


@pytest.mark.parametrize(("text", "value"), OTHER)
def test_another_value_is_not_taken_for_it(text: str, value: str) -> None:
    assert not holds_value(text, value)


def test_numbers_are_read_as_such() -> None:
    assert numbers_in("Twenty-five of 1,200 paid $1.5m, or 3-1.") == [25, 1200, 1_500_000, 3, 1]
