import re
from random import Random

import pytest

from rtadapt.bundled.contrasts import contrast
from rtadapt.bundled.evaluate import FRESH_NOTES, NOTES
from rtadapt.bundled.exam_texts import FREE_TEXTS
from rtadapt.bundled.free_texts import free_text
from rtadapt.bundled.free_verbs import verb
from rtadapt.bundled.wordings import HELD_OUT, OPEN_HELD_OUT, normalise


def test_every_answer_of_a_free_text_stands_in_it() -> None:
    rng = Random(1)
    for _ in range(3000):
        text = free_text(rng)
        assert text.asked
        assert all(one.answer and one.answer in text.body for one in text.asked)
        assert not any("{" in part for one in text.asked for part in (text.body, one.written, one.answer))
        assert not re.search(r"  |,\.|,,| ,", text.body)
        assert len(text.body.split()) < 190


def test_no_question_about_a_free_text_is_a_held_out_wording() -> None:
    held = [normalise(wording) for group in (HELD_OUT, OPEN_HELD_OUT) for texts in group.values() for wording in texts]
    shapes = [re.compile(re.sub(r"\\\{[Er]\\\}|\\\{[er]\\\}", "(.+)", re.escape(shape))) for shape in held]
    rng = Random(2)
    for _ in range(2500):
        for one in free_text(rng).asked:
            assert not any(shape.fullmatch(normalise(one.written)) for shape in shapes), one.written


def test_no_free_text_holds_a_name_of_the_exam() -> None:
    exam = [answer for _, answers in (*NOTES, *FRESH_NOTES) for answer in answers]
    exam += [answer for _, wanted in FREE_TEXTS for _, answer in wanted]
    names = [answer for answer in exam if len(answer.split()) == 2 and answer.istitle() and answer.replace(" ", "").isalpha()]
    assert len(names) > 20
    rng = Random(3)
    bodies = "\n".join(free_text(rng).body for _ in range(2500))
    assert not [name for name in names if name in bodies]


def test_of_an_old_and_a_new_holder_the_new_one_is_the_answer() -> None:
    rng = Random(4)
    for _ in range(500):
        body, [(written, asked, new)] = contrast(rng)
        assert new in body
        assert new not in written
        assert new not in asked


@pytest.mark.parametrize(
    ("entry", "forms"),
    [
        ("open", ("open", "opened", "opened", "opens", "opening")),
        ("ban", ("ban", "banned", "banned", "bans", "banning")),
        ("supply", ("supply", "supplied", "supplied", "supplies", "supplying")),
        ("take_over,took_over,taken_over", ("take over", "took over", "taken over", "takes over", "taking over")),
        ("scrap", ("scrap", "scrapped", "scrapped", "scraps", "scrapping")),
        ("finish", ("finish", "finished", "finished", "finishes", "finishing")),
        ("merge_with", ("merge with", "merged with", "merged with", "merges with", "merging with")),
    ],
)
def test_verbs_are_inflected(entry: str, forms: tuple[str, ...]) -> None:
    one = verb(entry)
    assert (one.base, one.past, one.participle, one.third, one.going) == forms
