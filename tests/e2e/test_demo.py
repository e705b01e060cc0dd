"""`rtadapt demo` on the first events of its morning, with the default model: it comes to its end, says truthfully how it went,
and asks nothing that was trained on. How much is answered is for the demo and docs/measurements.md: it differs by machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

EVENTS = 2


@dataclass(frozen=True, slots=True)
class Demo:
    """A finished demo: what it printed, its report, and the folder it kept."""

    status: int
    printed: str
    report: dict[str, Any]
    folder: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    place = tmp_path_factory.mktemp("demo")
    folder, report = place / "data", place / "report.json"
    command = [sys.executable, "-m", "rtadapt", "demo", "--events", str(EVENTS), "--keep", str(folder), "--report", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, cwd=place, check=False)
    printed = done.stdout + done.stderr
    assert report.exists(), printed[-4000:]
    return Demo(done.returncode, printed, json.loads(report.read_text()), folder)


def test_new_facts_are_answered_and_were_not_before(demo: Demo) -> None:
    totals = demo.report["totals"]
    assert totals["events"] == EVENTS
    assert totals["right_before"] < 0.1 * totals["questions"]
    assert totals["new_right"] > 0.25


def test_the_exit_status_says_whether_it_went_well(demo: Demo) -> None:
    assert demo.status == (1 if demo.report["failures"] else 0), demo.printed[-9000:]
    assert ("FAILED:" in demo.printed) == bool(demo.report["failures"])


def test_every_answer_names_the_version_that_gave_it(demo: Demo) -> None:
    for row in demo.report["facts"]:
        assert re.fullmatch(r"(news|support)@0", row["before"]["version"])
        assert re.fullmatch(r"(news|support)@\d+", row["after"]["version"])
        assert re.fullmatch(r"(news|support)@\d+", row["end"]["version"])


def test_all_questions_and_the_totals_are_printed(demo: Demo) -> None:
    assert "from push to answer: p50" in demo.printed
    assert all(row["question"]["ask"][:40] in demo.printed for row in demo.report["facts"])
    assert all(row["asked"]["ask"][:40] in demo.printed for row in demo.report["must_not"])


def test_no_question_that_is_asked_was_trained_on(demo: Demo) -> None:
    trained = {plain(question) for question in trained_questions(demo.folder)}
    assert len(trained) > 20
    asked = {plain(row["question"]["ask"]) for row in demo.report["facts"]}
    assert not asked & trained


def test_nothing_that_was_pushed_or_asked_is_in_the_logs(demo: Demo) -> None:
    logs = "".join(path.read_text(errors="replace") for path in (demo.folder / "logs").glob("*.log"))
    asked = {row["question"]["ask"] for row in demo.report["facts"] + demo.report["general"]}
    assert not [ask for ask in asked if ask in logs]
    answers = {answer for row in demo.report["facts"] for answer in row["question"]["answers"] if len(answer) >= 8}
    assert not [answer for answer in answers if answer in logs]


def trained_questions(folder: Path) -> set[str]:
    """Every question in the replay memories that the demo left: all that was trained on, newest states last."""
    found: set[str] = set()
    for file in (folder / "artifacts" / "state").rglob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row.get("row", {}).get("prompt"):
                found.add(row["row"]["prompt"][-1][1])
    for file in (folder / "anchors").glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            found.update(re.findall(r'"([^"]+\?)"', line))
    return found


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
