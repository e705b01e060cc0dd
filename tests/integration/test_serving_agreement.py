"""A version is served when the engine answers its probes as the learner did, and refused when it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import ArtifactDamaged
from rtadapt.judged import JUDGED, Answer, read_answers, write_answers
from tests.support.adapter_files import write_adapter
from tests.support.registry_steps import could_not
from tests.support.watched_engine import count, running, until

JUDGED_BY = [Answer((1, 2, number), (10 + number, 3)) for number in range(8)]
RIGHT = [list(answer.said) for answer in JUDGED_BY]
NOTHING = [[0]] * 8


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = write_adapter(tmp_path / "adapter")
    write_answers(folder, JUDGED_BY)
    return folder


def agreement() -> float:
    return count("rtadapt_served_agreement_ratio", feed="news")


def answered() -> list[float]:
    """How many probes of all versions were answered as they were judged, and how many otherwise."""
    return [count("rtadapt_served_answers_total", feed="news", outcome=outcome) for outcome in ("as judged", "otherwise")]


@pytest.mark.parametrize(
    ("says", "base", "share"),
    [
        (RIGHT, NOTHING, 1.0),
        ([[0], *RIGHT[1:]], NOTHING, 0.875),  # rounding
        ([[*ids, 9, 9] for ids in RIGHT], NOTHING, 1.0),  # it was cut where the learner's was
        ([[0], *RIGHT[1:]], [[0], *RIGHT[1:4], *NOTHING[4:]], 0.875),
    ],
)
async def test_one_that_answers_as_it_was_judged_is_served(
    settings: Settings, publisher: Publisher, adapter: Path, says: list[list[int]], base: list[list[int]], share: float
) -> None:
    before = answered()
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        replica.engine.says = {"news@1": says, "tiny": base}
        publisher.publish(adapter)
        await until(lambda: replica.stable() == 1)
        assert agreement() == share
        assert [after - had for after, had in zip(answered(), before, strict=True)] == [8 * share, 8 * (1 - share)]


@pytest.mark.parametrize(
    ("says", "base"),
    [
        (NOTHING, NOTHING),  # as the base, in all
        ([*NOTHING[:2], *RIGHT[2:]], [*NOTHING[:2], *RIGHT[2:]]),  # as the base where it should not
        ([[7]] * 8, NOTHING),  # as nobody
        ([[7]] * 8, RIGHT),  # the base would have known
    ],
)
async def test_one_that_answers_as_the_base_or_nobody_does_is_refused(
    settings: Settings, publisher: Publisher, adapter: Path, says: list[list[int]], base: list[list[int]]
) -> None:
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        replica.engine.says = {"news@1": says, "tiny": base}
        publisher.publish(adapter)
        await until(lambda: could_not(publisher.registry, 1) == {replica.watcher.replica})
        assert replica.stable() == 0
        assert not replica.knows("news@1")


async def test_one_of_which_nothing_was_told_is_served(settings: Settings, publisher: Publisher, tmp_path: Path) -> None:
    long = write_adapter(tmp_path / "long")
    write_answers(long, [Answer(tuple(range(600)), (1,)), Answer((1,), ())])  # beyond what this engine reads, and nothing
    async with running(settings) as replica:
        await until(lambda: replica.live.ready)
        replica.engine.says = {"news@1": [], "news@2": []}
        publisher.publish(write_adapter(tmp_path / "untold"))
        await until(lambda: replica.stable() == 1)
        publisher.publish(long)
        await until(lambda: replica.stable() == 2)


def test_what_is_written_beside_an_adapter_is_read_back_or_said_to_be_damaged(tmp_path: Path) -> None:
    assert read_answers(tmp_path) == []
    write_answers(tmp_path, JUDGED_BY)
    assert read_answers(tmp_path) == JUDGED_BY
    for damage in ("{", "[]", json.dumps({"format": 2, "answers": []}), json.dumps({"format": 1, "answers": [{"said": [1]}]})):
        (tmp_path / JUDGED).write_text(damage)
        with pytest.raises(ArtifactDamaged, match=r"judged\.json"):
            read_answers(tmp_path)
    (tmp_path / JUDGED).write_bytes(b" " * (2**20 + 1))
    with pytest.raises(ArtifactDamaged, match="larger"):
        read_answers(tmp_path)
