from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtadapt.words import flat, holds, names, sentences, span, spoken_of, stem


def test_flat_forgets_case_signs_and_width() -> None:
    assert flat("  Who's the COACH,\nof “Kelby”? ＡＢＣ ___") == "who s the coach of kelby abc"


def test_holds_wants_whole_words_in_a_row() -> None:
    assert holds("Ana Strand takes over.", "ana strand")
    assert not holds("Ana Strandberg takes over.", "Ana Strand")
    assert not holds("Strand, Ana", "Ana Strand")
    assert not holds("anything", "")


@pytest.mark.parametrize(
    ("text", "part", "spelled"),
    [
        ("The lamp costs $35 now.", "35", "$35"),
        ("Prices fell by 12%.", "12", "12%"),
        ("It was MARLA Tindle's day.", "marla tindle", "MARLA Tindle"),
        ("The ferry leaves at 7:45.", "7 45", "7:45"),
        ("Nobody came.", "someone", None),
        ("Nobody came.", "", None),
    ],
)
def test_span_spells_a_part_as_the_text_does(text: str, part: str, spelled: str | None) -> None:
    assert span(text, part) == spelled


@given(st.text(max_size=200), st.text(max_size=20))
def test_span_is_found_where_the_words_stand(text: str, part: str) -> None:
    found = span(text, part)
    assert (found is not None) == holds(text, part)
    assert found is None or (found in text and holds(found, part))


def test_sentences_end_at_stops_and_lines_but_not_at_initials() -> None:
    text = 'Dr. J. Moss of St. Ives spoke. "We won!" she said.\nThe end? Yes… Really'
    assert sentences(text) == ["Dr. J. Moss of St. Ives spoke.", '"We won!', "she said.", "The end?", "Yes…", "Really"]


@given(st.text(max_size=300))
def test_sentences_lose_no_word(text: str) -> None:
    assert flat(" ".join(sentences(text))) == flat(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Marla Tindle is the new head baker at Corvin Mill.", ["Marla Tindle", "Corvin Mill"]),
        ("The Lumo 7 lamp shows error E42.", ["Lumo 7", "E42"]),
        ("Osk van der Meer met Dr. J. Moss.", ["Osk van der Meer", "Dr", "Moss"]),
        ("Delivery from Zed takes 3 days. Delivery is slow.", ["Zed"]),
        ("Kelby won. We saw Kelby play.", ["Kelby", "Kelby"]),
        ("nothing here is written large", []),
        ("Who is Corvin Mill's baker?", ["Corvin Mill"]),
        ("A court fined Corvin Mill 2.3 million euros.", ["Corvin Mill"]),
        ("At the Lakes Cup 22,400 people sang.", ["Lakes Cup"]),
    ],
)
def test_names_are_runs_of_large_words(text: str, found: list[str]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    "family",
    [
        "coach coaches coached coaching coacher",
        "make makes making maker makers",
        "found founded founder founders",
        "price prices priced pricing",
        "deliver delivers delivered delivery deliveries",
        "direct directed director",
    ],
)
def test_stems_of_one_family_agree(family: str) -> None:
    assert len({stem(word) for word in family.split()}) == 1


def test_stems_of_others_differ() -> None:
    words = [
        "coach",
        "captain",
        "mayor",
        "founder",
        "maker",
        "price",
        "warranty",
        "sponsor",
        "treasurer",
        "festival",
        "stadium",
        "boss",
        "baker",
    ]
    assert len({stem(word) for word in words}) == len(words)


def test_a_text_speaks_of_a_name_in_whole_words_and_of_a_word_only_where_it_is_a_name() -> None:
    texts = [
        "What is the capital of France?",
        "Who coaches Corvin Rovers?",
        "The harbour is closed.",
        "Zynthor makes drills.",
        "API",
    ]
    assert spoken_of(texts, ["api"]) == {4}
    assert spoken_of(texts, ["corvin rovers", "Corvin United", "harbour"]) == {1}
    assert spoken_of(texts, ["zynthor"]) == {3}
    assert spoken_of(["राम जाता है", "सीता"], ["सीता"]) == {1}


def test_no_stream_of_names_takes_more_than_half_of_the_texts_and_a_common_word_takes_none() -> None:
    texts = [f"Who is the mayor of Town{number}? Ask Mr Reed." for number in range(100)]
    assert spoken_of(texts, ["Mr Reed"]) == set()
    newest_first = [f"Town{number}" for number in reversed(range(100))]
    assert spoken_of(texts, newest_first) == set(range(50, 100))


def test_vowel_signs_belong_to_their_letters() -> None:
    assert flat("मोदी ने कहा") == "मोदी ने कहा"
    assert flat("मोदी") != flat("मादी")
    assert flat("สวัสดี") == "สวัสดี"
    assert flat("Zoe\u0308, Andre\u0301!") == "zoë andré"


def test_a_text_of_nothing_but_initials_is_read_in_one_pass() -> None:
    assert sentences("A. " * 100_000) == [("A. " * 100_000).strip()]
