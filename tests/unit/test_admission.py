from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from rtadapt.admission.admit import Admission, Reason, Refusal
from rtadapt.config import AdmitSettings
from rtadapt.errors import ArtifactDamaged, InvalidSettings
from rtadapt.personal.privacy import Policy
from rtadapt.records import Event, Fact, Pair
from tests.support.events import story, transcript


def quiet(texts: list[str]) -> list[float]:
    return [3.0 for _ in texts]


def admission(**settings: object) -> Admission:
    return Admission(AdmitSettings(**settings), quiet)  # type: ignore[arg-type]


def reason(checks: Admission, event: Event) -> Reason | None:
    result = checks.check(event)
    return result.reason if isinstance(result, Refusal) else None


COACH = "{} is the new coach of Kelby United. The club said so on Monday. Training starts at ten."


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (story(1, "The Lumo 7 lamp costs $35."), None),
        (story(1, "Too short"), Reason.TOO_SHORT),
        (story(1, "    \n        "), Reason.TOO_SHORT),
        (story(1, "long " * 5000), Reason.TOO_LONG),
        (story(1, "A good plain story of Ashby.", consent=False), Reason.CONSENT),
        (story(1, "jane.doe@example.org +49 30 9018 2011"), Reason.PERSONAL_DATA),
        (story(1, "Zq xk vbd wrt plk jhg fds mnb vcx zzt qqp lkj hgf"), Reason.NOISE),
        (transcript(1, "bot: The warranty is two years.", "bot: Anything else?"), Reason.ONLY_BOT),
        (transcript(1, "customer: How long is it?", "bot: The warranty is two years."), None),
        (story(1, "", facts=(Fact("Lumo 7", "price", "$35"),)), None),
        (story(1, "-", pairs=(Pair("Who leads Ashby?", "Ana Strand"),)), Reason.NOISE),
        (story(1, "Story of Ashby. Write to jane.doe@example.org for more."), None),
    ],
)
def test_each_check_gives_its_reason(event: Event, expected: Reason | None) -> None:
    assert reason(admission(), event) == expected


def test_consent_can_be_left_to_the_sender() -> None:
    assert reason(admission(require_consent=False), story(1, "A good plain story of Ashby.", consent=False)) is None


def test_the_same_text_again_is_a_duplicate_whatever_its_id_case_and_spaces() -> None:
    checks = admission()
    assert reason(checks, story(1, COACH.format("Ana Strand"))) is None
    refusal = checks.check(story(2, COACH.format("ANA Strand").replace(" The", "\n\nthe")))
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.detail) == (Reason.DUPLICATE, "event event-0-1 says exactly the same")


def test_the_same_text_in_another_feed_is_news_there() -> None:
    checks = admission()
    assert reason(checks, story(1, COACH.format("Ana Strand"))) is None
    assert reason(checks, story(2, COACH.format("Ana Strand"), feed="sport")) is None


def test_a_second_delivery_of_an_event_is_a_duplicate_and_a_corrected_text_under_its_id_is_not(tmp_path: Path) -> None:
    checks = admission()
    first, corrected = COACH.format("Ana Strand, ana@mail.example, "), COACH.format("Tom Reed, tom@mail.example, ")
    assert reason(checks, story(1, first, event_id="one")) is None
    assert reason(checks, story(2, first, event_id="one")) is Reason.DUPLICATE
    assert reason(checks, story(3, corrected, event_id="one")) is None
    checks.save("news", tmp_path, {0: 100})
    checks = admission()
    checks.load("news", tmp_path)
    assert reason(checks, story(4, corrected, event_id="one")) is Reason.DUPLICATE
    assert reason(checks, story(5, first, event_id="one")) is Reason.DUPLICATE  # delivered late, it takes nothing back
    assert reason(checks, story(1, first, event_id="one")) is None  # the first one itself, read again after a crash


