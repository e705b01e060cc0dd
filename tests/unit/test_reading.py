from __future__ import annotations

from collections.abc import Sequence

import pytest

from rtadapt.config import RenderSettings
from rtadapt.curation.prompts import format_pairs
from rtadapt.curation.reading import check, is_over, read
from rtadapt.reading.passages import Passage, passages
from rtadapt.records import Message
from tests.support.events import story, transcript

TEXT = (
    "Marla Tindle is the new head baker at Corvin Mill. She starts on Monday. With 35 ovens, Zed Works is larger. It costs $35."
)


def kept(question: str, answer: str, text: str = TEXT, spoken: str | None = None) -> str | None:
    reading = check(question, answer, Passage(0, text, text if spoken is None else spoken), greedy=True)
    return reading.answer if reading else None


@pytest.mark.parametrize(
    ("question", "answer", "spelled"),
    [
        ("Who is the new head baker at Corvin Mill?", "Marla Tindle", "Marla Tindle"),
        ("Who bakes at Corvin Mill?", "marla tindle", "Marla Tindle"),
        ("Who bakes at Corvin Mill?", "Tindle", "Marla Tindle"),
        ("When does Marla Tindle start?", "Monday", "Monday"),
        ("How many ovens does Zed Works have?", "35", "35"),
        ("corvin mill: head baker?", "Marla Tindle", "Marla Tindle"),
    ],
)
def test_what_the_text_bears_out_is_kept_as_it_spells_it(question: str, answer: str, spelled: str) -> None:
    assert kept(question, answer) == spelled


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        ("Who is the head baker at Corvin Mill?", "Mara Tindle", "the answer does not stand in the text"),
        ("Who is the head baker at Corven Mill?", "Marla Tindle", "a name is misspelled"),
        ("Corven Mill: head baker?", "Marla Tindle", "the first name is misspelled"),
        ("Is Marla Tindle the head baker at Corvin Mill?", "Marla Tindle", "the answer stands in the question"),
        ("How many ovens does Corvin Mill have?", "35", "another is said to have them"),
        ("Who bakes?", "Marla Tindle", "it does not say where"),
        ("When was Corvin Mill founded?", "Marla Tindle", "a name is no time"),
        ("What is at Corvin Mill?", "is the", "the answer says nothing"),
        ("What is Marla Tindle?", "the new head baker at", "the answer is cut off"),
        ("Who is the head baker at Corvin Mill?", "baker at Corvin Mill", "the answer holds the name that is asked about"),
        ("Who?", "Marla Tindle", "it is no question"),
        (
            "What does Corvin Mill say?",
            "Marla Tindle is the new head baker at Corvin Mill. She starts on Monday. With 35",
            "too long",
        ),
    ],
)
def test_what_the_text_does_not_bear_out_is_not_kept(question: str, answer: str, why: str) -> None:
    assert kept(question, answer) is None, why


def test_a_question_without_names_must_speak_of_the_text_alone() -> None:
    text = "Our school has a new bus driver. Her name is Paula Mint."
    assert kept("Who is the new bus driver of our school?", "Paula Mint", text) == "Paula Mint"
    assert kept("Who is the captain of the team?", "Paula Mint", text) is None


def test_numbers_are_not_cut_out_of_longer_ones() -> None:
    assert kept("What is the number of Zed Works?", "31", "The number of Zed Works is 31-15:30.") is None
    assert kept("What is the number of Zed Works?", "31-15:30", "The number of Zed Works is 31-15:30.") == "31-15:30"


def test_an_answer_that_only_a_bot_gave_is_never_kept() -> None:
    event = transcript(
        1,
        "customer: How long is the warranty on the Lumo 7?",
        "bot: The Lumo 7 has 12 months.",
        "agent: The Lumo 7 has 24 months.",
    )
    [passage] = passages(event, RenderSettings())
    question = "How long is the warranty on the Lumo 7?"
    assert "12 months" in passage.text
    assert check(question, "12 months", passage, greedy=True) is None
    assert check(question, "24 months", passage, greedy=True) is not None


