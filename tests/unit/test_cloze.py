"""Questions that ask for a sentence by its own words."""

from __future__ import annotations

from random import Random

import pytest

from rtadapt.curation.cloze import probes, taught, topic
from rtadapt.curation.passing import in_passing
from rtadapt.curation.shorter import otherwise
from rtadapt.reading.parsing import parsed
from rtadapt.words import COMMON, flat, flat_words

CREW = "SpaceX launched a crew of four astronauts to the International Space Station on Wednesday."
COACH = "Anna Keller is the head coach of Northgate Rovers."


@pytest.mark.parametrize("sentence", [CREW, COACH, "The bridge over the Tarn was closed for 12 weeks after the flood."])
def test_every_prompt_shares_words_with_its_sentence_and_is_answered_by_it(sentence: str) -> None:
    asked = taught(sentence, 12)
    assert len(asked) >= 8
    for one in (*asked, *probes(sentence, [one.prompt for one in asked])):
        assert one.target == sentence
        assert one.value in sentence
        assert (set(flat_words(one.prompt)) & set(flat_words(sentence))) - COMMON


@pytest.mark.parametrize(
    ("sentence", "about", "asked"),
    [
        (
            "The first stores will shut in January.",
            "Brodie's",
            ["When will the first stores shut", "will the first stores close"],
        ),
        ("A dose costs about $3.90.", "Malvex", ["How much does a dose cost", "How expensive is a dose"]),
        ("Three people were injured in a fire in Lisbon.", "", ["How many people were injured in a fire in Lisbon?"]),
    ],
)
def test_a_sentence_is_asked_for_in_whole_questions(sentence: str, about: str, asked: list[str]) -> None:
    prompts = [one.prompt for one in taught(sentence, 16, about)]
    for question in asked:
        assert any(question.casefold() in prompt.casefold() for prompt in prompts)


def test_each_thing_that_a_sentence_says_is_asked_for_before_one_is_asked_for_again() -> None:
    values = [one.value for one in taught("Norrail opened a night train from Lidgate to Redmere on 12 May.", 16)]
    assert {"Norrail", "a night train", "12 May"} <= set(values[:6])


def test_a_part_that_is_asked_for_is_not_in_its_question() -> None:
    gaps = [one for one in taught(COACH, 12) if one.value == "Northgate Rovers"]
    assert gaps
    assert all("Northgate" not in one.prompt for one in gaps)


def passing(sentence: str, label: str = "") -> list[str]:
    """Every question of one who heard of the sentence in passing."""
    keys = [*(doc := parsed([sentence])[0]).noun_chunks, *(doc[token.i : token.i + 1] for token in doc if token.pos_ == "VERB")]
    return [
        asked
        for seed in range(60)
        if (asked := in_passing("how many" if label == "CARDINAL" else "what", label, keys, Random(seed)))
    ]


def test_a_sentence_is_asked_for_among_words_that_it_does_not_have() -> None:
    assert any(set(flat_words(one.prompt)) & {"headlines", "news", "drawn", "report"} for one in taught(CREW, 24))
    for label, starts in (("GPE", "which place"), ("CARDINAL", "figure"), ("DATE", "when"), ("PERSON", "which person")):
        asked = passing(CREW, label)
        assert any(starts in prompt.casefold() for prompt in asked)
        assert all(
            any(thing in prompt.casefold() for thing in ("spacex", "crew", "station", "four astronauts")) for prompt in asked
        )
        assert not any("launched" in prompt for prompt in asked)


def test_one_word_alone_is_said_of_many_things_and_is_not_asked_for_so() -> None:
    asked = passing("Fenwick fined Norrail on Monday for delays.")
    assert asked
    assert all(sum(name in prompt.casefold() for name in ("fenwick", "norrail", "delays")) == 2 for prompt in asked)
    assert not any("Monday" in prompt for prompt in asked)
    assert passing("It rains in Fenwick.") == []


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


