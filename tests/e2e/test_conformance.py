"""The conformance suite's short form against real vLLM: through our replica, and bare."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from rtadapt.cli import main
from rtadapt.conformance.options import CHECKS
from tests.support.bare_engine import bare_engine
from tests.support.replica import served_feed
from tests.support.tiny_model import build_llama

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_llama(tmp_path_factory.mktemp("model") / "tiny")


def examined(report: Path, *arguments: str, fails: tuple[str, ...] = ()) -> dict[str, Any]:
    """Every check's outcome by its name; all but those that fail passed, or could not be made."""
    status = main(["conformance", "--short", "--json", str(report), *arguments])
    found = {check["check"]: check for check in json.loads(report.read_text())["checks"]}
    assert [name for name, check in found.items() if check["problems"]] == list(fails), found
    assert status == bool(fails)
    assert list(found) == ["alone", *CHECKS]
    return found


def test_a_replica_conforms_and_its_feed_is_gone_afterwards(model: Path, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder, served_feed(Path(folder), model, dtype="float32") as feed:
        settings = ["--model", str(model), "--data-dir", str(feed.settings.data_dir), "--set", f"registry.url={feed.redis.url}"]
        found = examined(tmp_path / "report.json", "--url", feed.url, *settings)
        assert feed.publisher.registry.feeds() == ["news"]
        assert feed.ask("news").headers["x-rtadapt-version"] == "news@0"
    assert [name for name, check in found.items() if check["skipped"]] == ["reused_name", "restart"]
    assert found["swaps"]["figures"]["versions"] > 6
    assert found["monotonic"]["figures"]["went_back"] == 0
    assert found["eviction"]["figures"]["own"] > 8


def test_bare_vllm_conforms_when_every_version_has_a_name_of_its_own(model: Path, tmp_path: Path) -> None:
    with bare_engine(tmp_path, model, slots=4) as url:
        command = ["--engine", "vllm", "--base", str(model), "--url", url]
        found = examined(tmp_path / "report.json", *command, fails=("beside_base",))  # see serving/plugin.py
    assert [name for name, check in found.items() if check["skipped"]] == ["monotonic", "rollback", "restart"]
    assert found["eviction"]["figures"] == {"answers": 32, "own": 32, "compared": 32, "adapters_loaded": 8}
