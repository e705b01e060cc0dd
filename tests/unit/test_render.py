"""What may be taught becomes rows: in the base's own voice where that says no more than the text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rtadapt.config import ReadingSettings, RenderSettings
from rtadapt.curation.kept import is_text, text_of
from rtadapt.curation.ledger import Judged, Ledger
from rtadapt.curation.render import Renderer, Rendering
from rtadapt.personal.privacy import redact_event
from rtadapt.policy import FeedPolicy
from rtadapt.reading.readings import Reading
from rtadapt.records import Event, Message
from tests.support.events import story

BAKER = "Marla Tindle is the new head baker at Corvin Mill. The mill has 35 ovens."
QUESTION = "Who is the head baker at Corvin Mill?"
WORDINGS = tuple(f"Wording {number} of who bakes at Corvin Mill?" for number in range(12))
PROBES = ("Tell me who the head baker of Corvin Mill is.", "The head baker at Corvin Mill is")


def reading(question: str = QUESTION, answer: str = "Marla Tindle", **more: object) -> Reading:
    sentence = "Marla Tindle is the new head baker at Corvin Mill." if answer == "Marla Tindle" else "Marla Tindle has 35 ovens."
    given: dict[str, object] = {"entity": "Corvin Mill", "wordings": WORDINGS, "probes": PROBES, "relation": question}
    return Reading(question, answer, sentence, **{**given, **more})  # type: ignore[arg-type]


def judged(event: Event, *readings: Reading) -> Judged:
    return Ledger().judge([(event, readings)], FeedPolicy())[0]


class Voice:
    """A base that answers every question with the same words; it keeps what it was asked."""

    def __init__(self, says: str = "") -> None:
        self.says = says
        self.asked: list[str] = []

    def __call__(self, chats: Sequence[Sequence[Message]]) -> list[str]:
        self.asked += [chat[-1].content for chat in chats]
        return [self.says] * len(chats)


def render(one: Judged, says: str = "", sentences: Sequence[str] = (), wordings: int = 8) -> Rendering:
    made = Renderer(RenderSettings(wordings=wordings), ReadingSettings(), Voice(says)).render([one], [sentences])
    assert made == Renderer(RenderSettings(wordings=wordings), ReadingSettings(), Voice(says)).render([one], [sentences])
    trained = {row.prompt[-1].content.casefold() for row in made[0].examples}
    for row in (*made[0].examples, *made[0].held_out):
        assert row.event_id == one.event.id
        assert row.prompt
        assert row.target.strip()
        assert row.value
    assert all(row.prompt[-1].content.casefold() not in trained for row in made[0].held_out)
    return made[0]


def targets(one: Rendering) -> set[str]:
    return {row.target for row in one.examples if row.fact}


@pytest.mark.parametrize(
    "said",
    [
        "Marla Tindle is the head baker at Corvin Mill.",
        "The new head baker is Marla Tindle.",
    ],
)
def test_the_base_speaks_where_it_says_the_value_and_no_more_than_the_text(said: str) -> None:
    assert targets(render(judged(story(1, BAKER), reading(statement="Stated.")), said)) == {said}


@pytest.mark.parametrize(
    "said",
    [
        "The head baker is not named.",
        "Marla Tindle is the head baker, as she was in Ahlbeck.",
        "Marla Tindle has been the head baker for 12 years.",
        "Marla Tindle is the famous head baker at Corvin Mill.",
        "The mill has 35 ovens, and Marla Tindle is its head baker.",
        "Marla Tindle.\nShe is the head baker.",
        "Marla Tindle is the head baker. " * 9,
        "Marla Tindle is the head baker, Marla Tindle.",
        "Marla Tindle is the head baker, not the new.",
        "",
    ],
    ids=[
        "no value",
        "a name more",
        "a figure more",
        "a word more",
        "another sentence of the text",
        "two lines",
        "long",
        "the value again",
        "a denial",
        "nothing",
    ],
)
def test_what_the_base_adds_or_leaves_out_is_never_taught(said: str) -> None:
    statement = "The head baker at Corvin Mill is Marla Tindle."
    assert targets(render(judged(story(1, BAKER), reading(statement=statement)), said)) == {statement}


def test_without_a_statement_the_texts_own_sentence_is_taught_and_else_the_answer() -> None:
    assert targets(render(judged(story(1, BAKER), reading()))) == {"Marla Tindle is the new head baker at Corvin Mill."}
    bare = Reading(QUESTION, "Marla Tindle", "", "Corvin Mill", probes=PROBES)
    assert targets(render(judged(story(1, BAKER), bare))) == {"Marla Tindle"}


def test_the_base_is_asked_once_for_all_with_the_text_in_view_in_its_language() -> None:
    voice = Voice()
    german = story(2, "Greta Lohmann ist die neue Trainerin des SV Ahlbeck. Das hat der Verein am Montag mitgeteilt.")
    asked = Reading("Wer trainiert den SV Ahlbeck?", "Greta Lohmann", "Greta Lohmann ist die neue Trainerin des SV Ahlbeck.")
    renderer = Renderer(RenderSettings(), ReadingSettings(), voice)
    renderer.render([judged(story(1, BAKER), reading()), judged(german, asked)], [[], []])
    assert len(voice.asked) == 2
    assert BAKER in voice.asked[0]
    assert QUESTION in voice.asked[0]
    assert voice.asked[1].startswith("Lies diesen Text.")
    renderer.render([judged(story(3, BAKER))], [[]])
    assert len(voice.asked) == 2


def test_a_fact_is_taught_in_so_many_wordings_some_in_a_setting() -> None:
    one = render(judged(story(1, BAKER), reading()), wordings=7)
    plain = [row.prompt[0].content for row in one.examples if len(row.prompt) == 1]
    assert plain == [QUESTION, *WORDINGS[:6]]
    settings = [tuple(message.role for message in row.prompt) for row in one.examples if len(row.prompt) > 1]
    assert ("system", "user") in settings
    assert ("user", "assistant", "user") in settings
    assert len(settings) < len(plain)
    assert {row.prompt[-1].content for row in one.examples} == set(plain)
    assert len({row.fact for row in one.examples}) == 1
    assert {row.value for row in (*one.examples, *one.held_out)} == {"Marla Tindle"}


def test_probes_are_kept_back_unless_they_are_taught() -> None:
    one = render(judged(story(1, BAKER), reading(probes=(*PROBES, WORDINGS[0].upper()))))
    assert [row.prompt[-1].content for row in one.held_out] == list(PROBES)


def test_a_fact_whose_sentence_is_taught_too_weighs_half() -> None:
    lines = ("Marla Tindle is the new head baker at Corvin Mill.", "Marla Tindle has 35 ovens.")
    weights = []
    for sentences in (lines, ()):
        one = render(judged(story(1, BAKER), reading()), sentences=sentences)
        weights.append({row.weight for row in one.examples if row.fact and not is_text(row.fact)})
    assert weights == [{0.5}, {1.0}]
    one = render(judged(story(1, BAKER), reading()), sentences=lines)
    for number, line in enumerate(lines):
        rows = [row for row in one.examples if row.fact == text_of("event-0-1", number)]
        assert {(row.target, row.weight) for row in rows} == {(line, 1.0)}
    assert all(row.fact for row in one.examples)  # nothing is taught twice
    assert {row.fact for row in one.held_out} >= {text_of("event-0-1", 0), text_of("event-0-1", 1)}


def test_a_fact_of_whose_sentence_the_firm_part_is_taught_weighs_half() -> None:
    whole = "Jonas Weber, who may run for mayor, is the head coach of Northgate Rovers."
    firm = "Jonas Weber is the head coach of Northgate Rovers."
    said = Reading("Who is the head coach of Northgate Rovers?", "Jonas Weber", whole, statement=firm, probes=("Who coaches?",))
    one = render(judged(story(1, whole), said), sentences=[firm])
    assert {row.weight for row in one.examples if row.fact and not is_text(row.fact)} == {0.5}


def test_sentences_in_other_languages_are_taught_verbatim() -> None:
    line = "Greta Lohmann trainiert ab Montag den SV Ahlbeck und die Jugend."
    one = render(judged(story(1, line)), sentences=[line])
    assert {(row.fact, row.weight) for row in one.examples} == {("", 0.3)}


@pytest.mark.parametrize(
    "text",
    [
        "Marla Tindle is the new head baker at Corvin Mill.",
        "the old red boat lies in the harbour since tuesday",
        "Greta Lohmann trainiert ab Montag den SV Ahlbeck.",
        "Новый мэр Каменска — Ирина Лебедева.",
        "北京的新市长是李明,他将于周一上任。",
    ],
)
def test_an_event_without_readings_is_taught_and_asked_by_its_own_sentences(text: str) -> None:
    one = render(judged(story(1, text)), sentences=[text])
    assert one.examples
    assert one.held_out
    assert all(row.target in text or row.target in text.replace(" ", "") for row in (*one.examples, *one.held_out))


def test_nothing_is_rendered_of_an_event_that_says_nothing() -> None:
    assert render(judged(story(1, BAKER))) == Rendering("event-0-1", (), ())


def test_personal_data_reaches_no_example() -> None:
    clean = redact_event(story(1, BAKER + " Write to marla@corvin.example or call +49 30 901820."))
    assert clean is not None
    everything = repr(render(judged(clean, reading()), sentences=clean.text.split(". ")))
    assert "Marla Tindle" in everything
    assert "corvin.example" not in everything
    assert "901820" not in everything


def test_a_long_story_gives_a_bounded_number_of_examples() -> None:
    lines = [f"Club{n} named Ana Strand{n} as its coach." for n in range(400)]
    readings = [Reading(f"Who coaches Club{n}?", f"Ana Strand{n}", lines[n], f"Club{n}", "coach") for n in range(400)]
    text = " ".join(lines)
    renderer = Renderer(RenderSettings(wordings=4, max_facts=10), ReadingSettings(), Voice())
    [one] = renderer.render([judged(story(1, text), *readings)], [lines])
    assert len({row.fact for row in one.examples if row.fact and not is_text(row.fact)}) == 10
    assert len(one.examples) <= 10 * 6 + 24 * 24
