"""What rows come to in the blocks below the lowest adapter, computed once for each row and not in every step.

Owns those states, within a bound, and how a network runs in two parts: its lower blocks over the rows that are not known yet, and
the others over all. No feed's adapter is in the lower blocks, so a row leaves them the same whoever learns it, and the rows of
an update, of the replay memory and the base's own answers come again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Name = tuple[int, tuple[int, ...]]
"""A row: how many tokens it begins with that lie elsewhere, and all its tokens."""

_MOST_BYTES = 64 << 20


class Lower:
    """The states of rows as they come to the block number `first` of a network."""

    def __init__(self, blocks: nn.ModuleList, first: int, most_bytes: int = _MOST_BYTES) -> None:
        self._first, self._most = first, most_bytes
        self._held: OrderedDict[Name, Tensor] = OrderedDict()
        self._bytes = 0
        self._given: Tensor | None = None
        self._taken: Tensor | None = None
        self._taking = False
        for number, block in enumerate(blocks):
            block.forward = self._through(number, block.forward)

    def missing(self, names: Sequence[Name]) -> set[Name]:
        """Those of the rows that are not known."""
        return {name for name in names if name not in self._held}

    def learn(self, names: Sequence[Name], run: Callable[[], object]) -> None:
        """Keep what comes of rows that lie in this order when `run` puts them through the network: only the lower blocks work."""
        self._taking = True
        try:
            with torch.no_grad():
                run()
        finally:
            self._taking, taken, self._taken = False, self._taken, None
        if taken is None:
            raise RuntimeError("the network has no such block")
        for name, part in zip(names, torch.split(taken[0], [len(ids) - before for before, ids in names]), strict=True):
            self._keep(name, part)

    def under(self, names: Sequence[Name], run: Callable[[], Tensor]) -> Tensor:
        """What `run` gives with the rows of these names, all of them known, when only the upper blocks work."""
        for name in names:
            self._held.move_to_end(name)
        self._given = torch.cat([self._held[name] for name in names]).unsqueeze(0)
        try:
            return run()
        finally:
            self._given = None
            self._drop()

    def _keep(self, name: Name, state: Tensor) -> None:
        if name not in self._held:
            self._bytes += state.numel() * state.element_size()
            self._held[name] = state.clone()  # and not the whole of which it is a part

    def _drop(self) -> None:
        """Forget what was not needed for longest, until the rest is within the bound."""
        while self._bytes > self._most:
            _, state = self._held.popitem(last=False)
            self._bytes -= state.numel() * state.element_size()

    def _through(self, number: int, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            if self._taking and number >= self._first:
                self._taken = args[0] if number == self._first else self._taken
                return args[0]
            if self._given is not None and number < self._first:
                return args[0]
            if self._given is not None and number == self._first:
                return forward(self._given, *args[1:], **kwargs)
            return forward(*args, **kwargs)

        return run