def test_a_sentence_that_does_not_name_what_its_text_is_about_is_asked_for_by_that_name_too() -> None:
    sentence, about = "Please hold the reset button on the back of the router for 15 seconds.", "Lumora R7"
    prompts = [one.prompt for one in taught(sentence, 16, about)]
    named = [prompt for prompt in prompts if about in prompt]
    assert 4 <= len(named) <= 12
    assert all(one.target == sentence for one in taught(sentence, 16, about))
    assert any(about in one.prompt for one in probes(sentence, prompts, 8, about))
    assert [one.prompt for one in taught(COACH, 12, "Northgate Rovers")] == [one.prompt for one in taught(COACH, 12)]


def test_a_sentence_that_could_be_about_anything_is_asked_for_by_its_texts_name_or_not_at_all() -> None:
    sentence = "The notice was lifted."
    assert taught(sentence, 8) == [] == probes(sentence, [])
    assert all(
        "ormsby lea" in one.prompt.casefold()
        for one in (*taught(sentence, 8, "Ormsby Lea"), *probes(sentence, [], 2, "Ormsby Lea"))
    )
    assert taught(sentence, 8, "Ormsby Lea")


def test_names_are_asked_for_as_others_write_them_too() -> None:
    assert otherwise("the United Nations", "ORG") == "UN"
    assert otherwise("UK", "GPE") == "United Kingdom"
    assert otherwise("Ferry Workers Union of Lund", "ORG") == "FWUL"
    assert otherwise("Ines Valcourt", "PERSON") == "Valcourt"
    assert [otherwise("Harlow Books", "ORG"), otherwise("Valcourt", "PERSON"), otherwise("Mill Street Radio", "ORG")] == [
        "",
        "",
        "",
    ]
    prompts = [one.prompt for one in taught("The United Nations opened an office in Lidgate in March.", 16)]
    assert any(" UN " in prompt for prompt in prompts)
    assert any("United Nations" in prompt for prompt in prompts)
    of_person = taught("Lena Quist was named chair of Norrail on Friday.", 24)
    assert any("Quist" in one.prompt and "Lena" not in one.prompt for one in of_person if one.value == "Friday")
    assert not [one for one in of_person if one.value == "Lena Quist" and "Quist" in one.prompt]


def test_a_figure_tells_a_sentence_from_others_too() -> None:
    assert taught("Fuel prices are up nearly 60% since June of 2021.", 8)
    assert taught("Fuel prices are up since June.", 8) == []


def test_what_a_sentence_names_as_its_subject_is_asked_for_by_no_other_name() -> None:
    sentence = "Anna Keller resigned on Friday after the defeat."
    assert not [one for one in taught(sentence, 12, "Northgate Rovers") if "Northgate" in one.prompt]


@pytest.mark.parametrize(
    ("sentence", "never"),
    [
        ("Anna Keller joined the Leeds hospital board on Friday.", ("where hospital", "which place hospital")),
        ("Northgate Rovers sold the stadium in March in a nearly $25 billion deal.", ("in when", "in on what", "how much deal")),
        ("The council of Ashby voted in favour of the new tram line.", ("which favour", "in what of")),
        ("Denmark signed the treaty with Norway in 1902.", ("which city", "where signed")),
    ],
)
def test_a_question_word_stands_for_a_whole_thing_of_its_kind(sentence: str, never: tuple[str, ...]) -> None:
    prompts = [one.prompt.casefold() for one in (*taught(sentence, 24), *probes(sentence, [], 6))]
    assert prompts
    assert not [prompt for prompt in prompts if any(words in prompt for words in never)]


def test_a_name_that_only_a_comma_joins_is_no_topic() -> None:
    assert topic(["Said by The Herald, Ashby is closed.", "The Herald wrote it."]) in ("Herald", "The Herald")


def test_a_text_is_about_the_name_that_most_of_its_sentences_hold() -> None:
    lines = ["Odile Farrant leads Brindley Mills.", "It moved to Tessenby.", "Brindley Mills has 620 employees."]
    assert topic(lines) == "Brindley Mills"
    assert topic(["The bridge in Ashby is closed.", "Skelby is not."]) == "Ashby"
    assert topic(["hold the button for 15 seconds."]) == ""
    assert topic(["It gave Anna Keller 50 euros.", "Then Anna Keller left."]) == "Anna Keller"
    assert topic(["The Plume 2 costs 149 pounds.", "The Plume 2 is light."]) == "Plume 2"