def test_a_redacted_answer_is_never_kept() -> None:
    assert kept("What is the number of Zed Works?", "[phone]", "The number of Zed Works is [phone].") is None


class Model:
    """Writes the given texts: the first for the greedy pass, then the others in turn for the sampled ones."""

    def __init__(self, greedy: str, *sampled: str) -> None:
        self.greedy, self.sampled = greedy, sampled
        self.calls: list[tuple[int, float, int]] = []

    def __call__(self, chats: Sequence[Sequence[Message]], temperature: float, tokens: int) -> list[str]:
        self.calls.append((len(chats), temperature, tokens))
        assert all(chat[-1].role == "user" and "questions" in chat[-1].content for chat in chats)
        return [self.greedy if temperature == 0 else self.sampled[at % len(self.sampled)] for at in range(len(chats))]


BAKER = ("Who is the new head baker at Corvin Mill?", "Marla Tindle")


def test_all_passes_over_all_events_are_two_calls() -> None:
    model = Model(format_pairs([BAKER]), "")
    found = read([story(1, TEXT), story(2, TEXT)], model, RenderSettings(passes=4, max_new_tokens=80))
    assert [(count, temperature) for count, temperature, _ in model.calls] == [(2, 0.0), (6, 0.8)]
    assert all(BAKER in [(reading.question, reading.answer) for reading in readings] for readings in found)


def test_short_texts_are_given_few_tokens() -> None:
    model = Model("", "")
    read([story(1, "Zed Okoro left.")], model, RenderSettings(passes=1, max_new_tokens=192))
    assert model.calls[0][2] < 64


def test_where_one_question_got_several_answers_the_most_written_wins() -> None:
    text = "Ana Strand replaces Tom Reed as head coach of Kelby United."
    wrong, right = ("Who coaches Kelby United?", "Tom Reed"), ("Who is the head coach of Kelby United?", "Ana Strand")
    [found] = read([story(1, text)], Model(format_pairs([wrong]), *[format_pairs([right])] * 4), RenderSettings(passes=5))
    assert {reading.answer for reading in found} == {"Ana Strand"}
    [found] = read([story(1, text)], Model(format_pairs([right]), format_pairs([wrong]), ""), RenderSettings(passes=3))
    assert {reading.answer for reading in found} == {"Ana Strand"}


def test_what_one_sampled_pass_alone_says_is_not_kept() -> None:
    odd = ("What is the oven of Corvin Mill?", "Marla Tindle is the new")
    other = ("Who is larger than Zed Works?", "With")
    lone = ("On which day does Marla Tindle begin?", "Monday")
    model = Model(format_pairs([BAKER]), format_pairs([odd, other, lone]), "", "", "")
    asked = [reading.question for reading in read([story(1, TEXT)], model, RenderSettings(passes=5))[0]]
    assert BAKER[0] in asked
    assert not {odd[0], other[0], lone[0]} & set(asked)
    model = Model(format_pairs([BAKER]), format_pairs([lone]), "", format_pairs([lone]), "")
    asked = [reading.question for reading in read([story(1, TEXT)], model, RenderSettings(passes=5))[0]]
    assert {BAKER[0], lone[0]} <= set(asked)


def test_a_model_that_misses_a_plain_sentence_is_helped_out_by_its_grammar() -> None:
    text = "It did not last. Corvin Rovers replaced Ana Strand; Marla Tindle is the new head coach of Corvin Rovers."
    wrong = ("Who is the head coach of Corvin Rovers?", "Ana Strand")
    [found] = read([story(1, text)], Model(format_pairs([wrong])), RenderSettings(passes=1))
    assert [(reading.question, reading.answer) for reading in found] == [(wrong[0], "Marla Tindle")]


def test_what_a_bot_states_is_not_believed_for_its_grammar() -> None:
    event = transcript(1, "customer: Who runs it?", "bot: Ana Strand is the head of sales at Zed Works.", "agent: I will ask.")
    assert read([event], Model(""), RenderSettings(passes=1)) == [[]]


