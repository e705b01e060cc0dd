"""Processes that are kept running, and waiting until they can do their work.

Owns starting a child, starting it again with backoff when it dies, ending whatever a dead one left running, and telling a
start that takes long from one that hangs: a child that logs something moves. Takes commands; gives what they last said.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from rtadapt.errors import Unavailable

_PR_SET_PDEATHSIG = 1
_LISTENS = "0A"
"""TCP_LISTEN, as /proc/net/tcp writes it."""
_libc = ctypes.CDLL(None, use_errno=True)

_SETTLED_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 15.0
_LOG_LIMIT_BYTES = 64 * 2**20
_LISTEN_BYTES = 2**20
_DEATHS = 5
_TOLD_SECONDS = 10.0

QUIET_SECONDS = 300.0
"""A child that says nothing for so long hangs. Downloads, shards and steps say more often where they are; what is silent the
longest, one large file read from a slow disk or a GPU's kernels being compiled, takes a minute or two."""

Say = Callable[[str], None]


def die_with_parent() -> None:
    """End (SIGTERM) when the process does that started this one. Runs in the child between fork and exec."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Child:
    """One process that is kept running. Its output goes to `log`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    pause_seconds: float = 0.5
    deaths: int = 0
    heard: int = 0
    word: str = ""

    def start(self) -> None:
        """Start it, in a process group of its own, so that nothing it starts outlives it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.heard, self.word = out.tell(), ""
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self.started_at = time.monotonic()

    def watch(self, say: Say) -> None:
        """Notice a death, clear what it left, and start it again after its pause."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self.deaths += 1
            settled = now - self.started_at > _SETTLED_SECONDS
            self.pause_seconds = 0.5 if settled else min(_LONGEST_PAUSE_SECONDS, self.pause_seconds * 2)
            self.start_again_at = now + self.pause_seconds
            how = _how(self.process.returncode)
            say(f"{self.name} ended ({how}); starting it again in {self.pause_seconds:.1f} s; see {self.log}")
            self._clear_group()
            self.process = None
        if self.process is None and now >= self.start_again_at:
            self.start()
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def stop(self, deadline: float) -> None:
        """End it: SIGTERM, then SIGKILL to its whole group at `deadline` (monotonic seconds)."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=5)
        self._clear_group()
        self.process = None

    def listens(self, port: int | None) -> bool:
        """Whether a process of its group is who listens on TCP `port`."""
        if self.process is None:
            return False
        inodes = {f"socket:[{inode}]" for number, inode in _listeners() if number == port}
        for entry in Path("/proc").iterdir():
            try:
                ours = entry.name.isdigit() and os.getpgid(int(entry.name)) == self.process.pid
                if ours and any(str(file.readlink()) in inodes for file in (entry / "fd").iterdir()):
                    return True
            except OSError:  # it ended while we looked
                continue
        return False

    def listen(self) -> bool:
        """Take in what it logged since the last call; whether that shows that it moves.

        Warnings and errors don't: one that tries the same thing over and over gets nowhere. `word` is its last message, with
        how far it is where the line has `done` and `of`; a library's warnings are no word.
        """
        if not self.log.exists():
            return False
        with self.log.open("rb") as log:
            log.seek(min(self.heard, self.log.stat().st_size))
            lines = log.read(_LISTEN_BYTES).splitlines(keepends=True)
            if lines and lines[-1].startswith(b"{") and not lines[-1].endswith(b"\n"):
                log.seek(-len(lines.pop()), os.SEEK_CUR)  # not whole yet
            self.heard = log.tell()
        moved = [self._moves(line) for line in lines]
        return any(moved)

    def _moves(self, line: bytes) -> bool:
        try:
            said = json.loads(line)
            word = str(said["message"]) + (f" {said['done']} of {said['of']}" if "done" in said and "of" in said else "")
            moves = said["level"] not in ("warning", "error", "critical")
            if moves or said["logger"].startswith("rtadapt"):
                self.word = word
            return moves
        except (ValueError, KeyError, TypeError, AttributeError):
            return True  # a library's own output: a progress bar, often

    def _clear_group(self) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


@dataclass(slots=True)
class Awaited:
    """A child that is to become ready: `url` answers 200 then."""

    name: str
    child: Child
    url: str
    moved_at: float = field(default_factory=time.monotonic)
    seen: tuple[int, int, bytes] = (0, 0, b"")

    def look(self) -> bool:
        """Whether it is ready: 200 of somebody else, who has its port, is no word of it.

        It moved if since the last look it was started, got on, or answers something else.
        """
        status, body = _asked(self.url) if self.child.listens(urlsplit(self.url).port) else (0, b"")
        seen = (self.child.process.pid if self.child.process else 0, status, body)
        if self.child.listen() or seen != self.seen:
            self.seen, self.moved_at = seen, time.monotonic()
        return status == 200

    def where(self) -> str:
        """Its name and what it last said."""
        return f"{self.name}: {self.child.word}" if self.child.word else self.name


def wait_ready(
    awaited: Sequence[Awaited],
    children: Sequence[Child],
    say: Say,
    stopping: Callable[[], bool],
    quiet_seconds: float = QUIET_SECONDS,
) -> None:
    """Wait until all of `awaited` are ready or `stopping`, however long that takes while each moves; say what is waited for.

    `children`, all there are, are looked after meanwhile. Raises Unavailable when one of them died more than five times, or an
    awaited one did not move for `quiet_seconds`.
    """
    began = told = time.monotonic()
    waiting = list(awaited)
    while waiting and not stopping():
        for child in children:
            child.watch(say)
            if child.deaths > _DEATHS:
                raise Unavailable(f"{child.name} ended {child.deaths} times; the reason is in {child.log}")
        for one in list(waiting):
            if one.look():
                say(f"{one.name} is ready after {time.monotonic() - began:.0f} s")
                waiting.remove(one)
            elif time.monotonic() - one.moved_at > quiet_seconds:
                raise Unavailable(f"{one.where()}; then nothing new for {quiet_seconds:.0f} s; see {one.child.log}")
        if waiting and time.monotonic() - told > _TOLD_SECONDS:
            told = time.monotonic()
            say(f"waiting for {'; '.join(one.where() for one in waiting)} ({told - began:.0f} s)")
        time.sleep(0.2)


def _listeners() -> Iterator[tuple[int, str]]:
    """Port and inode of every TCP socket that listens on this machine."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):  # no IPv6 here
            for line in Path(table).read_text().splitlines()[1:]:
                _, local, _, state, _, _, _, _, _, inode, *_ = line.split()
                if state == _LISTENS:
                    yield int(local.rpartition(":")[2], 16), inode


def _asked(url: str) -> tuple[int, bytes]:
    """Status and body of what `url` answers within two seconds; 0 and nothing if it doesn't."""
    try:
        answer = httpx.get(url, timeout=2.0, trust_env=False)
    except httpx.HTTPError:
        return 0, b""
    return answer.status_code, answer.content
