"""Serving replicas of their own for a scenario: a registry server, a base model, and `rtadapt serve` as often as asked for."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from rtadapt.basemodel import find_model
from rtadapt.config import Settings, load_settings, to_environment
from tests.support.adapter_files import write_adapter
from tests.support.redis_server import RedisServer, free_port
from tests.support.running import Process

_ROOT = Path(__file__).resolve().parent.parent
TINY = "tiny"
"""A random Llama of 200 thousand parameters."""
SMALL = "small"
"""None: the small app of the tests in the engine's place. Any other name is a model as `rtadapt serve` takes it."""
_SMALL_REPLICA = "from tests.chaos.replica import serve; raise SystemExit(serve())"
_REPLICA = "from rtadapt.cli import main; raise SystemExit(main(['serve']))"
_SETTLE_SECONDS = 120.0


@dataclass(slots=True)
class Replica:
    """One `rtadapt serve`."""

    url: str
    process: Process
    begin: Callable[[], Process] | None = None

    def send(self, what: signal.Signals) -> None:
        """A signal to all its processes."""
        os.killpg(self.process.process.pid, what)

    def start_again(self) -> None:
        """After it was killed, until it is ready."""
        assert self.begin is not None
        self.process.process.wait(timeout=60)
        self.process = self.begin()
        self.process.wait_ready(f"{self.url}/readyz")

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = httpx.get(f"{self.url}/metrics", timeout=60.0, trust_env=False).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def says_lost(self, feed: str) -> tuple[bool, bool]:
        """Whether its readiness route, and whether its metrics, say that it does not follow this feed, or any."""
        ready = httpx.get(f"{self.url}/readyz", timeout=60.0, trust_env=False).json()
        return feed in ready.get("not_followed", {}), self.metric("rtadapt_feeds_not_followed") > 0

    @property
    def cpu_seconds(self) -> float:
        """What the server's own process has used, without the engine's where that is another."""
        fields = Path(f"/proc/{self.process.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory_bytes(self) -> int:
        """Resident memory of all its processes."""
        pages = 0
        for process in self.processes():
            with contextlib.suppress(OSError):
                pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def processes(self) -> Iterator[int]:
        """The ids of all its processes (Linux)."""
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.getsid(int(entry.name)) == self.process.process.pid:
                    yield int(entry.name)

    def engine(self) -> int:
        """The id of vLLM's own process. Raises LookupError where there is none."""
        for process in self.processes():
            with contextlib.suppress(OSError):
                if b"EngineCore" in Path(f"/proc/{process}/cmdline").read_bytes():
                    return process
        raise LookupError(f"{self.url} has no engine in a process of its own")


@dataclass(slots=True)
class System:
    """All of them, what they were started with, and random adapters for their base model."""

    folder: Path
    settings: Settings
    replicas: list[Replica]
    adapters: list[Path]
    server: RedisServer | None = None

    @property
    def memory_bytes(self) -> int:
        """Resident memory of all replicas."""
        return sum(replica.memory_bytes for replica in self.replicas)

    @property
    def disk_bytes(self) -> int:
        """What the copies take that engines read from."""
        taken = 0
        for path in self._copied():
            with contextlib.suppress(FileNotFoundError):
                taken += path.stat().st_size
        return taken

    @property
    def copies(self) -> int:
        """How many adapters are among them."""
        return sum(path.name == "adapter_config.json" for path in self._copied())

    def _copied(self) -> Iterator[Path]:
        """Their files; some may be removed meanwhile."""
        for folder, _, names in os.walk(self.folder / "data" / "copies"):
            yield from (Path(folder, name) for name in names)

    def settle(self, version: str, key: str = "") -> None:
        """Return once every replica answers from `version`. Raises TimeoutError."""
        body = {"model": version.partition("@")[0], "prompt": "the council", "max_tokens": 1}
        headers = {"authorization": f"Bearer {key}"} if key else {}
        deadline = time.monotonic() + _SETTLE_SECONDS
        with httpx.Client(headers=headers, timeout=60.0, trust_env=False) as client:
            for replica in self.replicas:
                while client.post(f"{replica.url}/v1/completions", json=body).headers.get("x-rtadapt-version") != version:
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"{replica.url} does not come to answer from {version}")
                    time.sleep(0.1)


def _adapters(settings: Settings, folder: Path, many: int) -> list[Path]:
    if settings.model == SMALL:
        return [write_adapter(folder / str(seed), 0.1 * seed) for seed in range(many)]
    from tests.support.tiny_model import build_adapter  # and with it torch

    return [build_adapter(folder / str(seed), Path(find_model(settings)[0]), seed) for seed in range(many)]


def _replica(folder: Path, settings: Settings, number: int, before: str) -> Replica:
    port = free_port()
    mine = settings.serve.model_copy(update={"port": port, "replica": f"replica-{number}"})
    place = folder / f"replica-{number}"
    place.mkdir()
    environment = to_environment(settings.model_copy(update={"serve": mine})) | {"OMP_NUM_THREADS": "1"}
    serve = _SMALL_REPLICA if settings.model == SMALL else _REPLICA
    command = [sys.executable, "-c", f"{before}\n{serve}"]
    begin = partial(Process, place, "serve", environment | {"PYTHONPATH": str(_ROOT)}, command)
    return Replica(f"http://127.0.0.1:{port}", begin(), begin)


@contextlib.contextmanager
def started(
    model: str,
    replicas: int,
    adapters: int,
    keys: str = "",
    registry: Mapping[str, Any] | None = None,
    before: str = "",
    **serve: Any,
) -> Iterator[System]:
    """Start everything, and end it whatever happens, SIGTERM too. The folder with the logs stays when something went wrong.

    `keys` is the text of a keys file; without one no keys are asked for. `registry` and `serve` are settings. `before` is Python
    that each replica begins with.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    folder = Path(tempfile.mkdtemp(prefix="rta-"))
    server = RedisServer(folder)
    server.start()
    running: list[Replica] = []
    try:
        if model == TINY:
            from tests.support.tiny_model import build_llama  # and with it torch

            model = str(build_llama(folder / "model"))
        (folder / "keys").write_text(keys)
        settings = load_settings(
            keys_file=folder / "keys" if keys else None,
            model=model,
            data_dir=folder / "data",
            registry={"url": server.url, **(registry or {})},
            serve={"dtype": "float32", **serve},  # in float32 an answer does not depend on who else is in the batch
        )
        made = _adapters(settings, folder / "adapters", adapters)
        for number in range(replicas):
            running.append(_replica(folder, settings, number, before))
        for replica in running:
            replica.process.wait_ready(f"{replica.url}/readyz")
        yield System(folder, settings, running, made, server)
    except BaseException:
        print(f"the logs are in {folder}", file=sys.stderr)
        raise
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        for replica in running:
            replica.process.stop()
        server.stop()
