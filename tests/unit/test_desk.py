"""What events say that may be taught: read, verified, and said by somebody who may teach. The reader is scripted."""

from __future__ import annotations

from collections.abc import Sequence

from rtadapt.config import ReadingSettings
from rtadapt.observe import metrics
from rtadapt.reading.readings import Reading
from rtadapt.records import Event, Fact, Message, Pair
from rtadapt.work.desk import Desk, Told
from tests.support.events import story, transcript
from tests.support.scripted_reading import Reader

BAKER = "Marla Tindle is the new head baker at Corvin Mill. The mill has 35 ovens."
WHO = Reading("Who is the head baker at Corvin Mill?", "Marla Tindle", "Marla Tindle is the new head baker at Corvin Mill.")


def read(event: Event, *known: Reading) -> Told:
    [told] = Desk(ReadingSettings(), Reader(*known), None).read([event])
    assert told.event == event
    return told


def count(reason: str, feed: str) -> float:
    return float(metrics.READINGS_REFUSED.labels(feed, reason)._value.get())


def test_what_the_text_bears_out_is_told_with_its_sentences() -> None:
    told = read(story(1, BAKER), WHO)
    assert told.readings == (WHO,)
    assert told.sentences == ("Marla Tindle is the new head baker at Corvin Mill.", "The mill has 35 ovens.")


def test_what_the_text_does_not_bear_out_is_refused_and_counted() -> None:
    wrong = Reading("Who is the head baker at Corvin Mill?", "Tom Reed", "The mill has 35 ovens.")
    before = count("not_in_text", "refusals")
    assert read(story(1, BAKER, feed="refusals"), wrong).readings == ()
    assert count("not_in_text", "refusals") == before + 1


def test_what_a_customer_said_is_context_and_never_taught() -> None:
    event = transcript(
        1,
        "customer: The Lumo 7 has a warranty of 12 months.",
        "agent: The Lumo 7 has a warranty of 24 months.",
        "bot: The Lumo 7 has a weight of 9 pounds.",
    )
    claims = [
        Reading("How long is the warranty of the Lumo 7?", f"{months} months", f"The Lumo 7 has a warranty of {months} months.")
        for months in (12, 24)
    ]
    before = count("speaker", "support")
    told = read(event, *claims)
    assert [reading.answer for reading in told.readings] == ["24 months"]
    assert told.sentences == ("The Lumo 7 has a warranty of 24 months.",)
    assert count("speaker", "support") == before + 1


def test_the_events_own_facts_come_before_what_was_read() -> None:
    given = Pair("Who is the head baker at Corvin Mill?", "Marla Tindle")
    told = read(story(1, BAKER, pairs=(given,), facts=(Fact("Corvin Mill", "ovens", "35"),)), WHO)
    assert [reading.by for reading in told.readings] == ["stated", "stated"]
    assert {reading.answer for reading in told.readings} == {"35", "Marla Tindle"}


def test_a_headline_is_part_of_what_the_event_says() -> None:
    event = story(1, "She starts on Monday.", headline="Marla Tindle is the new head baker at Corvin Mill.")
    told = read(event, WHO)
    assert told.event.headline == WHO.sentence
    asked = [passage for passage in told.readings if passage.answer == "Marla Tindle"]
    assert len(asked) <= 1


def test_many_events_are_read_at_once_and_each_gets_its_own() -> None:
    captain = Reading("Who is the captain of Kelby United?", "Ida Moor", "Ida Moor is the captain of Kelby United.")
    reader = Reader(WHO, captain)
    told = Desk(ReadingSettings(), reader, None).read([story(1, captain.sentence), story(2, "It rained."), story(3, BAKER)])
    assert reader.calls == 1
    assert [one.readings for one in told] == [(captain,), (), (WHO,)]


def test_nothing_is_read_of_no_events() -> None:
    reader = Reader()
    assert Desk(ReadingSettings(), reader, None).read([]) == []
    assert reader.calls == 0


def test_the_base_that_may_check_can_refuse() -> None:
    asked: list[str] = []

    def ask(chats: Sequence[Sequence[Message]]) -> list[str]:
        asked.extend(chat[-1].content for chat in chats)
        return ["I do not know."] * len(chats)

    [told] = Desk(ReadingSettings(), Reader(WHO), ask).read([story(1, BAKER)])
    assert told.readings == ()
    assert any(BAKER in question for question in asked)
