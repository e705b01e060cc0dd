"""What a base showed in an earlier reading exam: it would show the same again.

Owns one small file for each base, in the data folder, and those that come with this package, for the default model. A result
counts only for the papers and prompts that it was reached with. Takes and gives an ExamResult.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from rtadapt.reading.exam import ExamResult
from rtadapt.reading.exam_papers import PAPERS
from rtadapt.reading.examples import SHOWN

SHIPPED = Path(__file__).with_name("shipped")
_NAME = 32


class RememberedExam:
    """The result of the base that `digest` names, in `folder`."""

    def __init__(self, folder: Path, digest: str) -> None:
        self._file = f"{digest[:_NAME]}.json"
        self._folder = folder

    def result(self) -> ExamResult | None:
        """What the base showed before; None where it never sat this exam."""
        for folder in (self._folder, SHIPPED):
            try:
                said = json.loads((folder / self._file).read_text(encoding="utf-8"))
                if said.pop("papers") == papers():
                    return ExamResult(**said)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):  # not there, or damaged: it is sat again
                continue
        return None

    def keep(self, result: ExamResult) -> None:
        """Remember what the base showed, if it got to the end. Where nothing can be written it sits the exam again next time."""
        if not result.able:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = self._folder / f".{self._file}"
            draft.write_text(json.dumps({"papers": papers()} | asdict(result)) + "\n", encoding="utf-8")
            draft.replace(self._folder / self._file)
        except OSError:
            return


def papers() -> str:
    """Names this exam: its papers and what a model is asked with."""
    shown = [(language, one.text, one.pairs, one.again) for language, one in sorted(SHOWN.items(), key=lambda item: item[0])]
    return hashlib.sha256(repr((PAPERS, shown)).encode()).hexdigest()[:_NAME]