@pytest.mark.parametrize(
    "repeat",
    [
        "Training starts at ten! The club said so on Monday; Ana Strand is the new coach of Kelby United.".replace("; ", ". "),
        "Update: Ana Strand is now the new coach of Kelby United. The club said so on Monday.",
        "ana strand is a new coach of kelby united",
    ],
)
def test_a_text_without_a_new_sentence_is_a_near_duplicate(repeat: str) -> None:
    checks = admission()
    assert reason(checks, story(1, COACH.format("Ana Strand"))) is None
    assert reason(checks, story(2, repeat)) is Reason.NEAR_DUPLICATE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (COACH.format("Ana Strand"), COACH.format("Ada Strand")),
        (COACH.format("Ana Strand"), COACH.format("Ana Strand").replace("ten", "nine")),
        (COACH.format("Ana Strand"), COACH.format("Ana Strand") + " Her aide is Tom Reed."),
        ("The Lumo 7 lamp costs $35 at Zed.", "The Lumo 7 lamp costs $53 at Zed."),
        ("The Lumo 7 lamp costs 35 at Zed.", "The Lumo 7 lamp costs 3.5 at Zed."),
        ("To clear error E42, press the left button.", "To clear error E42, press the right button."),
        ("The shop in Ashby is open today.", "The shop in Ashby is not open today."),
        ("Kelby beat Ashby in the cup.", "Ashby beat Kelby in the cup."),
        ("Returns to Zed take up to 30 days.", "Returns to Zed take over 30 days."),
        ("the mascot of our school is an otter", "the mascot of our school is a badger"),
    ],
)
def test_an_update_in_the_same_words_is_news(before: str, after: str) -> None:
    filler = " It rained all day. Many people came to watch, and some of them stayed until the lights went out. " * 3
    checks = admission()
    assert reason(checks, story(1, before)) is None
    assert reason(checks, story(2, after)) is None
    assert reason(checks, story(3, filler + before, feed="long")) is None
    assert reason(checks, story(4, filler + after, feed="long")) is None


def test_other_facts_with_the_same_text_are_news() -> None:
    checks = admission()
    text = "The new price list of the Lumo 7 is out."
    assert reason(checks, story(1, text, facts=(Fact("Lumo 7", "price", "$35"),))) is None
    assert reason(checks, story(2, text, facts=(Fact("Lumo 7", "price", "$40"),))) is None
    assert reason(checks, story(3, text, facts=(Fact("Lumo 7", "price", "$40"),))) is Reason.DUPLICATE


def test_what_was_said_before_is_news_again_once_something_else_was_said_in_between() -> None:
    checks = admission()
    for offset, name in enumerate(("Ana Strand", "Tom Reed", "Ana Strand", "Tom Reed")):
        assert reason(checks, story(offset, COACH.format(name))) is None
    assert reason(checks, story(9, COACH.format("Tom Reed"))) is Reason.DUPLICATE


def test_news_about_others_in_between_changes_nothing() -> None:
    checks = admission()
    assert reason(checks, story(1, COACH.format("Ana Strand"))) is None
    assert reason(checks, story(2, "Dunmore Cycles has moved to Ashby.")) is None
    assert reason(checks, story(3, COACH.format("Ana Strand"))) is Reason.DUPLICATE


def test_an_event_read_again_after_a_crash_is_not_its_own_duplicate(tmp_path: Path) -> None:
    first = admission()
    events = [
        story(1, COACH.format("Ana Strand")),
        story(2, "Dunmore Cycles has moved to Ashby."),
        story(3, COACH.format("Ana Strand")),
    ]
    assert [reason(first, event) for event in events] == [None, None, Reason.DUPLICATE]
    first.save("news", tmp_path, {0: 100})  # with the commit of event 1; 2 and 3 are read again

    second = admission()
    second.load("news", tmp_path)
    assert [reason(second, event) for event in events] == [None, None, Reason.DUPLICATE]


def test_an_event_that_still_waited_when_a_state_was_saved_has_not_come_where_learning_goes_on_from_it(tmp_path: Path) -> None:
    first = admission()
    waits = COACH.format("Ana Strand")
    assert reason(first, story(1, "Dunmore Cycles has moved to Ashby.")) is None
    assert reason(first, story(2, waits, event_id="one")) is None
    first.save("news", tmp_path, {0: 2})
    second = admission()
    second.load("news", tmp_path)
    assert reason(second, story(1, "Dunmore Cycles has moved to Ashby.")) is None  # read again
    assert reason(second, story(3, "Dunmore Cycles has moved to Ashby.")) is Reason.DUPLICATE
    assert reason(second, story(9, waits, event_id="one")) is None  # appended again after its version was abandoned


def test_what_was_committed_is_known_after_a_restart(tmp_path: Path) -> None:
    first = admission()
    assert reason(first, story(1, COACH.format("Ana Strand"), event_id="one")) is None
    first.save("news", tmp_path, {0: 100})
    second = admission()
    second.load("news", tmp_path)
    assert reason(second, story(5, COACH.format("Ana Strand"))) is Reason.DUPLICATE
    assert reason(second, story(6, COACH.format("Ana Strand"), event_id="one")) is Reason.DUPLICATE
    assert reason(second, story(7, "Another story of Ashby.", event_id="one")) is None


def test_a_closed_feed_forgets_what_was_not_committed() -> None:
    checks = admission()
    assert reason(checks, story(1, COACH.format("Ana Strand"))) is None
    checks.close_feed("news")
    assert reason(checks, story(2, COACH.format("Ana Strand"))) is None


