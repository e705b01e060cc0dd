"""Questions that ask for a sentence by its own words."""

from __future__ import annotations

import pytest

from rtadapt.curation.cloze import probes, taught
from rtadapt.words import flat, flat_words

CREW = "SpaceX launched a crew of four astronauts to the International Space Station on Wednesday."
COACH = "Anna Keller is the head coach of Northgate Rovers."
FRAMES = {"tell", "me", "about", "what", "is", "known", "do", "you", "know", "i", "would", "like", "to", "can", "say"}
WORDS = {
    "who",
    "where",
    "when",
    "how",
    "many",
    "long",
    "much",
    "which",
    "organisation",
    "company",
    "person",
    "country",
    "city",
    "place",
    "at",
    "on",
    "date",
    "time",
}


@pytest.mark.parametrize("sentence", [CREW, COACH, "The bridge over the Tarn was closed for 12 weeks after the flood."])
def test_every_prompt_is_made_of_the_sentences_words_and_question_words_and_answered_by_it(sentence: str) -> None:
    asked = taught(sentence, 12)
    assert len(asked) >= 8
    for one in (*asked, *probes(sentence, [one.prompt for one in asked])):
        assert one.target == sentence
        assert one.value in sentence
        assert set(flat_words(one.prompt)) <= set(flat_words(sentence)) | FRAMES | WORDS


def test_a_part_that_is_asked_for_is_not_in_its_question() -> None:
    gaps = [one for one in taught(COACH, 12) if one.value == "Northgate Rovers"]
    assert gaps
    assert all("Northgate" not in one.prompt for one in gaps)


def test_prompts_differ_and_are_the_same_again() -> None:
    prompts = [one.prompt for one in taught(CREW, 12)]
    assert len({flat(prompt) for prompt in prompts}) == len(prompts)
    assert prompts == [one.prompt for one in taught(CREW, 12)]


def test_no_probe_is_taught() -> None:
    asked = [one.prompt for one in taught(CREW, 12)]
    found = probes(CREW, asked)
    assert found
    assert not {flat(one.prompt) for one in found} & set(map(flat, asked))
    assert probes(CREW, [one.prompt for one in found]) == []


@pytest.mark.parametrize("sentence", ["Yes.", "It rains.", "...", "Help!", "2025", "The notice was lifted on Tuesday."])
def test_of_a_sentence_that_says_too_little_to_be_told_from_others_nothing_is_asked(sentence: str) -> None:
    assert probes(sentence, []) == taught(sentence, 12) == []


@pytest.mark.parametrize(
    ("sentence", "asks", "never"),
    [
        ("The Orbit kettle has a warranty of three years.", "how long", "when"),
        ("Deliveries to Lidgate take four working days in the winter.", "how many days", "when four"),
        ("The bridge in Ashby fell into the Tarn three years ago.", "when", "how long"),
        ("SpaceX launched a crew of four astronauts to the station on Wednesday.", "when", "how long"),
    ],
)
def test_how_long_something_takes_is_asked_for_as_such(sentence: str, asks: str, never: str) -> None:
    prompts = [one.prompt.casefold() for one in (*taught(sentence, 16), *probes(sentence, []))]
    assert any(asks in prompt for prompt in prompts)
    assert not any(never in prompt for prompt in prompts)
