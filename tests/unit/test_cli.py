import json
import socket
from pathlib import Path

import pytest

from rtadapt.cli import build_parser, flags_of, main
from rtadapt.config import Settings
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


def test_config_says_what_every_setting_means_where_no_page_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "keys_file = none: " in "\n".join(lines)
    assert [line for line in lines if line.startswith("batch.max_events = 4: ")]
    sections = Settings().model_dump()
    names = {f"{name}.{inner}" for name, value in sections.items() if isinstance(value, dict) for inner in value}
    names |= {name for name, value in sections.items() if not isinstance(value, dict)}
    assert {line.partition(" = ")[0] for line in lines} == names
    assert all(line.partition(": ")[2] for line in lines)


def test_a_wrong_setting_ends_with_status_2_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", "batch.max_evens=3"]) == 2
    assert "batch.max_evens" in capsys.readouterr().err


def test_a_model_folder_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--model", "./nowhere"]) == 2
    assert "./nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "serve", "work", "api", "demo", "config", "doctor"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert "--set NAME=VALUE" in said
    assert "130 stopped" in said
    assert "until ctrl-c" not in said


SECRETS = [
    ("registry.url", "rediss://user:hush@redis:6379/0"),
    ("registry.url", "redis://user:pa/hush@redis:6379/0"),
    ("registry.url", "redis://redis:6379/0?db=0&password=hush"),
    ("artifacts.url", "s3://bucket/x?secret=hush&key=hush"),
    ("artifacts.url", "https://hush@store/x"),
    ("event_log.url", "kafka://user:hush@broker:9092"),
    ("reading.url", "https://user:hush@models/v1"),
    ("serve.vllm_args", '["--api-key", "hush", "hush", "--max-num-seqs", "4"]'),
    ("serve.vllm_args", '["--hf-token=hush", "--max-num-seqs=4"]'),
    ("serve.vllm_args", '["--config={\\"api_key\\": \\"hush\\"}"]'),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_config_prints_no_secret_wherever_one_can_stand(name: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", f"{name}={value}"]) == 0
    said = capsys.readouterr().out
    assert "hush" not in said
    assert "***" in said


def test_config_shows_what_is_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--max-num-batched-tokens", "4096", "--tokenizer", "here", '--override={"top_k": 20}']
    assert (
        main(["config", "--set", f"serve.vllm_args={json.dumps(arguments)}", "--set", "registry.url=redis://redis:6379/0"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["serve"]["vllm_args"] == arguments
    assert found["registry"]["url"] == "redis://redis:6379/0"


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("RTADAPT_BATHC__MAX_EVENTS", "RTADAPT_BATCH__MAX_EVENTS"),
        ("RTADAPT_MODLE", "RTADAPT_MODEL"),
        ("RTADAPT_BATCH__MAX_EVENS", "RTADAPT_BATCH__MAX_EVENTS"),
        ("RTADAPT_BATCH_MAX_EVENTS", "RTADAPT_BATCH__MAX_EVENTS"),
        ("RTADAPT_API_PORT", "RTADAPT_API__PORT"),
    ],
)
def test_a_misspelt_variable_is_refused_with_what_was_meant(
    variable: str, meant: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, "3")
    assert main(["config"]) == 2
    said = capsys.readouterr().err
    assert variable in said
    assert f"did you mean {meant}?" in said


def test_what_kubernetes_says_of_its_services_is_no_misspelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTADAPT_API_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("RTADAPT_API_PORT", "tcp://10.0.0.1:8001")
    monkeypatch.setenv("RTADAPT_API_PORT_8001_TCP_ADDR", "10.0.0.1")
    assert main(["config"]) == 0


def test_a_misspelt_name_is_refused_with_what_was_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", "batch.max_evens=3"]) == 2
    assert "did you mean batch.max_events?" in capsys.readouterr().err
    (tmp_path / "rtadapt.toml").write_text("[bacth]\nmax_events = 3\n")
    assert main(["config"]) == 2
    assert "did you mean batch?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--set", "=1"], ["--set", "model="], ["--set", "batch.max_events=none"]])
def test_what_is_no_setting_is_refused_without_a_traceback(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", *arguments]) == 2
    assert capsys.readouterr().err.startswith("rtadapt: ")


def test_a_section_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("RTADAPT_BATCH", "notjson")
    assert main(["config"]) == 2
    assert "JSON" in capsys.readouterr().err


def test_none_is_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--set", "revision=none"]) == 0
    assert json.loads(capsys.readouterr().out)["revision"] is None


def test_a_port_that_is_taken_ends_the_api_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["api", "--port", str(port), "--set", "registry.url=redis://127.0.0.1:1/0"]) == 2
        assert str(port) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "asked", "warned"), [("0.0.0.0", "none", True), ("127.0.0.1", "none", False), ("0.0.0.0", "keys", False)]
)
@pytest.mark.parametrize("command", ["serve", "api", "up"])
def test_who_listens_for_everybody_and_asks_for_no_key_is_told(
    command: str, host: str, asked: str, warned: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys").write_text("operate key-of-the-operator\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:  # the api ends at the port, and the others at the model
        port = taken.getsockname()[1] if command == "api" else 0
        arguments = [
            "--host",
            host,
            "--port",
            str(port),
            "--set",
            f"keys_file={asked}",
            "--set",
            "registry.url=redis://127.0.0.1:1/0",
        ]
        assert main([command, *arguments, *([] if command == "api" else ["--model", "./nowhere"])]) == 2
    assert ("set keys_file" in "".join(capsys.readouterr())) == warned


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "file").write_text("")
    assert main(["up", "--model", str(tmp_path / "model"), "--data-dir", str(tmp_path / "file")]) in (1, 2)
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_the_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        wrong = [f"serve.port={port}", "event_log.url=kafka://nowhere", "keys_file=absent", "registry.url=redis://127.0.0.1:1/0"]
        assigned = [*wrong, "api.port=0", "work.metrics_port=0"]
        status = main(["doctor", *(word for one in assigned for word in ("--set", one))])
    said = capsys.readouterr().out
    assert status == 1
    for part in ("keys", "event log", "registry", "port of serve"):
        assert f"BAD  {part}: " in said
    assert "ok   port of api" in said
    assert "ok   data folder" in said
    assert "choose another port" in said
    assert list(tmp_path.iterdir()) == []
