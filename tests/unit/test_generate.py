"""Decoding: what is said does not depend on how it is found."""

from __future__ import annotations

from pathlib import Path

from rtadapt.training.generate import generate
from rtadapt.training.learner import Learner
from tests.support.tiny_model import build_llama
from tests.unit.test_learner import NEW, SETTINGS


def test_what_an_answer_is_expected_to_be_does_not_change_it(tmp_path: Path) -> None:
    exact = Learner(SETTINGS.model_copy(update={"dtype": "float32"}), str(build_llama(tmp_path)))
    prompts = exact.encoder.prompts([example.prompt for example in NEW])

    def said(expected: list[list[int]] | None, limit: int) -> list[list[int]]:
        stops = exact.encoder.stop_ids
        return generate(exact.model, prompts, max_new_tokens=limit, stop_ids=stops, expected=expected)

    exact.open("news", None)
    exact.update("news", NEW, [])
    with exact.slot.holding(exact._feeds["news"].newest.weights):
        alone = said(None, 12)
        assert any(answer[-1] in exact.encoder.stop_ids for answer in alone)
        assert said(alone, 12) == alone
        assert said([[*answer[:2], 5, *answer[3:]] for answer in alone], 12) == alone
        assert said([[], alone[1][:1], [7]], 12) == alone
        assert said([[*answer, 9, 9] for answer in alone], 12) == alone
        assert said([[*answer, 9, 9] for answer in alone], 2) == [answer[:2] for answer in alone]
