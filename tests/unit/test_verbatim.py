"""A text's own sentences as rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtadapt.curation.verbatim import probes, taught

BAKER = "Marla Tindle is the new head baker at Corvin Mill with 35 ovens."
MAYOR = "北京的新市长是李明,他将于周一上任。"


def test_a_sentence_is_asked_for_whole_begun_and_with_blanks() -> None:
    rows = taught(BAKER)
    asked = {row.prompt: row for row in rows}
    assert asked["What do you know about Marla Tindle?"].target == BAKER
    assert asked["What is the news about Corvin Mill?"].target == BAKER
    begun = [row for row in rows if row.prompt.startswith("Complete the sentence: ")]
    assert len(begun) == 2
    assert all(f"{row.prompt.removeprefix('Complete the sentence: ')} {row.target}" == BAKER for row in begun)
    blanks = {row.target for row in rows if "___" in row.prompt}
    assert blanks == {"Marla Tindle", "Corvin Mill", "35"}
    assert all(row.prompt.replace("___", row.target).endswith(BAKER) for row in rows if "___" in row.prompt)


def test_signs_that_are_not_apart_are_cut_between_signs() -> None:
    rows = taught(MAYOR)
    begun = [row for row in rows if row.prompt.startswith("请补全句子:")]
    assert len(begun) == 2
    assert all(row.prompt.removeprefix("请补全句子:") + row.target == MAYOR for row in begun)
    [probe] = probes([MAYOR])
    assert probe.prompt.removeprefix("请继续:") + probe.target == MAYOR
    assert probe.target.startswith(probe.value)


@pytest.mark.parametrize(
    ("sentence", "frame"),
    [
        ("Greta Lohmann ist die neue Trainerin des SV Ahlbeck.", "Was weißt du über Greta Lohmann?"),
        ("Rosa Lindqvist es la nueva alcaldesa de Puerto Almendro.", "¿Qué sabes de Rosa Lindqvist?"),
        ("Odile Marchand est la nouvelle maire de Valcroix.", "Que sais-tu de Odile Marchand ?"),
    ],
)
def test_a_sentence_is_asked_for_in_its_own_language(sentence: str, frame: str) -> None:
    assert frame in {row.prompt for row in taught(sentence)}


def test_probes_are_never_taught_and_want_what_comes_next() -> None:
    text = [BAKER, "The council of Corvin voted on Monday to reopen the old harbour."]
    trained = {row.prompt for sentence in text for row in taught(sentence)}
    asked = probes(text)
    assert len(asked) == 2
    for probe, sentence in zip(asked, text, strict=True):
        assert probe.prompt not in trained
        assert sentence.endswith(probe.target)
        assert probe.target.startswith(probe.value)
    assert len(probes(text * 5)) == 4


def test_what_is_too_short_is_not_cut() -> None:
    assert probes(["So it is."]) == []
    assert all("Complete" not in row.prompt for row in taught("So it is."))


@given(st.text(max_size=120))
def test_any_sentence_gives_whole_rows_or_none(sentence: str) -> None:
    for row in (*taught(sentence), *probes([sentence])):
        assert row.prompt
        assert row.target
        assert "___" not in row.prompt or row.target == row.value
