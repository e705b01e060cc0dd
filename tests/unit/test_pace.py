"""How many threads a step gets."""

from __future__ import annotations

import pytest
import torch

from rtadapt.training import pace


@pytest.mark.parametrize(("all_threads_take", "used"), [(0.5, 3), (2.0, 1)])
def test_a_step_runs_on_all_threads_only_where_they_are_faster(
    monkeypatch: pytest.MonkeyPatch, all_threads_take: float, used: int
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(pace, "_AVAILABLE", 3)
    monkeypatch.setattr(pace.Pace, "_seconds", lambda _, threads: 1.0 if threads == 1 else all_threads_take)
    try:
        chosen = pace.Pace(0, on_cpu=True, dtype=torch.float32)
        for _ in range(6):
            with chosen.step():
                assert torch.get_num_threads() == used
            assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
