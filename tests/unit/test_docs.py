"""The documentation says what is: links lead somewhere, names exist, and the settings page is the settings."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from rtadapt import __version__
from rtadapt.cli import build_parser
from rtadapt.config import Settings
from rtadapt.observe import metrics

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "loadtests").glob("*.md")])
ALERTS = ROOT / "helm" / "rtadapt" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "rtadapt.json"


def references(value: Any) -> Iterator[str]:
    """Every `$ref` in a JSON document."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_settings_page_is_what_the_settings_say() -> None:
    made = load(ROOT / "docs" / "configuration.py").page()
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == made, "run `make docs`"


def test_the_charts_schema_of_settings_is_what_the_settings_say() -> None:
    made = load(ROOT / "docs" / "configuration.py")
    assert made.CHART_SCHEMA.read_text(encoding="utf-8") == made.chart_schema(), "run `make docs`"


def test_the_api_page_is_what_the_api_document_says() -> None:
    made = load(ROOT / "docs" / "api.py").page()
    assert (ROOT / "docs" / "api.md").read_text(encoding="utf-8") == made, "run `make docs`"


def test_every_header_is_on_the_api_page() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    code = "".join(path.read_text() for room in ("api", "serving") for path in (ROOT / "rtadapt" / room).rglob("*.py"))
    headers = set(re.findall(r'"(x-[a-z-]+|retry-after|www-authenticate|sec-fetch-site|content-encoding)"', code))
    assert {"x-rtadapt-incarnation", "retry-after", "x-request-id"} <= headers
    for header in headers:
        assert f"`{header}" in page, header


