"""What adapters add on vLLM's CPU build, held against vLLM's own operators."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rtadapt.serving import cpu_adapters

SLOTS, RANK, INPUTS, WIDTHS = 3, 4, 24, (16, 8)


class Wrapper:
    """As far as vLLM's wrapper is needed; its own operators are the definition, row by row."""

    def __init__(self) -> None:
        self.token_lora_indices = torch.zeros(0, dtype=torch.long)
        self.slow = 0

    def update_metadata(self, indices: list[int]) -> None:
        self.token_lora_indices = torch.tensor(indices)

    def add_lora_linear(self, y: Any, x: Any, a: Any, b: Any, scale: float, widths: Any, **_: Any) -> None:
        self.slow += 1
        start = 0
        for stacked_a, stacked_b, width in zip(a, b, widths, strict=True):
            for row, slot in enumerate(self.token_lora_indices.tolist()):
                if slot >= 0:
                    low = x[row].float() @ stacked_a[slot, 0].float().t()
                    y[row, start : start + width] += (scale * (low @ stacked_b[slot, 0].float().t())).to(y.dtype)
            start += width

    def add_lora_logits(self, y: Any, *_: Any, **__: Any) -> None:
        self.slow += 1


@pytest.fixture
def quick() -> Wrapper:
    made = type(
        "Quick", (Wrapper,), {name: getattr(Wrapper, name) for name in ("update_metadata", "add_lora_linear", "add_lora_logits")}
    )
    cpu_adapters.install(made)
    cpu_adapters.install(made)
    return made()  # type: ignore[no-any-return]


def tensors(rows: int, dtype: torch.dtype = torch.float32) -> Any:
    draws = torch.Generator().manual_seed(rows)
    make: Callable[..., torch.Tensor] = lambda *shape: torch.randn(*shape, generator=draws).to(dtype)  # noqa: E731
    a = tuple(make(SLOTS, 1, RANK, INPUTS) for _ in WIDTHS)
    b = tuple(make(SLOTS, 1, width, RANK) for width in WIDTHS)
    return SimpleNamespace(y=make(rows, sum(WIDTHS)), x=make(rows, INPUTS), a=a, b=b)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("indices", [[1], [2, 2, 2], [-1, -1], [0, -1, 2, 0, 1, -1, 2], [-1, 1, 1]])
def test_each_row_gets_what_its_own_adapter_adds(quick: Wrapper, indices: list[int], dtype: torch.dtype) -> None:
    given = tensors(len(indices), dtype)
    given.a[0][2] = 0  # of the last adapter nothing belongs to the first part
    expected, found = given.y.clone(), given.y.clone()
    plain = Wrapper()
    plain.update_metadata(indices)
    plain.add_lora_linear(expected, given.x, given.a, given.b, 0.5, WIDTHS)
    quick.update_metadata(indices)
    quick.add_lora_linear(found, given.x, given.a, given.b, 0.5, WIDTHS, buffer=None)
    torch.testing.assert_close(found, expected, **({} if dtype == torch.float32 else {"rtol": 0.05, "atol": 0.1}))
    assert quick.slow == 0
    without = [row for row, slot in enumerate(indices) if slot < 0]
    assert torch.equal(found[without], given.y[without])


def test_who_asks_for_what_is_found_out_anew_for_each_step(quick: Wrapper) -> None:
    given = tensors(2)
    for indices in ([0, 0], [1, -1]):
        expected, found = given.y.clone(), given.y.clone()
        quick.update_metadata(indices)
        quick.add_lora_linear(found, given.x, given.a, given.b, 1.0, WIDTHS)
        plain = Wrapper()
        plain.update_metadata(indices)
        plain.add_lora_linear(expected, given.x, given.a, given.b, 1.0, WIDTHS)
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("odd", ["rows", "type"])
def test_what_it_does_not_know_is_left_to_vllm(quick: Wrapper, odd: str) -> None:
    given = tensors(2)
    quick.update_metadata([0] if odd == "rows" else [0, 1])
    x = given.x.double() if odd == "type" else given.x
    quick.add_lora_linear(given.y, x, given.a, given.b, 1.0, WIDTHS)
    assert quick.slow == 1


def test_the_output_layer_is_left_alone_where_no_adapter_changes_it(quick: Wrapper) -> None:
    stacked = torch.zeros(SLOTS, 1, RANK, INPUTS)
    quick.add_lora_logits(torch.zeros(2, 50), torch.zeros(2, INPUTS), stacked, torch.zeros(SLOTS, 1, 50, RANK), 1.0)
    assert quick.slow == 0
    stacked[1] = 1.0
    quick.add_lora_logits(torch.zeros(2, 50), torch.zeros(2, INPUTS), stacked, torch.zeros(SLOTS, 1, 50, RANK), 1.0)
    assert quick.slow == 1
