import json
from pathlib import Path

import pytest

from rtadapt.cli import build_parser, flags_of, main
from rtadapt.errors import InvalidSettings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_flags_become_settings() -> None:
    options = build_parser().parse_args(
        ["up", "--port", "9", "--model", "m", "--set", "batch.max_events=3", "--set", "train.device=cpu"]
    )
    assert flags_of(options) == {"model": "m", "serve": {"port": 9}, "batch": {"max_events": 3}, "train": {"device": "cpu"}}


def test_the_port_of_the_api_is_the_apis() -> None:
    assert flags_of(build_parser().parse_args(["api", "--port", "9"])) == {"api": {"port": 9}}


def test_an_assignment_without_a_value_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="NAME=VALUE"):
        flags_of(build_parser().parse_args(["config", "--set", "batch.max_events"]))


def test_an_assignment_into_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", "batch=1", "--set", "batch.max_events=3"]) == 2
    assert "batch" in capsys.readouterr().err


@pytest.mark.parametrize("user", ["", "rtadapt"])
def test_config_prints_no_password(user: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", f"registry.url=rediss://{user}:p@ss:word@redis:6379/0"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed)["registry"]["url"] == f"rediss://{user}:***@redis:6379/0"
    assert "p@ss" not in printed


def test_config_prints_what_is_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", "batch.max_events=3"]) == 0
    assert json.loads(capsys.readouterr().out)["batch"]["max_events"] == 3


def test_a_wrong_setting_ends_with_status_2_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", "batch.max_evens=3"]) == 2
    assert "batch.max_evens" in capsys.readouterr().err


def test_a_model_folder_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--model", "./nowhere"]) == 2
    assert "./nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "serve", "work", "api", "demo", "config"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert "--set NAME=VALUE" in capsys.readouterr().out
