"""`rtadapt up` as a person uses it: what it prints, an event of one's own, the old version, Ctrl-C, and a crash of all.

A test of plumbing, on a model that learns in a second: a Qwen2 with its own tokenizer and chat template.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import Up, eventually
from tests.support.taught_model import ASKED, change, flags, taught_facts

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD, FOURTH = (change(number) for number in range(4))


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, taught_qwen: Path) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("up"), *flags(taught_qwen))
    try:
        running.start()
        yield running
    finally:
        if running.runs:
            running.stop()


def test_the_three_printed_commands_work(up: Up) -> None:
    commands = re.findall(r"^  (curl (?:.*\\\n)?.*)$", up.printed, re.MULTILINE)
    assert len(commands) == 3
    push, ask, versions = (
        subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True).stdout
        for command in commands
    )
    assert '"accepted":1' in push.replace(" ", "")
    assert '"choices"' in ask
    assert '"versions"' in versions


def test_a_story_of_ones_own_changes_the_answer_and_the_old_version_still_gives_the_old(up: Up) -> None:
    before, first = up.ask("news", FIRST.question)
    after, second = up.ask("news", FIRST.question, after=up.push(FIRST.event("news")))
    assert FIRST.old in before
    assert FIRST.new in after
    assert first != second
    old, named = up.ask("news@0", FIRST.question)
    assert named == "news@0"
    assert FIRST.old in old
    assert up.ask(second, FIRST.question) == (after, second)


def test_an_event_can_be_followed_to_the_version_that_learned_it(up: Up) -> None:
    item = up.post("/v1/events", SECOND.event("news")).json()["items"][0]
    up.ask("news", SECOND.question, after=item["token"])
    status = up.get(f"/v1/events/{item['id']}").json()
    assert status["status"] == "learned"
    assert eventually(lambda: item["id"] in up.log("serve"))
    assert item["id"] in up.log("work")
    assert SECOND.new not in up.log("serve") + up.log("work")


def test_the_headline_metric_counts_what_was_served(up: Up) -> None:
    metrics = up.get("/metrics").text
    count = re.search(r'^rtadapt_event_to_served_seconds_count\{feed="news"\} (\S+)$', metrics, re.MULTILINE)
    assert count is not None
    assert float(count[1]) >= 2


def test_the_base_answers_under_its_own_name(up: Up) -> None:
    text, version = up.ask("taught-qwen", ASKED.format(place="Corvin", role="warden"))
    assert taught_facts()["Corvin", "warden"] in text
    assert "@" not in version


def test_the_engine_was_held_against_the_learner_and_what_is_served_is_what_was_judged(up: Up) -> None:
    assert eventually(lambda: [info["fits"] for info in up.get("/v1/overview").json()["replicas"].values()] == ["fits"], 60)
    lines = [line for line in up.get("/metrics").text.splitlines() if line.startswith("rtadapt_served_agreement_ratio{")]
    assert lines
    assert all(float(line.rpartition(" ")[2]) >= 0.75 for line in lines), lines  # in bfloat16, where a small model has ties
    assert "does not fit" not in up.printed


def test_a_model_that_is_not_there_is_a_404_and_never_the_base(up: Up) -> None:
    for model in ("nosuchfeed", "news@999", "gpt-4"):
        answer = up.post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": "Hello"}]})
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "model_not_found"


def test_killed_and_started_again_it_goes_on_where_it_was(up: Up) -> None:
    answer, version = up.ask("news", FIRST.question)
    up.kill()
    assert eventually(lambda: not up.processes(), 60), up.processes()
    up.start()
    assert up.ask("news", FIRST.question) == (answer, version)
    text, newer = up.ask("news", THIRD.question, after=up.push(THIRD.event("news")))
    assert THIRD.new in text
    assert int(newer.partition("@")[2]) == int(version.partition("@")[2]) + 1


def test_an_event_survives_the_death_of_engine_worker_and_registry_at_once(up: Up) -> None:
    token = up.push(FOURTH.event("news"))
    for victim in ("engine", "work", "registry"):
        os.kill(up.process_of(victim), signal.SIGKILL)
    text, _ = up.ask("news", FOURTH.question, after=token)
    assert FOURTH.new in text
    learned = [event["id"] for entry in up.get("/v1/feeds/news/versions").json()["versions"] for event in entry["events"]]
    assert len(learned) == len(set(learned))


def test_ctrl_c_leaves_no_process_behind(up: Up) -> None:
    assert up.processes()
    assert up.stop() == 0
    assert eventually(lambda: not up.processes()), up.processes()
    assert not Path(f"/proc/{up.process.pid if up.process else os.getpid()}").exists()
