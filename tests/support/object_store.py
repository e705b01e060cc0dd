"""An object store in memory that behaves like one: a write appears whole when it ends, and readers have their own place.

fsspec's own `memory:` shows a file from the moment it is opened for writing and lets all readers share one position,
which no store that several processes can reach does.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem


class ObjectStore(MemoryFileSystem):
    protocol = "objects"
    store: dict[str, Any] = {}  # noqa: RUF012 - as the class it stands on has it
    pseudo_dirs = [""]  # noqa: RUF012

    def put_file(self, lpath: str, rpath: str, **kwargs: Any) -> None:
        path = self._strip_protocol(rpath)
        whole = MemoryFile(self, path, Path(lpath).read_bytes())
        self.store[path] = whole

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        if mode != "rb":
            return super()._open(path, mode, **kwargs)
        try:
            return io.BytesIO(self.store[self._strip_protocol(path)].getvalue())
        except KeyError:
            raise FileNotFoundError(path) from None


fsspec.register_implementation("objects", ObjectStore, clobber=True)
