"""The memory and its ledger are the same after a restart, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtadapt.curation.ledger import Ledger
from rtadapt.curation.replay import Memory
from rtadapt.errors import ArtifactDamaged
from rtadapt.policy import FeedPolicy
from rtadapt.records import Example, Message
from tests.support.told import event, says, tell

QUESTION = "Who is the head coach of Kelby United?"


def filled() -> Memory:
    memory = Memory(100)
    answer = says(QUESTION, "Ana „Süd“ Strand", "Kelby United")
    [taught] = tell(memory.ledger, event("one", source="wire"), answer).taught
    tell(memory.ledger, event("two", 60, source="wire"), says(QUESTION, "Ana Holm", "Kelby United"))
    tell(
        memory.ledger, event("three", 120), says(QUESTION, "Tom", "Kelby United"), policy=FeedPolicy(contradictions="two_sources")
    )
    for asked in (QUESTION, "two\nlines\u2028and more"):
        prompt = (Message("system", "Be brief."), Message("user", asked))
        memory.add([Example("one", prompt, "It is Ana.", taught.fact.name, "kelby united", 0.5, "Ana")])
    memory.add(
        [Example("two", (), "A text.")], [Example("two", (Message("user", "Who?"),), "Ana Holm", "x | y | z")], {"gone": "x"}
    )
    return memory


def state(ledger: Ledger) -> tuple[object, ...]:
    return ledger.facts, ledger.waiting, ledger.spent


def test_a_saved_memory_is_the_same_again(tmp_path: Path) -> None:
    memory, again = filled(), Memory(100)
    memory.save(tmp_path)
    again.load(tmp_path)
    assert state(again.ledger) == state(memory.ledger)
    assert all(state(memory.ledger))
    assert again.draw(100, (), 3) == memory.draw(100, (), 3)
    assert again.probes(100, 3) == memory.probes(100, 3)
    again.save(tmp_path / "..")
    assert (tmp_path / "memory.jsonl").read_text() == (tmp_path / ".." / "memory.jsonl").read_text()
    for one in (memory, again):
        one.forget("one")
    assert again.draw(100, (), 3) == memory.draw(100, (), 3)
    assert state(again.ledger) == state(memory.ledger)


@pytest.mark.parametrize("spoil", ["cut", "empty", "gone", "extra", "field", "junk", "format", "part"])
def test_a_damaged_memory_is_refused(tmp_path: Path, spoil: str) -> None:
    filled().save(tmp_path)
    path = tmp_path / "memory.jsonl"
    head, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    changed = {
        "cut": [head, *lines[:-1]],
        "empty": [],
        "extra": [head, *lines, lines[-1]],
        "field": [head, json.dumps(json.loads(lines[0]) | {"new": 5}), *lines[1:]],
        "junk": [head, "nonsense", *lines[1:]],
        "format": [head.replace('"format":2', '"format":1'), *lines],
        "part": [head, '{"other":"part"}', *lines[1:]],
        "gone": [head, *lines],
    }[spoil]
    path.write_text("".join(f"{line}\n" for line in changed), encoding="utf-8")
    if spoil == "gone":
        path.unlink()
    with pytest.raises(ArtifactDamaged):
        Memory(100).load(tmp_path)


@pytest.mark.parametrize(
    ("part", "path", "value"),
    [
        ("row", ("row", "target"), 5),
        ("row", ("row", "weight"), "heavy"),
        ("row", ("row", "prompt"), [["user", None]]),
        ("row", ("row", "more"), 1),
        ("row", ("also",), [5]),
        ("kept", ("taught",), "1"),
        ("fact", ("fact", "time"), "now"),
        ("fact", ("fact", "asks"), [1]),
        ("fact", ("fact", "many"), 0),
        ("waits", ("waits", "source"), None),
        ("spent", ("times",), []),
    ],
)
def test_a_line_with_a_value_of_another_type_is_refused(tmp_path: Path, part: str, path: tuple[str, ...], value: object) -> None:
    filled().save(tmp_path)
    file = tmp_path / "memory.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]
    within = next(line for line in lines if part in line)
    for name in path[:-1]:
        within = within[name]
    within[path[-1]] = value
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(ArtifactDamaged):
        Memory(100).load(tmp_path)
