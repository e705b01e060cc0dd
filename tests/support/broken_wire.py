"""A TCP relay that loses answers (the command arrives and runs, and the caller never hears of it), is slow, or is cut."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Literal

Loss = Literal["cut", "silence"]


class BrokenWire:
    """Relays a loopback port to `target_port`, which may be changed for the connections to come.

    `lose(how, after)` drops the answer to the next command that contains the bytes `after`: "cut" closes the
    connection instead of answering, "silence" answers nothing more on it. `delay_seconds` is waited before each piece,
    either way.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.delay_seconds = 0.0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pending: tuple[Loss, bytes] | None = None
        self.lost = 0
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, how: Loss, after: bytes) -> None:
        with self._lock:
            self._pending = (how, after)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Hang up on everybody; whoever comes again is served."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            _hang_up(each)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:  # nobody listens there now
                _hang_up(near)
                continue
            with self._lock:
                self._sockets += [near, far]
            threading.Thread(target=self._relay, args=(near, far), daemon=True).start()

    def _relay(self, near: socket.socket, far: socket.socket) -> None:
        losses: list[Loss] = []
        threading.Thread(target=self._answers, args=(near, far, losses), daemon=True).start()
        with suppress(OSError):
            while data := near.recv(2**20):
                how = self._loss(data)
                if how is not None:
                    losses.append(how)
                time.sleep(self.delay_seconds)
                far.sendall(data)
        _hang_up(far)

    def _answers(self, near: socket.socket, far: socket.socket, losses: list[Loss]) -> None:
        with suppress(OSError):
            while data := far.recv(2**20):
                if not losses:
                    time.sleep(self.delay_seconds)
                    near.sendall(data)
                    continue
                self.lost += 1
                if losses[0] == "cut":
                    break
        _hang_up(near)

    def _loss(self, data: bytes) -> Loss | None:
        with self._lock:
            if self._pending is not None and self._pending[1] in data:
                how, self._pending = self._pending[0], None
                return how
        return None


def _hang_up(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