def test_ci_runs_every_check() -> None:
    text = (ROOT / ".ci" / "run").read_text()
    assert re.search(r"\bmake .*\bcheck\b", text)
    recipe = re.search(r"^check: ([^#]*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    assert {"lint", "types", "imports", "test"} <= set(recipe[1].split())
    assert "export REQUIRE_KAFKA=1" in text
    assert "for tool in prometheus chromium shellcheck" in text
    assert re.search(r"\bwheel\b", text)
    assert "--durations=15" in text


def test_every_setting_is_described() -> None:
    for name, field in settings():
        assert field.description, name


def settings() -> Iterator[tuple[str, Any]]:
    for name, field in Settings.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            for inner, inner_field in field.annotation.model_fields.items():
                yield f"{name}.{inner}", inner_field
        else:
            yield name, field


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, heading = target.partition("#")
        found = (page.parent / path) if path else page
        assert found.exists(), target
        if heading:
            assert heading in {slug(line) for line in found.read_text(encoding="utf-8").splitlines() if line.startswith("#")}


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


def test_the_pages_that_the_readme_names_are_here() -> None:
    for name in ("LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/operations.md"):
        assert (ROOT / name).is_file()
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert "END OF TERMS AND CONDITIONS" in (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_setting_that_is_mentioned_exists(page: Path) -> None:
    known = {name for name, _ in settings()}
    sections = {name.split(".")[0] for name in known if "." in name}
    for mentioned in re.findall(r"`([a-z_]+\.[a-z_]+)(?: = [^`]*)?`", page.read_text(encoding="utf-8")):
        if mentioned.split(".")[0] in sections and not mentioned.endswith((".py", ".md", ".lua", ".toml", ".yaml")):
            assert mentioned in known, mentioned


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_variable_that_is_mentioned_is_a_setting(page: Path) -> None:
    known = {f"RTADAPT_{name.upper().replace('.', '__')}" for name, _ in settings()} | {"RTADAPT_SECTION__NAME", "RTADAPT_"}
    for mentioned in re.findall(r"\bRTADAPT_[A-Z_]*", page.read_text(encoding="utf-8")):
        assert mentioned in known, mentioned


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_is_shown_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = make_targets()
    for target in re.findall(r"(?:^|`|&& )(?:time )?make ([a-z-]+)", text, re.MULTILINE):
        assert target in targets, f"make {target}"
    parser = build_parser()
    for command in re.findall(
        r"(?:^|`)(?:\.venv/bin/)?rtadapt ((?:up|serve|work|api|demo|config|doctor|conformance)\b[^`\n#|]*)", text, re.MULTILINE
    ):
        try:
            parser.parse_args(command.split())
        except SystemExit as refusal:
            pytest.fail(f"rtadapt {command}: {refusal}")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_make_target_says_what_it_does_and_is_no_file() -> None:
    text = (ROOT / "Makefile").read_text()
    every = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    assert every == make_targets() == set(phony[1].split())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_body_that_curl_is_shown_to_send_is_json(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for body in re.findall(r"curl [^\n]*-d\s+'([^']*)'", text):
        json.loads(body)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_route_of_the_control_plane_that_is_shown_exists(page: Path) -> None:
    paths = [re.compile(pattern) for pattern in control_routes()]
    for shown in re.findall(r"localhost:800[01](/v1/(?:events|feeds|feedback)[^\s'`\"?]*)", page.read_text(encoding="utf-8")):
        assert any(path.fullmatch(shown) for path in paths), shown


def control_routes() -> list[str]:
    from rtadapt.api.routes import events, feedback, feeds

    routers = (events.router, feedback.router, feeds.router)
    return [re.sub(r"\{[^}]*\}", "[^/]+", route.path) for router in routers for route in router.routes]


def known_series() -> set[str]:
    assert metrics.READY is not None
    names = set()
    for family in REGISTRY.collect():
        names.add(family.name)
        names |= {f"{family.name}_total"} if family.type == "counter" else set()
        names |= {f"{family.name}_{part}" for part in ("bucket", "sum", "count")} if family.type == "histogram" else set()
    return {name for name in names if name.startswith("rtadapt_")}


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "helm/rtadapt/alerts.yaml", ROOT / "deploy/grafana/dashboards/rtadapt.json"], ids=name_of
)
def test_every_metric_that_is_mentioned_exists(page: Path) -> None:
    for mentioned in re.findall(r"\brtadapt_[a-z_]+\b", page.read_text(encoding="utf-8")):
        assert mentioned in known_series(), mentioned


def alerts() -> dict[str, Any]:
    return {
        rule.get("alert") or rule["record"]: rule
        for group in yaml.safe_load(ALERTS.read_text())["groups"]
        for rule in group["rules"]
    }


def test_every_alert_is_explained_and_every_explanation_is_of_an_alert() -> None:
    explained = set(re.findall(r"^### (Rtadapt\w+)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE))
    assert explained == {name for name in alerts() if name.startswith("Rtadapt")}


def labels_of(series: str) -> set[str]:
    """The labels that a series of ours has, and those that a scrape gives to every one."""
    scraped = {"job", "instance"} | ({"le"} if series.endswith("_bucket") else set())
    if series in ("up", "ALERTS"):
        return scraped
    name = re.sub(r"_(total|bucket|sum|count)$", "", series)
    (metric,) = {id(one): one for known, one in REGISTRY._names_to_collectors.items() if known == name}.values()
    return scraped | set(metric._labelnames)  # type: ignore[attr-defined]


def expressions() -> Iterator[tuple[str, str]]:
    yield from ((name, rule["expr"]) for name, rule in alerts().items())
    board = json.loads(DASHBOARD.read_text())
    yield from ((panel["title"], one["expr"]) for panel in board["panels"] for one in panel.get("targets", []))
    yield from ((one["name"], one["expr"]) for one in board["annotations"]["list"])


def test_every_label_that_an_alert_or_a_panel_asks_for_is_one_of_its_series() -> None:
    for name, expression in expressions():
        series = set(re.findall(r"\brtadapt_[a-z_]+\b|\bup\b", expression))
        for one, selector in re.findall(r"\b(rtadapt_[a-z_]+|up)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)) <= labels_of(one), (name, one)
        if series and ":" not in expression:  # what is grouped may be recorded: then the recorded rule was looked at
            known = set.union(*(labels_of(one) for one in series))
            for grouping in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression):
                assert {label.strip() for label in grouping.split(",")} <= known, name


def test_every_alert_has_what_who_is_woken_by_it_needs() -> None:
    for name, rule in alerts().items():
        if name.startswith("Rtadapt"):
            assert rule["labels"]["severity"] in ("critical", "warning", "info")
            assert rule["annotations"]["summary"]
            assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{slug(name)}"


def test_every_recorded_series_is_recorded_before_it_is_used() -> None:
    recorded = {name for name in alerts() if ":" in name}
    dashboard = DASHBOARD.read_text()
    used = set(re.findall(r"rtadapt:[a-z0-9_:]+", dashboard + yaml.safe_dump(list(alerts().values()))))
    assert used == recorded


def test_the_dashboard_has_one_panel_an_id_and_no_two_on_one_place() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_annotated_tree_is_the_tree() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    tree = page.split("## The tree")[1].split("```")[1]
    named = set(re.findall(r"[\w./*-]+(?:\.py|\.lua)", tree))
    modules = {path.name for path in (ROOT / "rtadapt").rglob("*.py") if not {"demo", "routes"} & set(path.parts)}
    modules -= {"__init__.py", "__main__.py"}
    assert {Path(name).name for name in named} - {"*.lua"} == modules
    for folder in re.findall(r"^ {0,2}([\w/]+/) ", tree, re.MULTILINE):
        assert (ROOT / folder).is_dir() or (ROOT / "rtadapt" / folder).is_dir(), folder
    top = {path.name for path in (ROOT / "rtadapt").iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert top <= {folder.rstrip("/") for folder in re.findall(r"^ {2}([\w/]+/) ", tree, re.MULTILINE)}


def test_the_changelog_has_this_version() -> None:
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert __version__ in headings


def test_decisions_are_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = set(re.findall(r"\]\(([^)]+)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("0*.md")}


@pytest.mark.parametrize("name", ["threats", "tenancy"])
def test_what_a_guide_says_holds_it_is_there(name: str) -> None:
    page = (ROOT / "docs" / f"{name}.md").read_text()
    files = {path.name: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", page)
    assert len(named) > 8
    for file, test in named:
        assert f"def {test}(" in files[file], test
    for path in re.findall(r"`(rtadapt/[\w/]+\.py)`", page):
        assert (ROOT / path).is_file(), path


def test_the_log_lines_that_are_shown_are_written_with_these_fields() -> None:
    modules = [path.read_text(encoding="utf-8") for path in (ROOT / "rtadapt").rglob("*.py")]
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)`[^|]*\| ([^|]+) \|$", page.split("| message | fields |")[1].split("\n\n")[0], re.MULTILINE)
    assert len(rows) > 8
    for message, fields in rows:
        (text,) = [text for text in modules if re.search(rf'logger\.\w+\(\s*"{message}"', text)]
        for field in re.findall(r"`(\w+)`", fields):
            assert f'"{field}"' in text or f"{field}=" in text, (message, field)


def test_every_path_that_asks_for_no_key_is_said_to() -> None:
    from rtadapt.serving.middleware import _OF_THE_ENGINE

    page = (ROOT / "SECURITY.md").read_text()
    for path in (*_OF_THE_ENGINE, "/healthz", "/readyz", "/console"):
        assert f"`{path}`" in page, path


def test_every_test_that_the_measurements_name_is_there() -> None:
    tests = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    file, named = "", 0
    for line in (ROOT / "docs" / "measurements.md").read_text(encoding="utf-8").splitlines():
        for own, test, more in re.findall(r"`(test_\w+\.py|…)(?:::(test_\w+)(…?))?`", line) if line.startswith("|") else ():
            file = file if own == "…" else own
            assert file in tests, line
            assert not test or re.search(rf"def {test}{'' if more else r'[(]'}", tests[file]), (file, test)
            named += 1
    assert named > 80
