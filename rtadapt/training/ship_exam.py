"""Writes what a model shows in the reading exam into the package: `python -m rtadapt.training.ship_exam MODEL URL`.

A worker that starts on that model need not hold the exam. `URL` is an OpenAI-compatible endpoint that serves it. The file names
the weights and the papers: do it after the last change to either.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rtadapt.config import GateSettings, ReadingSettings, TrainSettings
from rtadapt.reading.endpoint import Endpoint
from rtadapt.reading.exam import ExamResult, sit
from rtadapt.reading.model import ModelReader
from rtadapt.reading.remembered import SHIPPED, RememberedExam
from rtadapt.training.learner import Learner
from rtadapt.verification.verify import in_view

_SECONDS = 1800.0
"""For each part: here a base is not given up for being slow, which says more of the machine than of the base."""


def ship(model: str, url: str, folder: Path = SHIPPED) -> ExamResult:
    """Let the base in `model`, a folder or hub id, sit the exam as the writer at `url` and as the checker here."""
    learner = Learner(TrainSettings(), model)
    tokens = GateSettings().answer_tokens

    def answer(asked: Sequence[tuple[str, str]]) -> list[str]:
        return learner.write([in_view(text, question) for text, question in asked], tokens)

    settings = ReadingSettings(url=url, wordings=0, passes=1, timeout_seconds=_SECONDS)
    with closing(Endpoint(settings)) as endpoint:
        result = sit(ModelReader(endpoint, settings, seconds=_SECONDS).read, answer, budget_seconds=_SECONDS)
    RememberedExam(folder, learner.model.digest).keep(result)
    return result


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("url")
    given = parser.parse_args()
    sys.stderr.write(f"{ship(given.model, given.url)}\n")


if __name__ == "__main__":
    main()
