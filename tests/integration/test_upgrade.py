"""Today's code on what rtadapt 0.1.0 left: it is served and operated as it was, and what cannot be gone on with says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from rtadapt.api.app import create_app
from rtadapt.config import ArtifactSettings
from rtadapt.records import EventState
from tests.support import first_release
from tests.support.one_machine import System, drive, learned_ids, story
from tests.support.watched_engine import running, settings_of, until


@pytest.fixture
def old(tmp_path: Path, redis_url: str) -> None:
    first_release.write(tmp_path, redis_url)


@pytest.fixture
def upgraded(old: None, system: System) -> System:
    """What is opened now is what was written then."""
    return system


@pytest.fixture
def client(upgraded: System) -> Iterator[TestClient]:
    with TestClient(create_app(upgraded.settings)) as client:
        yield client


def test_the_log_is_the_first_one_and_goes_on_with_one_letter_of_a_place(upgraded: System) -> None:
    assert upgraded.registry.log_number(upgraded.log.identity()) == 0
    place, upgraded_ends = first_release.PARTITION, upgraded.log.ends()
    assert (upgraded_ends[place], len(upgraded.log.records(place, 0, 10)), upgraded.log.dead_letter_count()) == (3, 3, 1)
    upgraded.push(story("north"))
    assert upgraded.log.ends()[place] == 4


async def test_its_versions_are_served_and_a_route_can_be_moved(upgraded: System, tmp_path: Path, redis_url: str) -> None:
    artifacts = ArtifactSettings(url=f"file://{tmp_path}/artifacts")
    settings = settings_of(tmp_path / "replica", redis_url).model_copy(update={"artifacts": artifacts})
    registry = upgraded.registry
    async with running(settings) as replica:
        await until(lambda: replica.live.ready and replica.stable() == 2)
        assert replica.live.not_followed == {}
        registry.change_route("news", "rollback")
        await until(lambda: replica.stable() == 1)
        registry.change_route("news", "canary", version=2, share=0.5)
        await until(lambda: (feed := replica.feed()) is not None and feed.canary == 2)
        registry.change_route("news", "resume")
        await until(lambda: replica.stable() == 2)


def test_what_was_known_is_shown(client: TestClient) -> None:
    [feed] = client.get("/v1/overview").json()["feeds"]
    assert (feed["feed"], feed["newest"], feed["route"]["stable"]) == ("news", 2, 2)
    assert [version["number"] for version in client.get("/v1/feeds/news/versions").json()["versions"]] == [2, 1]
    assert client.get("/v1/events/event-1").status_code == 404  # the first release noted it elsewhere
    assert client.put("/v1/feeds/news", json={"title": "News"}).status_code == 200


def test_a_state_of_that_form_stops_its_feed_alone_and_says_why_until_the_feed_is_made_anew(
    upgraded: System, client: TestClient
) -> None:
    upgraded.push(story("north", "sport"))
    pipeline = upgraded.pipeline()
    drive(pipeline, upgraded.registry, "sport", 1)
    while "news" not in pipeline.quarantine:
        pipeline.step()
    trouble = upgraded.registry.trouble("news")
    assert trouble is not None
    assert (trouble.reason, "format 1" in trouble.detail) == ("artifact_damaged", True)
    assert learned_ids(upgraded.registry, "sport") == ["event-north"]

    assert client.delete("/v1/feeds/news").status_code in (200, 204)
    pipeline.close()
    upgraded.push(story("south"))
    pipeline = upgraded.pipeline()
    drive(pipeline, upgraded.registry, "news", 4)
    pipeline.close()
    assert learned_ids(upgraded.registry) == ["event-south"]
    status = upgraded.registry.event_status("event-south")
    assert status is not None
    assert status.state is EventState.LEARNED
