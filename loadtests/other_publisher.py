"""Somebody else who publishes to a feed, in a process of its own that can be killed and stopped. For faults.py."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from loadtests.troubles import FEED, Commit
from rtadapt.config import Settings, load_settings, to_environment
from rtadapt.conformance.publisher import Publisher
from rtadapt.errors import StaleEpoch
from tests.support.running import Process

_PATIENCE_SECONDS = 30.0
_STALE = 3
"""The exit status of one whose feed has another owner."""


class OtherPublisher:
    """Publishes a version every so many seconds, for as long as the block lasts."""

    def __init__(self, folder: Path, settings: Settings, adapters: Sequence[Path], every: float, life: int) -> None:
        """Versions of the registry's `life` say what faults.Faults.publish has them say."""
        self._life = life
        command = [sys.executable, "-m", "loadtests.other_publisher", str(every), str(life), *map(str, adapters)]
        root = str(Path(__file__).resolve().parent.parent)
        self._process = Process(folder, "publisher", to_environment(settings) | {"PYTHONPATH": root}, command)

    def __enter__(self) -> OtherPublisher:
        """Wait until it has published. Raises TimeoutError."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self.commits():
            if time.monotonic() > deadline:
                raise TimeoutError(self._process.output.read_text())
            time.sleep(0.1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.process.kill()
        self._process.process.wait(timeout=_PATIENCE_SECONDS)

    def commits(self) -> list[Commit]:
        """What it has told of by now."""
        told = (line.split() for line in self._process.output.read_text().splitlines())
        return [Commit(float(words[0]), int(words[1]), self._life) for words in told if len(words) == 2]

    def send(self, what: signal.Signals) -> None:
        """A signal; returns once it has ended if it is to end by it."""
        self._process.process.send_signal(what)
        if what == signal.SIGKILL:
            self._process.process.wait(timeout=_PATIENCE_SECONDS)

    def has_ended_as_stale(self) -> bool:
        """Whether it ends soon because its feed has another owner."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.process.wait(timeout=_PATIENCE_SECONDS) == _STALE
        return False


def main(arguments: Sequence[str]) -> int:
    """Publish until somebody else does, and say the moment and the number of each version. Gives the exit status."""
    every, life, *adapters = arguments
    with contextlib.closing(Publisher(load_settings(), FEED)) as publisher:
        while True:
            try:
                number = publisher.publish(Path(adapters[(publisher.head().next_number + int(life)) % len(adapters)])).number
            except StaleEpoch:
                return _STALE
            print(time.monotonic(), number, flush=True)
            time.sleep(float(every))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
