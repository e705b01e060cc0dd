"""What a feed was taught about: which questions its adapter answers, and which the base does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from rtadapt.errors import ArtifactDamaged
from rtadapt.scope import _MOST_EVENTS, SCOPE, Scope, read_scope

STORY = "Corvin Rovers named Marla Tindle as their new head coach on Tuesday. She wrote to the fans."


def tells(word: str) -> float:
    """Seldom words tell much: here those that are not in a small list."""
    return 0.36 if word in {"head", "coach", "coaches", "coached", "new", "tuesday", "wrote", "fans", "named"} else 1.2


def scope(*texts: str) -> Scope:
    made = Scope(tells)
    for text in texts:
        made.add(text)
    return made


@pytest.mark.parametrize(
    "text",
    [
        "Who coaches Corvin Rovers?",
        "whats marla's job",
        "TINDLE?",
        "Has the new coach been named already?",  # several common words of one story
        "x" * 20_000,  # too long to tell
    ],
)
def test_what_shares_enough_with_a_story_is_about_it(text: str) -> None:
    assert scope(STORY).told().speaks_of([text])


@pytest.mark.parametrize("text", ["Who wrote Romeo and Juliet?", "Who coached Arsenal?", "2 + 2", "", "?!", "Why is it so?"])
def test_what_shares_little_is_not(text: str) -> None:
    assert not scope(STORY).told().speaks_of([text])


def test_words_of_several_events_do_not_add_up() -> None:
    apart = scope("A new coach.", "He wrote to fans on Tuesday.")
    assert not apart.told().speaks_of(["Who wrote to the new coach?"])
    assert apart.told(["The coach wrote a new one."]).speaks_of(["Who wrote to the new coach?"])
    assert not apart.told().speaks_of(["Who wrote to the new coach?"])  # what would be is not what is


def test_one_text_of_a_conversation_is_enough() -> None:
    told = scope(STORY).told()
    assert told.speaks_of(["Who coaches Corvin Rovers?", "Marla Tindle.", "And who was it before?"])
    assert not told.speaks_of([])


def test_a_feed_that_learned_nothing_speaks_of_nothing_and_one_of_too_much_of_everything() -> None:
    made = scope()
    assert not made.told().speaks_of([STORY])
    for number in range(_MOST_EVENTS):
        made.add(f"thing{number}")
    assert not made.told().speaks_of(["Who wrote Romeo and Juliet?"])
    made.add("one more")
    assert made.told().speaks_of(["Who wrote Romeo and Juliet?"])


def test_it_is_the_same_after_it_was_saved_and_goes_on_from_there(tmp_path: Path) -> None:
    made = scope(STORY, "", "Port Averill won the Lakes Cup.")
    made.save(tmp_path)
    again = scope()
    again.load(tmp_path)
    again.add("Hollis Creamery has to pay.")
    for told in (read_scope(tmp_path), again.told()):
        assert [told.speaks_of([ask]) for ask in ("Who coaches Corvin?", "Who won the Lakes Cup?", "capital of France")] == [
            1,
            1,
            0,
        ]
    assert again.told().speaks_of(["What about Hollis?"])
    assert not read_scope(tmp_path).speaks_of(["What about Hollis?"])


def test_no_word_can_be_read_in_the_file(tmp_path: Path) -> None:
    scope(STORY).save(tmp_path)
    raw = (tmp_path / SCOPE).read_bytes().lower()
    assert not any(word in raw for word in (b"marla", b"tindle", b"corvin", b"rovers"))


def test_without_a_file_a_version_speaks_of_everything(tmp_path: Path) -> None:
    assert read_scope(tmp_path).speaks_of(["anything"])
    again = scope()
    again.load(tmp_path)
    again.save(tmp_path)
    assert not (tmp_path / SCOPE).exists()


@pytest.mark.parametrize("harm", ["cut", "lacks", "short", "beyond", "endless"])
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, harm: str) -> None:
    scope(STORY).save(tmp_path)
    file = tmp_path / SCOPE
    tables = load_file(file)
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:40])
    else:
        if harm == "lacks":
            del tables["events"]
        elif harm == "short":
            tables["starts"] = tables["starts"][:-1].copy()
        else:
            tables["events"] = np.full_like(tables["events"], -1 if harm == "beyond" else 2**31 - 1)
        save_file(tables, file)
    with pytest.raises(ArtifactDamaged, match=SCOPE):
        read_scope(tmp_path)


@given(st.text(max_size=300))
def test_any_text_gets_an_answer(text: str) -> None:
    assert scope(STORY, text or "a").told().speaks_of([text]) in (True, False)
