"""The shape of the code: who imports whom, how large things are, what they are called, and what is never logged."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rtadapt

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rtadapt"
MODULES = sorted(PACKAGE.rglob("*.py"))

LONGEST_MODULE_LINES = 350
LONGEST_FUNCTION_LINES = 60

NAMES_THAT_SAY_NOTHING = re.compile(r"manager|handler|helper|processor|utils?(?![a-z])", re.IGNORECASE)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_imports_run_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        (
            ("config", "records", "errors", "access", "basemodel", "cli", "demo.run"),
            ("torch", "vllm", "transformers", "fastapi", "kafka"),
        ),
        (
            ("api.app", "registry.registry", "registry.artifacts", "events.log", "mounted"),
            ("torch", "vllm", "transformers", "peft"),
        ),
        (("admission.admit", "curation.render", "gate.verdict"), ("torch", "vllm", "transformers", "peft")),
        (("serving.middleware", "serving.watcher", "serving.launch", "serving.plugin"), ("torch", "vllm", "peft")),
        (("training.learner", "work.pipeline", "work.worker"), ("vllm",)),
    ],
)
def test_importing_a_room_loads_no_library_that_it_does_not_need(modules: tuple[str, ...], absent: tuple[str, ...]) -> None:
    imports = "; ".join(f"import rtadapt.{module}" for module in modules)
    script = f"import sys; {imports}; print(*[name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.split() == []


def test_records_and_errors_need_the_standard_library_alone() -> None:
    for name in ("records.py", "errors.py"):
        for node in ast.walk(tree_of(PACKAGE / name)):
            found = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for imported in found:
                assert imported.split(".")[0] in sys.stdlib_module_names, (name, imported)


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT / "loadtests").glob("*.py"))], ids=name_of)
def test_nothing_is_too_long_or_called_after_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE_LINES
    tree = ast.parse(text)
    named = [path.stem, *(node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for function in functions(tree):
        named.append(function.name)
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno < LONGEST_FUNCTION_LINES, function.name
    for name in named:
        assert not NAMES_THAT_SAY_NOTHING.search(name), name


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=name_of)
def test_no_module_of_tests_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE_LINES


def test_every_module_says_what_it_is() -> None:
    for path in MODULES:
        tree = tree_of(path)
        assert ast.get_docstring(tree) or not tree.body, name_of(path)


def test_dataclasses_have_slots() -> None:
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.ClassDef):
                continue
            for decorator in node.decorator_list:
                if "dataclass" in ast.unparse(decorator):
                    assert "slots=True" in ast.unparse(decorator), f"{name_of(path)}: {node.name}"


def test_records_are_frozen() -> None:
    for node in ast.walk(tree_of(PACKAGE / "records.py")):
        if isinstance(node, ast.ClassDef) and node.decorator_list:
            assert "frozen=True" in ast.unparse(node.decorator_list[0]), node.name


# What may stand in a log line: a constant message and named ids or numbers.
_WORDS_OF_TEXTS = {"text", "texts", "prompt", "prompts", "completion", "body", "value", "headline", "question", "answer", "turns"}
_LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


def log_calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("logger", "log", "_log")
        ):
            yield node


def test_log_lines_are_constant_messages_with_named_fields_and_no_text() -> None:
    seen = 0
    for path in MODULES:
        for call in log_calls(tree_of(path)):
            seen += 1
            where = f"{name_of(path)}:{call.lineno}"
            message, *rest = call.args
            assert isinstance(message, ast.Constant), where
            assert not rest, where
            for keyword in call.keywords:
                assert keyword.arg in ("extra", "exc_info"), where
                if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
                    names = {key.value for key in keyword.value.keys if isinstance(key, ast.Constant)}
                    assert not names & _WORDS_OF_TEXTS, where
    assert seen > 10


def test_every_metric_is_used_and_has_bounded_labels_only() -> None:
    from rtadapt.observe import metrics

    used = " ".join(path.read_text(encoding="utf-8") for path in MODULES if path.name != "metrics.py")
    for constant, metric in vars(metrics).items():
        labels = getattr(metric, "_labelnames", None)
        if labels is None or isinstance(metric, type):
            continue
        assert re.search(rf"\b{constant}\b", used), f"{constant} is never set"
        assert set(labels) <= {
            "feed",
            "code",
            "reason",
            "stage",
            "verdict",
            "measure",
            "target",
            "outcome",
            "method",
            "route",
            "status",
            "unit",
            "kind",
            *(("process", "version", "model") if constant == "BUILD" else ()),  # one series a process
        }, constant
        assert metric._name.startswith("rtadapt_")


def test_every_error_is_in_the_tree_and_has_a_status() -> None:
    from rtadapt import errors

    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.RtadaptError):
            assert errors.__doc__ is not None
            assert re.search(rf"\b{name}\b", errors.__doc__), name
            assert 400 <= kind.status < 600


def test_the_package_says_its_version_once() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", rtadapt.__version__)
    assert f'"{rtadapt.__version__}"' not in (ROOT / "pyproject.toml").read_text()
