"""An artifact store in a folder that takes its time. Nothing of it is in the product: a process is told to begin with it.

python -c "from loadtests.slow_store import install; install(); ..."
"""

from __future__ import annotations

import contextlib
import time
from typing import BinaryIO

from rtadapt.registry.shelves import LocalShelf

MARKER = "slow"
"""A file of this name beside the store says how many seconds each of the store's files takes to be opened."""


def install() -> None:
    """Have this process read so."""
    at_once = LocalShelf.open

    def slowly(self: LocalShelf, path: str, name: str) -> BinaryIO:
        with contextlib.suppress(FileNotFoundError):
            time.sleep(float(self._root.with_name(MARKER).read_text()))
        return at_once(self, path, name)

    LocalShelf.open = slowly  # type: ignore[method-assign]
