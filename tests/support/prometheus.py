"""A real Prometheus (Debian's package) over processes of ours, with the rules and the jobs of deploy/prometheus."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import yaml

from tests.support.redis_server import free_port
from tests.support.running import eventually

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
PROMETHEUS = shutil.which("prometheus")
_JUDGED = "rules_were_evaluated"


class Prometheus:
    """Runs while the `with` block does. It scrapes each second, judges every other, and alerts without the patience of `for`.

    Each group of rules leaves a sample of `_JUDGED` whenever it was evaluated: on a busy machine it may come to it later.
    """

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        """`ports`: by job of deploy/prometheus/prometheus.yml, where it answers on loopback. Other jobs are left out."""
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "2s"}
        config["scrape_configs"] = [
            {"job_name": job["job_name"], "static_configs": [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}]}
            for job in config["scrape_configs"]
            if job["job_name"] in ports
        ]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        for name in config["rule_files"]:
            rules = yaml.safe_load((DEPLOY / name).read_text())
            for group in rules["groups"]:
                for rule in group["rules"]:
                    rule.pop("for", None)
                group["rules"].append({"record": _JUDGED, "expr": "vector(1)", "labels": {"group": group["name"]}})
            (folder / name).write_text(yaml.safe_dump(rules))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Prometheus:
        assert PROMETHEUS is not None
        command = [
            *(PROMETHEUS, f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={self.folder / 'data'}"),
            f"--web.listen-address={self.url.removeprefix('http://')}",
        ]
        with (self.folder / "prometheus.log").open("wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        assert eventually(self._ready, 60), (self.folder / "prometheus.log").read_text()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=20)

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        return {alert["labels"]["alertname"] for alert in self._get("alerts")["alerts"] if alert["state"] == "firing"}

    def judgements(self, alert: str, group: str, series: str, shows: Callable[[float], bool]) -> int:
        """How often `group` was evaluated from the first scrape whose sample `shows` the fault until `alert` fired."""
        samples = self._samples(series)
        well = max((moment for moment, value in samples if not shows(value)), default=0.0)
        shown = min(moment for moment, value in samples if moment > well)
        firing = self._samples(f'ALERTS{{alertname="{alert}",alertstate="firing"}}')
        fired = min(moment for moment, _ in firing if moment >= shown)
        return sum(shown <= moment <= fired for moment, _ in self._samples(f'{_JUDGED}{{group="{group}"}}'))

    def _samples(self, series: str) -> list[tuple[float, float]]:
        (found,) = self._get("query", query=f"{series}[30m]")["result"]
        return [(moment, float(value)) for moment, value in found["values"]]

    def up(self) -> set[str]:
        """The jobs whose last scrape was answered."""
        return {target["labels"]["job"] for target in self._get("targets")["activeTargets"] if target["health"] == "up"}

    def ills(self) -> list[str]:
        """What it says is wrong with its rules."""
        rules = [rule for group in self._get("rules")["groups"] for rule in group["rules"]]
        return [f"{rule['name']}: {rule['lastError']}" for rule in rules if rule.get("lastError")]

    def _get(self, what: str, **parameters: str) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{what}", params=parameters, timeout=10, trust_env=False)
        answer.raise_for_status()
        return answer.json()["data"]

    def _ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            return False
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False
