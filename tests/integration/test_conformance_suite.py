"""The conformance suite tells an engine that swaps well from one that does not, and says which check it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import load_file, save_file

from rtadapt.cli import main
from rtadapt.conformance.adapters import make_adapters
from rtadapt.conformance.options import CHECKS
from rtadapt.errors import InvalidSettings
from tests.support.redis_server import free_port
from tests.support.swapping_engine import SwappingEngine


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for number in range(3):
        folder = tmp_path / "adapters" / f"a{number}"
        folder.mkdir(parents=True)
        (folder / "adapter_config.json").write_text("{}")
    return tmp_path / "adapters"


def examined(engine: SwappingEngine, folders: Path, *arguments: str, kind: str = "vllm") -> tuple[int, dict[str, Any]]:
    """The exit status, and every check's outcome by its name."""
    report = folders / "report.json"
    command = ["conformance", "--url", engine.url, "--engine", kind, "--adapters", str(folders), "--short"]
    command += ["--swaps", "8", "--streams", "3", "--tokens", "6"]
    status = main([*command, "--json", str(report), *arguments])
    found = json.loads(report.read_text())
    assert found["passed"] is (status == 0)
    return status, {check["check"]: check for check in found["checks"]}


@pytest.mark.parametrize(("kind", "prefix"), [("vllm", "/v1"), ("mistralrs", "/v1"), ("sglang", "")])
def test_an_engine_that_swaps_well_passes(folders: Path, kind: str, prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    with SwappingEngine(prefix=prefix) as engine:
        status, found = examined(engine, folders, "--restart", "true", kind=kind)
        assert not engine.names, "an adapter was left behind"
    assert (status, [check for check in found if found[check]["problems"]]) == (0, [])
    assert list(found) == ["alone", *CHECKS]
    assert [check for check in found if found[check]["skipped"]] == ["monotonic", "rollback"]
    assert found["swaps"]["figures"]["swaps"] == 8
    assert found["swaps"]["figures"]["own"] == found["swaps"]["figures"]["answers"] > 8
    assert "everything held" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fault", "failed"),
    [
        ("prefixes of others", "prefix_cache"),
        ("switches in the middle", "swaps"),
        ("stale names", "reused_name"),
        ("adapters in the base", "beside_base"),
        ("evicts in silence", "eviction"),
        ("the base for what is gone", "ends_as_begun"),
        ("loads no more", "swaps"),
    ],
)
def test_an_engine_that_does_not_fails_where_it_should(folders: Path, fault: str, failed: str) -> None:
    with SwappingEngine(fault) as engine:
        status, found = examined(engine, folders, "--check", failed, "--check", "steady")
    assert status == 1
    assert found[failed]["status"] == "failed", found
    if fault != "switches in the middle":
        assert found["steady"]["status"] == "passed", found["steady"]


def test_streams_that_an_unloading_engine_cuts_off_are_told_and_are_no_wrong_answers(folders: Path) -> None:
    with SwappingEngine("cuts off") as engine:
        status, found = examined(engine, folders, "--check", "ends_as_begun")
    assert (status, found["ends_as_begun"]["figures"]["failed"]) == (0, 3)


def test_adapters_that_can_not_be_told_apart_end_the_examination(folders: Path) -> None:
    with SwappingEngine("the same for all") as engine:
        status, found = examined(engine, folders)
    assert (status, list(found)) == (1, ["alone"])
    assert "say the same" in found["alone"]["problems"][0]


def test_a_command_that_does_not_restart_is_a_failed_check_and_the_rest_is_made(folders: Path) -> None:
    with SwappingEngine() as engine:
        status, found = examined(engine, folders, "--restart", "exit 3", "--check", "restart", "--check", "steady")
    assert status == 1
    assert found["restart"]["problems"] == ["the --restart command ended with status 3"]
    assert found["steady"]["status"] == "passed"


def test_nobody_at_the_address_is_said_and_wrong_use_is_another_status(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    command = ["conformance", "--engine", "vllm", "--url", away]
    assert main([*command, "--adapters", str(folders)]) == 1
    assert "no server answers" in capsys.readouterr().err
    assert main([*command, "--adapters", str(folders / "a0")]) == 2
    assert "two adapters at least" in capsys.readouterr().err
    assert main([*command, "--adapters", str(folders), "--swaps", "-1"]) == 2
    assert "--swaps" in capsys.readouterr().err


def test_random_adapters_are_the_same_each_time_and_differ_from_one_another(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    names = [f"model.layers.{layer}.self_attn.{name}_proj.weight" for layer in (0, 1) for name in "qv"]
    weights = dict.fromkeys(names, numpy.ones((4, 6), "float32"))
    save_file(weights | {"model.embed_tokens.weight": numpy.ones((9, 6), "float32")}, base / "model.safetensors")
    made = make_adapters(base, tmp_path / "one", 2)
    again = make_adapters(base, tmp_path / "two", 2)
    files = [(folder / "adapter_model.safetensors").read_bytes() for folder in made]
    assert files == [(folder / "adapter_model.safetensors").read_bytes() for folder in again]
    assert len(set(files)) == len(made) == 4
    read = load_file(made[0] / "adapter_model.safetensors")
    assert read["base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight"].shape == (2, 6)
    assert read["base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight"].shape == (4, 2)
    assert len(read) == 8
    assert json.loads((made[0] / "adapter_config.json").read_text())["target_modules"] == ["q_proj", "v_proj"]
    with pytest.raises(InvalidSettings, match="--adapters"):
        make_adapters(tmp_path / "one", tmp_path / "three", 2)