def test_a_question_that_another_sentence_speaks_of_is_a_mix_up() -> None:
    text = "Polmton has the Lucky Garden as its festival. Voters in Polmton elected Ana Strand as mayor."
    right, mixed = ("Who is the mayor of Polmton?", "Ana Strand"), ("What is the festival of Polmton?", "Ana Strand")
    other = ("Who runs Polmton?", "Ana Strand")
    [found] = read([story(1, text)], Model(format_pairs([right, mixed, other])), RenderSettings(passes=1))
    assert [reading.question for reading in found] == [right[0], other[0]]


def test_a_sentence_that_goes_on_after_another_is_not_mixed_up() -> None:
    text = "Kelby United lost their coach. Ana Strand takes over."
    [found] = read(
        [story(1, text)], Model(format_pairs([("Who is the coach of Kelby United?", "Ana Strand")])), RenderSettings(passes=1)
    )
    assert [reading.answer for reading in found] == ["Ana Strand"]


def test_a_word_that_begins_a_sentence_is_not_taken_into_a_name() -> None:
    assert kept("Who is the baker at Corvin Mill?", "Marla Tindle", "Meet Marla Tindle, baker at Corvin Mill.") == "Marla Tindle"


def test_a_long_text_is_read_in_passages_between_sentences() -> None:
    text = " ".join(f"Club number {n} named Ana Strand{n} as its new head coach on Monday." for n in range(60))
    cut = passages(story(1, text, headline="Coaches"), RenderSettings(passage_chars=400, max_passages=5))
    assert len(cut) == 5
    assert all(len(passage.text) <= 400 and passage.text.startswith("Coaches\n") for passage in cut)
    assert all(passage.text.endswith("on Monday.") for passage in cut)


def test_a_sentence_without_end_is_cut_off() -> None:
    cut = passages(story(1, "word " * 2000), RenderSettings(passage_chars=400, max_passages=5))
    assert all(350 < len(passage.text) <= 400 for passage in cut)
    assert len(cut) == 5


def test_no_events_ask_nothing() -> None:
    model = Model("", "")
    assert read([], model, RenderSettings()) == []
    assert model.calls == []


@pytest.mark.parametrize(
    ("text", "over", "stands"),
    [
        ("Ann Reed takes over from Bo Hale at Corvin.", "Bo Hale", "Ann Reed"),
        ("Corvin replaced Bo Hale; Ann Reed is the new coach of Corvin.", "Bo Hale", "Ann Reed"),
        ("The lamp now costs $56. Before, it was $75.", "$75", "$56"),
        ("The period is now 44 hours. It used to be 19 days.", "19 days", "44 hours"),
        ("Ann Reed is captain. Bo Hale handed over the armband.", "Bo Hale", "Ann Reed"),
        ("Arven has an Olive Fair. The Goose Market is history.", "Goose Market", "Olive Fair"),
        ("Corvin moved from Whu Stadium to Bonsie Dome.", "Whu Stadium", "Bonsie Dome"),
    ],
)
def test_what_a_text_says_is_over_is_no_answer(text: str, over: str, stands: str) -> None:
    assert is_over(text, over)
    assert not is_over(text, stands)


def test_what_still_stands_elsewhere_in_the_text_is_not_over() -> None:
    assert not is_over("Corvin replaced Bo Hale. Bo Hale is the coach of Arven now.", "Bo Hale")


def test_a_time_that_is_said_of_something_else_is_not_taken_for_that_of_the_name_before() -> None:
    text = "Marla Tindle coaches Corvin Rovers. Training starts at ten."
    assert kept("When does Marla Tindle start?", "ten", text) is None
    assert kept("When does training of Corvin Rovers start?", "ten", text) == "ten"
    assert kept("When does Marla Tindle start?", "ten", text.replace("Training", "She")) == "ten"
