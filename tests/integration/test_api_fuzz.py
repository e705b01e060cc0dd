"""The control plane under requests made from its own document: nothing but the answers that the document names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable

from rtadapt.api.app import create_app
from rtadapt.config import IntakeSettings, RegistrySettings, Settings

schemathesis = pytest.importorskip("schemathesis")

ROUTES = sorted(
    (path, method)
    for path, methods in create_app(Settings(registry=RegistrySettings(url="redis://127.0.0.1:1/0"))).openapi()["paths"].items()
    for method in methods
)


@pytest.fixture
def document(tmp_path: Path, redis_url: str) -> Iterator[Any]:
    limits = IntakeSettings(max_body_bytes=100_000)
    app = create_app(Settings(data_dir=tmp_path, registry=RegistrySettings(url=redis_url), intake=limits))
    yield schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_a_route_answers_as_the_document_says_whatever_it_is_sent(document: Any, path: str, method: str, mode: str) -> None:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    cases = document[path][method].as_strategy(generation_mode=schemathesis.GenerationMode[mode])

    @seed(7)
    @settings(max_examples=10, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def sent(case: Any) -> None:
        case.call_and_validate(checks=checks)

    try:
        sent()
    except Unsatisfiable:
        assert mode == "NEGATIVE"  # a route without parameters has nothing that can be wrong
