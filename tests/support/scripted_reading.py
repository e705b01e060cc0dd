"""A desk whose reader reads nothing: what is taught is what events state themselves, and their own sentences."""

from __future__ import annotations

from collections.abc import Sequence

from rtadapt.config import ReadingSettings
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.work.desk import Desk


class Reader:
    """Finds in a passage what it was given, where the passage holds its sentence."""

    def __init__(self, *known: Reading) -> None:
        self.known = known
        self.calls = 0

    def read(self, passages: Sequence[Passage]) -> list[list[Reading]]:
        """The known readings of each passage."""
        self.calls += 1
        return [[reading for reading in self.known if reading.sentence in passage.text] for passage in passages]


def desk_of(*known: Reading) -> Desk:
    """A desk that reads `known`, and verifies by parse and words alone."""
    return Desk(ReadingSettings(), Reader(*known), None)
