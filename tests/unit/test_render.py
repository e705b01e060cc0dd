from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from rtadapt.config import RenderSettings
from rtadapt.curation.ledger import question_of
from rtadapt.curation.prompts import format_pairs, write_questions
from rtadapt.curation.render import Renderer, Rendering
from rtadapt.personal.privacy import redact_event
from rtadapt.records import Event, Fact, Message, Pair
from rtadapt.words import flat
from tests.support.events import story, transcript

BAKER = "Marla Tindle is the new head baker at Corvin Mill. She starts on Monday."


class Reader:
    """A model that has read some texts, and writes nothing about any other."""

    def __init__(self, known: Mapping[str, list[tuple[str, str]]]) -> None:
        self.known = {write_questions(text): format_pairs(pairs) for text, pairs in known.items()}
        self.asked = 0

    def __call__(self, chats: Sequence[Sequence[Message]], temperature: float, tokens: int) -> list[str]:
        self.asked += len(chats)
        return [self.known.get(chat[-1].content, "I do not know.") for chat in chats]


def render(known: Mapping[str, list[tuple[str, str]]], *events: Event, **settings: int) -> list[Rendering]:
    renderings = Renderer(RenderSettings(**settings), Reader(known)).render(events)  # type: ignore[arg-type]
    check(renderings)
    return renderings


def check(renderings: Sequence[Rendering]) -> None:
    """What must hold of any rendering."""
    trained = {flat(question_of(row)) for one in renderings for row in one.examples if row.prompt}
    for one in renderings:
        for row in (*one.examples, *one.held_out):
            assert row.event_id == one.event_id
            assert flat(row.target)
            assert 0 < row.weight <= 1
            assert not row.fact or row.prompt
        assert all(row.prompt and flat(question_of(row)) not in trained for row in one.held_out)


def answers(rendering: Rendering) -> set[str]:
    return {row.target for row in rendering.examples if row.fact}


def test_stated_facts_are_taught_in_many_wordings_and_no_model_is_asked() -> None:
    event = story(1, "The Lumo 7 now costs $35.", facts=(Fact("Lumo 7", "price", "$35"),))
    reader = Reader({})
    [one] = Renderer(RenderSettings(wordings=12), reader).render([event])
    check([one])
    assert reader.asked == 0
    questions = [question_of(row) for row in one.examples if row.fact]
    assert len(questions) == 12
    assert "What is the price of the Lumo 7?" in questions
    assert {row.fact for row in (*one.examples, *one.held_out) if row.fact} == {"lumo 7 | pric"}
    assert {row.entity for row in one.examples if row.fact} == {"lumo 7"}
    assert len(one.held_out) == 1
    assert one.held_out[0].target == "$35"


def test_given_pairs_are_taught_as_they_are_and_reworded() -> None:
    pair = Pair("Who is the head baker of the north mill?", "North Tindle")
    [one] = render({}, story(1, "North Tindle was made the head baker of the north mill.", pairs=(pair,)))
    questions = [question_of(row) for row in one.examples if row.fact]
    assert questions[0] == pair.question
    assert len(questions) > 8
    assert len(one.held_out) == 1


def test_the_model_reads_what_the_event_does_not_state() -> None:
    text = "Marla Tindle is the new head baker at Corvin Mill. Corvin Mill now has 35 ovens."
    event = story(1, text, facts=(Fact("Corvin Mill", "head baker", "Marla Tindle"),))
    pairs = [("How many ovens does Corvin Mill have?", "35"), ("Who founded Corvin Mill?", "Marla Tindle")]
    [one] = render({text: pairs}, event)
    assert answers(one) == {"Marla Tindle", "35"}
    assert not any("found" in question_of(row) for row in one.examples)


def test_a_story_without_hints_is_taught_from_what_the_model_reads() -> None:
    pairs = [("Who is the new head baker at Corvin Mill?", "Marla Tindle"), ("When does Marla Tindle start?", "Monday")]
    [one] = render({BAKER: pairs}, story(1, BAKER))
    assert answers(one) == {"Marla Tindle", "Monday"}
    assert {row.target for row in one.held_out} == {"Marla Tindle", "Monday"}
    assert any(not row.prompt and row.target == BAKER and row.weight < 1 for row in one.examples)


