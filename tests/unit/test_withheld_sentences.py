"""What is withheld is taught in no other way either."""

from __future__ import annotations

import pytest

from rtadapt.curation.kept import is_of
from rtadapt.curation.ledger import Judged, Withheld
from rtadapt.reading.readings import Reading
from rtadapt.work.desk import Told
from rtadapt.work.preparing import verbatim_of
from tests.support.events import story

WHOLE = "Anna Keller, who may run for mayor, is the head coach of Northgate Rovers."
FIRM = "Anna Keller is the head coach of Northgate Rovers."
OTHER = "Northgate Rovers have 35 players."


@pytest.mark.parametrize("line", [WHOLE, FIRM])
def test_neither_a_withheld_sentence_nor_its_firm_part_is_taught(line: str) -> None:
    event = story(1, f"{WHOLE} {OTHER}")
    reading = Reading("Who is the head coach of Northgate Rovers?", "Anna Keller", WHOLE)
    withheld = ((reading, next(iter(Withheld))),)
    assert verbatim_of(Told(event, (), (line, OTHER)), Judged(event, (), withheld)) == [OTHER]


def test_a_firm_part_is_of_its_sentence_and_of_no_other() -> None:
    assert is_of(FIRM, WHOLE)
    assert is_of(WHOLE, WHOLE)
    assert not is_of(OTHER, WHOLE)
    assert not is_of(FIRM, "")