def test_a_refused_event_is_not_remembered() -> None:
    checks = admission()
    text = COACH.format("Ana Strand")
    assert reason(checks, story(1, text, consent=False, event_id="one")) is Reason.CONSENT
    assert reason(checks, story(2, text, event_id="one")) is None


def test_what_the_gate_refused_may_be_sent_again() -> None:
    checks = admission()
    event = story(1, COACH.format("Ana Strand"), event_id="one")
    assert reason(checks, event) is None
    checks.forget(event)
    assert reason(checks, story(2, COACH.format("Ana Strand"), event_id="one")) is None


def test_only_so_many_texts_are_remembered() -> None:
    checks = admission(remember_texts=3)
    for offset in range(5):
        assert reason(checks, story(offset, f"A plain story of Ashby, number {offset} of them.")) is None
    assert reason(checks, story(10, "A plain story of Ashby, number 0 of them.")) is None


def test_the_state_holds_no_text(tmp_path: Path) -> None:
    checks = admission()
    checks.check(story(1, COACH.format("Ana Strand"), event_id="one"))
    checks.save("news", tmp_path, {0: 100})
    written = (tmp_path / "admission.jsonl").read_text(encoding="utf-8").casefold()
    assert written
    assert not any(word in written for word in ("strand", "kelby", "training"))


@pytest.mark.parametrize(
    "content", ["{", "[]\n", '{"id": "a"}\n', '{"id":"a","at":[0],"whole":"","parts":{},"about":[]}\n', "7\n"]
)
def test_a_damaged_state_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "admission.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(ArtifactDamaged):
        admission().load("news", tmp_path)


def test_a_missing_state_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactDamaged):
        admission().load("news", tmp_path)


def test_what_surprises_the_base_model_far_more_than_plain_english_is_noise() -> None:
    def losses(texts: list[str]) -> list[float]:
        return [14.0 if "odd" in text else 10.0 for text in texts]

    checks = Admission(AdmitSettings(max_loss=9.0), losses)
    assert reason(checks, story(1, "A plain story of Ashby.")) is None
    refusal = checks.check(story(2, "An odd story of Ashby."))
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.detail) == (Reason.NOISE, "14.0 nats per token under the base model; the limit is 11.0")


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_noise(loss: float) -> None:
    checks = Admission(AdmitSettings(), lambda texts: [loss if "odd" in text else 3.0 for text in texts])
    assert reason(checks, story(1, "An odd story of Ashby.")) is Reason.NOISE


def test_an_event_that_was_not_read_from_the_log_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="position"):
        admission().check(replace(story(1, "A plain story of Ashby."), position=None))


def test_details_quote_nothing() -> None:
    checks = admission()
    for event in (story(1, "jane.doe@example.org"), story(2, "secret"), story(3, "secret " * 4000), story(4, "secret " * 50)):
        refusal = checks.check(event)
        assert isinstance(refusal, Refusal)
        assert "secret" not in refusal.detail
        assert "jane" not in refusal.detail


def test_what_is_admitted_is_the_event_without_personal_data() -> None:
    plain = story(1, "A good plain story of Ashby.")
    assert admission().check(plain) is plain
    admitted = admission().check(story(1, "Story of Ashby. Write to jane.doe@example.org for more."))
    assert isinstance(admitted, Event)
    assert admitted.text == "Story of Ashby. Write to [e-mail] for more."


def test_the_policy_for_personal_data_is_the_feeds_or_that_of_the_settings() -> None:
    event = story(1, "Story of Ashby. Write to jane.doe@example.org for more.")
    assert reason(admission(privacy="drop"), event) is Reason.PERSONAL_DATA
    admitted = admission(privacy="drop").check(event, Policy.PSEUDONYMISE)
    assert isinstance(admitted, Event)
    assert re.search(r"\[e-mail [0-9a-f]{8}\]", admitted.text)
    assert reason(admission(privacy="drop"), story(1, "A good plain story of Ashby.")) is None


def test_made_up_replacements_are_the_same_in_a_feed_and_not_in_another(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"k" * 32)
    found = []
    for feed, text in (
        ("a", "Mail ann@example.org about the fair."),
        ("a", "The address of the desk is ann@example.org."),
        ("b", "Mail ann@example.org about the fair."),
    ):
        checks = admission(privacy="pseudonymise", pseudonym_key_file=tmp_path / "key")
        admitted = checks.check(story(1, text, feed=feed))
        assert isinstance(admitted, Event)
        found += re.findall(r"\[e-mail [0-9a-f]{8}\]", admitted.text)
    assert found[0] == found[1] != found[2]


def test_a_pseudonym_key_that_is_no_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"short")
    for name in ("short", "absent"):
        with pytest.raises(InvalidSettings):
            admission(pseudonym_key_file=tmp_path / name)
