"""What verification says of a reading: kept, or the one reason why it may not be taught."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a reading is not taught. Few and fixed, so that it can be a metric's label."""

    NOT_IN_TEXT = "not_in_text"
    NOT_ABOUT_TEXT = "not_about_text"
    NEGATED = "negated"
    HEDGED = "hedged"
    CONDITIONAL = "conditional"
    PLANNED = "planned"
    DENIED = "denied"
    FICTION = "fiction"
    OVER = "over"
    ANOTHER = "another"
    SPEAKER = "speaker"
    NOT_ANSWERED = "not_answered"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a reading may be taught; `reason` is None when it may."""

    reason: Reason | None = None

    @property
    def kept(self) -> bool:
        """Whether it may be taught."""
        return self.reason is None
