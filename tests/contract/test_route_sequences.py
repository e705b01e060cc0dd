"""Whatever operators and replicas do, in whatever order, a route stays one that can be served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtadapt.config import RegistrySettings
from rtadapt.errors import InvalidInput, NotFound
from rtadapt.records import Artifact, Candidate
from rtadapt.registry.registry import Registry
from tests.support.registry_steps import mark_failed, mark_ready

REPLICAS = ["a", "b"]
numbers = st.integers(0, 8)
steps = st.one_of(
    st.just(("commit",)),
    st.just(("reject",)),
    st.tuples(st.sampled_from(["ready", "failed"]), numbers, st.sampled_from(REPLICAS)),
    st.tuples(st.sampled_from(["promote", "rollback"]), st.none() | numbers),
    st.tuples(st.just("canary"), numbers),
    st.sampled_from([("pause",), ("resume",), ("trust",), ("end",)]),
    st.tuples(st.just("retire"), st.integers(1, 4)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=40))
def test_a_route_only_ever_names_what_can_be_served(redis_url: str, sequence: list[tuple[Any, ...]]) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    registry = Registry(RegistrySettings(url=redis_url, keep_versions=5))
    try:
        walk(registry, sequence)
    finally:
        registry.close()


def walk(registry: Registry, sequence: list[tuple[Any, ...]]) -> None:
    epoch, retired = registry.claim("news", "worker"), set[int]()
    for name, *args in sequence:
        before, head = registry.route("news"), registry.head("news")
        assert before is not None and head is not None
        artifact = Artifact(f"{head.version:064x}", "x", 1)
        candidate = Candidate("news", head.version, artifact, artifact, {}, ()) if name == "commit" else None

        def commit(parent: int = head.version, candidate: Candidate | None = candidate) -> None:
            registry.commit(
                "news",
                epoch=epoch,
                parent=parent,
                positions={0: parent},
                candidate=candidate,
                events=[],
                measures={},
                statuses=[],
            )

        def retire(keep: int = 1, newest: int = head.version) -> None:
            kept = {version.number for version in registry.retire("news", keep).versions}
            retired.update(set(range(1, newest + 1)) - kept)

        acts: dict[str, Callable[..., Any]] = {
            "commit": commit,
            "reject": commit,
            "retire": retire,
            "ready": lambda number, replica: mark_ready(registry, "news", number, replica, REPLICAS),
            "failed": lambda number, replica: mark_failed(registry, "news", number, replica, REPLICAS),
            "promote": lambda number: registry.change_route("news", "promote", version=number),
            "rollback": lambda number: registry.change_route("news", "rollback", version=number),
            "canary": lambda number: registry.change_route("news", "canary", version=number, share=0.5),
            "pause": lambda: registry.change_route("news", "pause"),
            "trust": lambda: registry.change_route("news", "trust"),
            "end": lambda: registry.change_route("news", "end"),
            "resume": lambda: registry.change_route("news", "resume"),
        }
        refused = False
        try:
            acts[name](*args)
        except (NotFound, InvalidInput):
            refused = True
        after = registry.route("news")
        assert after is not None
        changed = replace(after, revision=0) != replace(before, revision=0)
        assert after.revision == before.revision + changed
        assert not (refused and changed)
        for number in (after.stable, after.canary):
            assert not number or (registry.version("news", number) is not None and number not in retired)
        assert (after.canary is None) == (after.canary_share == 0.0)
        if name in ("ready", "failed"):
            assert after.stable >= before.stable
            assert after.stable == before.stable or before.follow
        if name in ("commit", "reject", "retire"):
            assert after == before
