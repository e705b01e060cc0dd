"""A full disk, for one process: the kernel lets it write no file beyond so many bytes."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

SMALL_FILE_BYTES = 4096


def limit_files(pid: int, most_bytes: int) -> None:
    """Let a process write no file beyond so many bytes; one that has ended is passed over."""
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))


@contextmanager
def full_disk(most_bytes: int = SMALL_FILE_BYTES) -> Iterator[None]:
    """For this process, as long as the block lasts."""
    limit_files(os.getpid(), most_bytes)
    try:
        yield
    finally:
        limit_files(os.getpid(), resource.RLIM_INFINITY)
