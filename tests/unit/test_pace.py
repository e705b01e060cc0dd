"""How many threads the base runs on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from rtadapt.training import pace


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be changed; three threads are there, and take what stands behind it of what one takes."""
    told = [1000.0, 0.5]
    monkeypatch.setattr(pace, "_AVAILABLE", 3)
    monkeypatch.setattr(pace.time, "monotonic", lambda: told[0])
    monkeypatch.setattr(pace.Pace, "_seconds", lambda _, threads: 1.0 if threads == 1 else told[1])
    return told


@pytest.mark.parametrize(("all_threads_take", "used"), [(0.5, 3), (2.0, 1)])
def test_work_runs_on_all_threads_only_where_they_are_faster(now: list[float], all_threads_take: float, used: int) -> None:
    now[1] = all_threads_take
    chosen = pace.Pace(0, on_cpu=True, dtype=torch.float32)
    for _ in range(3):
        with chosen.work():
            with chosen.work():
                assert torch.get_num_threads() == used
            assert torch.get_num_threads() == used
        assert torch.get_num_threads() == 1


def test_what_is_faster_is_found_out_again_after_a_while(now: list[float]) -> None:
    chosen = pace.Pace(0, on_cpu=True, dtype=torch.float32)
    for seconds, all_threads_take, used in ((0.0, 0.5, 3), (1.0, 2.0, 3), (10.0, 2.0, 1), (1.0, 0.5, 1), (10.0, 0.5, 3)):
        now[0], now[1] = now[0] + seconds, all_threads_take
        with chosen.work():
            assert torch.get_num_threads() == used


def test_a_number_that_is_asked_for_is_kept(now: list[float]) -> None:
    chosen = pace.Pace(2, on_cpu=True, dtype=torch.float32)
    with chosen.work():
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 2
