"""Lines of the log: every one is written, in order, whoever logs and however the process ends."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtadapt.observe.logs import JsonFormatter, Lines


class Stream(io.StringIO):
    """Counts how often it was written to, and says so when it first was."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.written = threading.Event()

    def write(self, text: str) -> int:
        self.writes += 1
        size = super().write(text)
        self.written.set()
        return size


@pytest.fixture
def out() -> Stream:
    return Stream()


@pytest.fixture
def logger(out: Stream) -> Iterator[logging.Logger]:
    handler = Lines(out)
    handler.setFormatter(JsonFormatter("test"))
    logger = logging.Logger("rtadapt.test")
    logger.addHandler(handler)
    yield logger
    handler.close()


def said(out: Stream) -> list[object]:
    return [json.loads(line)["message"] for line in out.getvalue().splitlines()]


def test_what_is_logged_is_written_without_anybody_asking(out: Stream, logger: logging.Logger) -> None:
    logger.info("first")
    assert out.written.wait(20)
    assert said(out) == ["first"]


def test_what_stands_before_a_warning_is_written_with_it(out: Stream, logger: logging.Logger) -> None:
    for number in range(5):
        logger.info("%d", number)
    logger.warning("last")
    assert said(out) == ["0", "1", "2", "3", "4", "last"]


def test_lines_of_many_threads_are_all_written_and_with_few_writes(out: Stream, logger: logging.Logger) -> None:
    def log(thread: int) -> None:
        for number in range(2_000):
            logger.info("%d %d", thread, number)

    threads = [threading.Thread(target=log, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logger.handlers[0].flush()
    found = said(out)
    assert len(found) == 16_000
    assert out.writes < 4_000
    for thread in range(8):
        mine = [str(line) for line in found if str(line).startswith(f"{thread} ")]
        assert mine == [f"{thread} {number}" for number in range(2_000)]


def test_no_more_lines_are_held_than_so_many(out: Stream, logger: logging.Logger) -> None:
    out.written.clear()
    for number in range(1_000):
        logger.info("%d", number)
    assert out.written.is_set()


class Failing(Stream):
    """Takes nothing the first time."""

    def write(self, text: str) -> int:
        if self.writes == 0:
            self.writes += 1
            raise OSError("no space left on device")
        return super().write(text)


def test_after_a_write_that_failed_lines_are_written_again() -> None:
    out = Failing()
    handler = Lines(out)
    logger = logging.Logger("rtadapt.test")
    logger.addHandler(handler)
    logger.info("lost")
    while out.writes == 0:
        threading.Event().wait(0.01)
    logger.info("kept")
    assert out.written.wait(20)
    assert out.getvalue() == "kept\n"


def test_a_thread_that_could_not_be_started_is_started_with_the_next_line(
    out: Stream, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        patch.setattr(logging, "raiseExceptions", False)
        logger.info("first")
    logger.info("second")
    assert out.written.wait(20)
    assert said(out) == ["first", "second"]


_LIFE = """
import asyncio, logging, os, signal, sys
from pathlib import Path
from rtadapt.api.app import create_app
from rtadapt.config import load_settings
from rtadapt.observe import logs
logs._TOGETHER_SECONDS = 3600.0
logs.start_logs("api", "info")
async def live():
    app = create_app(load_settings(data_dir=Path(sys.argv[1]), registry={"url": "redis://127.0.0.1:1"}))
    async with app.router.lifespan_context(app):
        logging.getLogger("rtadapt.test").info("last")
asyncio.run(live())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_control_planes_last_lines_are_written_before_a_signal_ends_it(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _LIFE, str(tmp_path)], capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert '"message": "last"' in done.stderr.decode()


class Talkative(Stream):
    """Says something itself while it is written to, as a signal's handler may."""

    logger: logging.Logger

    def write(self, text: str) -> int:
        if self.writes == 0:
            self.writes += 1
            self.logger.warning("in the midst")
        return super().write(text)


def test_what_is_said_in_the_midst_of_writing_is_written() -> None:
    out = Talkative()
    out.logger = logging.Logger("rtadapt.test")
    out.logger.addHandler(Lines(out))
    out.logger.warning("first")
    assert sorted(out.getvalue().split("\n")) == ["", "first", "in the midst"]


_ENDING = """
import logging, os, sys
from rtadapt.observe.logs import start_logs
start_logs("test", "info")
logger = logging.getLogger("rtadapt.test")
logger.info("before")
if sys.argv[1] == "fork":
    if os.fork() == 0:
        logger.info("child")
        logging.shutdown()
        os._exit(0)
    os.wait()
logger.info("after")
if sys.argv[1] == "raise":
    raise SystemExit(3)
"""


@pytest.mark.parametrize(("how", "lines"), [("end", 2), ("raise", 2), ("fork", 3)])
def test_a_process_that_ends_has_written_all_lines_once(how: str, lines: int) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _ENDING, how], capture_output=True, timeout=60, env={**os.environ}, check=False
    )
    said = [json.loads(line)["message"] for line in done.stderr.decode().splitlines()]
    assert sorted(said) == ["after", "before", "child"][: 3 if lines == 3 else 2]
