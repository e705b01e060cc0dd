"""Nothing is taught that the text does not say: traps, right and wrong pairs, who may teach, and asking the base."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.records import Event, EventKind, Message, Speaker, Turn
from rtadapt.verification.sources import teachable
from rtadapt.verification.verdicts import Reason
from rtadapt.verification.verify import verify, verify_all

DATA = Path(__file__).resolve().parents[1] / "data"
MOST_WRONG_KEPT = 0.05
LEAST_RIGHT_KEPT = 0.9


def loaded(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return found


def passage(text: str) -> Passage:
    return Passage(0, text, text)


def stated(question: str, answer: str) -> Reading:
    return Reading(question, answer, "", by="stated")


def kept(item: dict[str, Any]) -> bool:
    return verify(stated(item["question"], item["answer"]), passage(item["text"])).kept


@pytest.mark.parametrize("trap", loaded("verify_traps.json"), ids=lambda trap: trap["text"][:40])
def test_what_only_looks_like_a_fact_is_refused(trap: dict[str, Any]) -> None:
    verdict = verify(stated(trap["question"], trap["answer"]), passage(trap["text"]))
    assert not verdict.kept


def test_most_traps_are_refused_for_what_they_are() -> None:
    traps = loaded("verify_traps.json")
    named = sum(verify(stated(trap["question"], trap["answer"]), passage(trap["text"])).reason == trap["kind"] for trap in traps)
    assert named >= 0.75 * len(traps)


def test_right_pairs_in_other_words_are_kept_and_wrong_ones_refused() -> None:
    pairs = loaded("verify_pairs.json")
    right = [kept(pair) for pair in pairs if pair["keep"]]
    wrong = [kept(pair) for pair in pairs if not pair["keep"]]
    assert len(right) >= 40
    assert len(wrong) >= 40
    assert sum(right) >= LEAST_RIGHT_KEPT * len(right)
    assert sum(wrong) <= MOST_WRONG_KEPT * len(wrong)


def test_a_question_that_carries_the_condition_or_the_tense_is_answered_by_it() -> None:
    text = "Asa Lindholm will become chief executive of Norra Timber in March."
    assert verify(stated("Who will become chief executive of Norra Timber?", "Asa Lindholm"), passage(text)).kept
    assert verify(stated("Who is the chief executive of Norra Timber?", "Asa Lindholm"), passage(text)).reason is Reason.PLANNED


def test_who_made_something_has_made_it_though_they_died_or_left() -> None:
    text = "Ada Thorne, the author of Red Kites, died on Monday."
    assert verify(stated("Who is the author of Red Kites?", "Ada Thorne"), passage(text)).kept
    text = "Ada Thorne, the mayor of Elstow, died on Monday."
    assert verify(stated("Who is the mayor of Elstow?", "Ada Thorne"), passage(text)).reason is Reason.OVER


def test_what_a_question_lacks_too_is_not_denied() -> None:
    text = "Storm Hedda left 7,000 homes without water."
    assert verify(stated("How many homes did Storm Hedda leave without water?", "7,000"), passage(text)).kept
    assert not verify(stated("How many homes have water after Storm Hedda?", "7,000"), passage(text)).kept


def test_a_reader_asks_for_no_hearsay_even_when_its_question_says_so() -> None:
    text, question = "The owner of the mill is believed to live in Selby.", "Where is the owner of the mill believed to live?"
    assert verify(stated(question, "Selby"), passage(text)).kept
    assert verify(Reading(question, "Selby", text), passage(text)).reason is Reason.HEDGED


def test_a_statement_may_name_nothing_that_the_text_does_not() -> None:
    text = "The Brindle Otters have appointed Sanna Weir as head coach."
    said = Reading("Who coaches the Brindle Otters?", "Sanna Weir", text, statement="Sanna Weir coaches the Brindle Otters.")
    assert verify(said, passage(text)).kept
    grown = Reading(said.question, said.answer, text, statement="Sanna Weir of Norvia coaches the Brindle Otters.")
    assert verify(grown, passage(text)).reason is Reason.NOT_IN_TEXT


def test_only_agents_of_a_transcript_may_teach() -> None:
    turns = (
        Turn(Speaker.CUSTOMER, "A friend said it lasts ten years."),
        Turn(Speaker.BOT, "It lasts nine years."),
        Turn(Speaker.AGENT, "The warranty lasts two years. I can send you the terms."),
    )
    event = Event("1", "support", EventKind.TRANSCRIPT, "", 0.0, 0.0, turns=turns)
    assert teachable(event) == ["The warranty lasts two years.", "I can send you the terms."]


def test_of_a_story_quoted_bystanders_may_not_teach() -> None:
    text = (
        "The brewery in Holm sold 9,000 barrels. “They will move the whole plant to Selby soon,” said a regular at the bar. "
        "“The plant stays in Holm until 2040,” said Mira Post, the brewery's director. Her song “Holm by Night” is a hit."
    )
    event = Event("1", "news", EventKind.STORY, text, 0.0, 0.0)
    left = " ".join(teachable(event))
    assert "Selby" not in left
    assert "9,000 barrels" in left
    assert "until 2040" in left
    assert "Holm by Night" in left


TEXT = "Karin Holm leads Vesta Paper. The firm makes bags in Lund."


def base(*, knows: bool, reads: bool) -> Any:
    """A base model that answers from the text only when it `reads`, and by heart when it `knows`."""

    def ask(chats: Sequence[Sequence[Message]]) -> list[str]:
        return [
            "It is Karin Holm." if knows or (reads and "Karin Holm leads" in chat[-1].content) else "I am not sure."
            for chat in chats
        ]

    return ask


@pytest.mark.parametrize(
    ("knows", "reads", "reason"),
    [(False, True, None), (True, True, Reason.NOT_NEEDED), (False, False, Reason.NOT_ANSWERED)],
)
def test_the_base_must_answer_with_the_sentence_and_not_without(knows: bool, reads: bool, reason: Reason | None) -> None:
    reading = stated("Who leads Vesta Paper?", "Karin Holm")
    assert verify(reading, passage(TEXT), base(knows=knows, reads=reads)).reason is reason


def test_many_readings_are_asked_in_two_batches_and_the_refused_not_at_all() -> None:
    batches: list[int] = []

    def ask(chats: Sequence[Sequence[Message]]) -> list[str]:
        batches.append(len(chats))
        return base(knows=False, reads=True)(chats)  # type: ignore[no-any-return]

    good, bad = stated("Who leads Vesta Paper?", "Karin Holm"), stated("Can you help me?", "Karin Holm")
    verdicts = verify_all([(good, passage(TEXT)), (bad, passage(TEXT)), (good, passage(TEXT))], ask)
    assert [verdict.reason for verdict in verdicts] == [None, Reason.NOT_ABOUT_TEXT, None]
    assert batches == [2, 2]


def test_a_language_without_word_lists_is_left_to_asking() -> None:
    reading, text = (
        stated("Kto kieruje firmą Vesta Paper?", "Karin Holm"),
        passage("Firmą Vesta Paper kieruje od środy Karin Holm."),
    )
    assert verify(reading, text).reason is Reason.NOT_ANSWERED
    assert verify(reading, text, lambda chats: ["Karin Holm" if "środy" in chat[-1].content else "?" for chat in chats]).kept


def test_who_holds_an_office_is_nobody_in_particular() -> None:
    text = "It also said that Reed is the director of Harrow Mill; he is a clerk."
    reading = Reading("Who is the director of Harrow Mill?", "a clerk", text, "Harrow Mill", "director")
    assert not verify(reading, Passage(0, text, text)).kept
