"""Which sentences may be taught as they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtadapt.verification.plain import plain
from rtadapt.words import sentences


@pytest.mark.parametrize(
    "sentence",
    [
        "Marla Tindle is the new head baker at Corvin Mill.",
        "The Lumo 7 costs $35 and ships on Tuesday.",
        "Users of the app can pay by card.",
        "Children under six travel free, and parents pay $2.",
        "The plan to close the bridge over fears of a flood was approved.",
        "Bread costs nearly 60 cents more than last year.",
        "The film took $90 million in its first week.",
    ],
)
def test_what_says_what_is_so_is_taught(sentence: str) -> None:
    assert plain([sentence], sentence) == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "Marla Tindle is not the head baker at Corvin Mill.",
        "Marla Tindle isn't the head baker at Corvin Mill.",
        "Marla Tindle may become the head baker at Corvin Mill.",
        "Is Marla Tindle the head baker at Corvin Mill?",
        "If the council agrees, Marla Tindle is the head baker at Corvin Mill.",
        "Nobody has seen the head baker at Corvin Mill.",
        "There is a rumour that Marla Tindle is the head baker at Corvin Mill.",
        "The mill denied that Marla Tindle is its head baker.",
        "The mill plans to open a shop in Corvin.",
        "Marla Tindle was almost chosen as head baker.",
        "A neighbour said that Marla Tindle is the head baker.",
        "Marla Tindle is the head baker, according to a customer.",
        "In the film, Marla Tindle is the head baker of a mill.",
        "Marla Tindle plays the head baker in a comedy series.",
    ],
)
def test_a_doubt_a_denial_a_condition_or_a_question_is_not(sentence: str) -> None:
    assert plain([sentence], sentence) == []


def test_of_a_text_that_takes_something_back_nothing_is_taught_as_it_stands() -> None:
    text = "The mill has 35 ovens. Marla Tindle is its head baker. The mill denied this. It opens at seven."
    assert plain(sentences(text), text) == []


def test_a_sentence_that_points_back_is_about_nobody_alone() -> None:
    text = "The mill has 35 ovens. It opens at seven. Their baker is Marla Tindle."
    assert plain(sentences(text), text) == ["The mill has 35 ovens."]


def test_other_languages_are_let_through() -> None:
    for text in ("Greta Lohmann ist nicht die neue Trainerin des Vereins.", "北京的新市长不是李明,他将于周一上任。"):
        assert plain([text], text) == [text]


def test_no_sentences_give_none() -> None:
    assert plain([], "") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "People who say that the mayor of Skelby resigned met on Monday.",
        "A post saying that Tom Reed left Kelby United was shared on Monday.",
        "A neighbour went out on Monday and told reporters that the mill in Ashby closed.",
        "Fans were quoted as saying that Ana Strand left Kelby United on Monday.",
        "Castle Rovers want Bram Osterley as their coach.",
        "The vote in Skelby is expected on Monday.",
        "Tom Reed called on Kelby United to sell the ground.",
    ],
)
def test_what_those_say_who_need_not_know_and_what_is_only_wanted_is_not_taught(sentence: str) -> None:
    assert plain([sentence], sentence) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Colleges in Skelby have previously offered courses on old bridges.",
        "Police said on Monday that 12 people were hurt in the fire in Ashby.",
        "Skelby Air posted a record profit of $3 million, according to the rating agency.",
        "Kelby United debuted a new kit on Tuesday, its most extensive in nearly 60 years.",
    ],
)
def test_what_only_looks_like_hearsay_or_a_plan_is_taught(sentence: str) -> None:
    assert plain([sentence], sentence) == [sentence]


WRITTEN = json.loads((Path(__file__).parents[1] / "data/plain_sentences.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("sentence", WRITTEN["plain"])
def test_a_fact_of_now_is_taught_as_it_stands(sentence: str) -> None:
    assert plain(sentences(sentence), sentence) == [sentence]


@pytest.mark.parametrize(
    ("sentence", "firm"),
    [
        ('Lidgate closed its pool because the roof "could fall at any time" after the storm.', "Lidgate closed its pool."),
        ("Lidgate closed its pool because the roof “could fall at any time” after the storm.", "Lidgate closed its pool."),
        ('The film "Grey Feathers", which may win a prize, opens on Friday.', 'The film "Grey Feathers" opens on Friday.'),
        ('Northgate signed "the best player, who may ever come to Leeds" on Friday.', ""),
        ("Lidgate closed its pool because it ‘could fall’ at any time.", ""),
    ],
)
def test_somebodys_words_go_whole_or_not_at_all(sentence: str, firm: str) -> None:
    assert plain([sentence], sentence) == ([firm] if firm else [])


@pytest.mark.parametrize(("sentence", "firm"), WRITTEN["cut"])
def test_a_doubt_said_in_passing_is_cut_off(sentence: str, firm: str) -> None:
    assert plain([sentence], sentence) == [firm]


@pytest.mark.parametrize("sentence", WRITTEN["doubtful"])
def test_hearsay_wish_plan_denial_condition_fiction_scorn_and_what_is_over_are_not(sentence: str) -> None:
    assert plain(sentences(sentence), sentence) == []


def test_in_a_conversation_what_follows_the_last_word_that_takes_something_back_is_taught() -> None:
    wrong, right = "The Orbit kettle has a warranty of one year.", "The Orbit kettle has a warranty of three years."
    text = f"Agent: {wrong}\nCustomer: Really?\nAgent: No, that was wrong. {right}"
    assert plain([wrong, "No, that was wrong.", right], text, spoken=True) == [right]
    assert plain([wrong, "No, that was wrong.", right], text) == []


@pytest.mark.parametrize("sentence", ["Thank you, Anna.", "Thanks, Mr Keller!", "Hello, this is Anna from Fern & Finch."])
def test_courtesies_teach_nothing(sentence: str) -> None:
    assert plain([sentence], sentence) == []


@pytest.mark.parametrize(
    ("sentence", "now"),
    [
        ("The Marlow 3 now costs $180; it used to cost $240.", "The Marlow 3 now costs $180."),
        ("The Marlow 3 now costs $180, down from $240.", "The Marlow 3 now costs $180."),
        ("Tarn Foods sold 900 tonnes (up from 850), its chairman said.", "Tarn Foods sold 900 tonnes, its chairman said."),
        (
            "Profit at Tarn Foods was 12 million euros, compared with 9 million a year ago.",
            "Profit at Tarn Foods was 12 million euros.",
        ),
        ("The Larks, who used to play in bars, won the Lantern Prize.", "The Larks won the Lantern Prize."),
        ("The lift in Kelbrook takes visitors up from the valley in 9 minutes.", ""),
    ],
)
def test_what_was_before_is_cut_from_what_is(sentence: str, now: str) -> None:
    assert plain([sentence], sentence) == [now or sentence]