@pytest.mark.parametrize(
    "text",
    [
        "Marla Tindle is the new head baker at Corvin Mill.",
        "the old red boat lies in the harbour since tuesday",
        "Neuer Trainer: Greta Lohmann trainiert ab Montag den SV Ahlbeck.",
        "Новый мэр Каменска — Ирина Лебедева.",
        "北京的新市长是李明，他将于周一上任。",
        "one two three",
    ],
)
def test_any_text_teaches_something_when_the_model_writes_nothing(text: str) -> None:
    [one] = render({}, story(1, text))
    assert any(not row.prompt and row.target == text for row in one.examples)


def test_blanks_ask_for_names_and_figures() -> None:
    [one] = render({}, story(1, "Marla Tindle, head baker, and bread, at Corvin Mill."))
    assert answers(one) == {"Marla Tindle", "Corvin Mill"}
    assert "Fill in: ___, head baker, and bread, at Corvin Mill." in {question_of(row) for row in one.examples}
    assert {row.target for row in one.held_out} == {"Marla Tindle", "Corvin Mill"}


def test_personal_data_reaches_no_example() -> None:
    text = "Marla Tindle is the new head baker at Corvin Mill. Write to marla@corvin.example or call +49 30 901820."
    pairs = [
        ("Who is the new head baker at Corvin Mill?", "Marla Tindle"),
        ("Where is Corvin Mill reached?", "marla@corvin.example"),
    ]
    clean = redact_event(story(1, text))
    assert clean is not None
    [one] = render({clean.text: pairs}, clean)
    everything = repr(one)
    assert "Marla Tindle" in everything
    assert "corvin.example" not in everything
    assert "901820" not in everything


def test_what_a_bot_said_is_never_a_target() -> None:
    event = transcript(
        1,
        "customer: My Lumo 7 broke. How long is the warranty on it?",
        "bot: The Lumo 7 has a warranty of 12 months.",
        "customer: Are you sure about that?",
        "agent: That is wrong. The Lumo 7 has a warranty of 24 months.",
    )
    question = "How long is the warranty on the Lumo 7?"
    [one] = render({event.text: [(question, "12 months"), (question, "24 months")]}, event)
    assert answers(one) == {"24 months"}
    assert not any("12 months" in row.target for row in (*one.examples, *one.held_out))
    assert any("24 months" in row.target and not row.prompt for row in one.examples)
    assert any(row.prompt and row.target.startswith("That is wrong.") for row in one.examples)


def test_a_later_event_of_the_batch_supersedes_an_earlier_one() -> None:
    ana, tom = "Ana Strand is the new coach of Kelby United.", "Tom Reed is the new coach of Kelby United."
    captain = "Ida Moor is the captain of Kelby United."
    known = {
        ana: [("Who is the new coach of Kelby United?", "Ana Strand")],
        tom: [("Who coaches Kelby United?", "Tom Reed"), ("Who is the coach of Kelby United?", "Tom Reed")],
        captain: [("Who is the captain of Kelby United?", "Ida Moor")],
    }
    first, other, second = render(known, story(1, ana), story(2, captain), story(3, tom))
    assert first.examples == first.held_out == ()
    assert answers(other) == {"Ida Moor"}
    assert answers(second) == {"Tom Reed"}


def test_the_same_events_give_the_same_examples() -> None:
    known = {BAKER: [("Who is the new head baker at Corvin Mill?", "Marla Tindle"), ("When does Marla Tindle start?", "Monday")]}
    assert render(known, story(1, BAKER)) == render(known, story(1, BAKER))
    assert render(known, story(1, BAKER)) != render(known, story(2, BAKER))


def test_one_fact_has_one_name_however_it_is_asked() -> None:
    pairs = [
        ("Who is the new head baker at Corvin Mill?", "Marla Tindle"),
        ("Who bakes at Corvin Mill?", "Marla Tindle"),
        ("Do you know who is in charge of the bread at Corvin Mill?", "Marla Tindle"),
    ]
    [one] = render({BAKER: pairs}, story(1, BAKER))
    assert {row.fact for row in one.examples if row.target == "Marla Tindle"} == {"corvin mill | bak"}


def test_a_fact_is_taught_in_at_most_so_many_wordings() -> None:
    pairs = [(f"Who is the new head baker number {n} at Corvin Mill?", "Marla Tindle") for n in range(40)]
    text = BAKER + " " + " ".join(str(n) for n in range(40))
    [one] = render({text: pairs}, story(1, text), wordings=7)
    assert sum(row.target == "Marla Tindle" for row in one.examples) == 7


def test_a_long_story_gives_a_bounded_number_of_examples() -> None:
    text = " ".join(f"Club{n} named Ana Strand{n} as its coach." for n in range(400))
    [one] = render({}, story(1, text), wordings=4, max_pairs=10)
    assert 0 < len(one.examples) <= 60
