"""Records survive Redis; keys keep a feed in one slot."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtadapt.config import RegistrySettings
from rtadapt.errors import InvalidInput, InvalidSettings
from rtadapt.records import Artifact, EventState, EventStatus, LearnedEvent, Position, Version
from rtadapt.registry import codec
from rtadapt.registry.registry import Registry

offsets = st.integers(0, 2**53)
numbers = st.floats(allow_nan=False, width=64)
artifacts = st.builds(Artifact, st.text("0123456789abcdef", min_size=64, max_size=64), st.text(), offsets)
versions = st.builds(
    Version,
    feed=st.just("news"),
    number=st.integers(1, 2**40),
    parent=st.integers(0, 2**40),
    adapter=artifacts,
    state=artifacts,
    positions=st.dictionaries(st.integers(0, 1000), offsets),
    events=st.lists(st.builds(LearnedEvent, st.text(), numbers), max_size=4).map(tuple),
    created_at=numbers,
    measures=st.dictionaries(st.text(), numbers),
)
statuses = st.builds(
    EventStatus,
    id=st.text(min_size=1),
    feed=st.just("news"),
    state=st.sampled_from(EventState),
    position=st.none() | st.builds(Position, st.integers(0, 1000), offsets),
    version=st.none() | st.integers(0, 2**40),
    reason=st.none() | st.text(),
    detail=st.none() | st.text(),
)


@settings(deadline=None)
@given(versions)
def test_a_version_comes_back_as_it_was(version: Version) -> None:
    # As the commit script does it: the positions go in front of the record's other fields.
    text = '{"positions":' + codec.positions_text(version.positions) + "," + codec.version_text(version)[1:]
    assert codec.read_version("news", text) == version


@given(statuses)
def test_a_status_comes_back_as_it_was(status: EventStatus) -> None:
    assert codec.read_status(status.id, status.feed, codec.status_text(status)) == status


def test_a_reader_ignores_what_a_newer_writer_adds() -> None:
    version = Version("news", 1, 0, Artifact("d", "p", 1), Artifact("d", "p", 1), {0: 1}, (), 1.0, {})
    value = json.loads(codec.version_text(version)) | {"positions": {"0": 1}, "colour": "blue"}
    assert codec.read_version("news", json.dumps(value)) == version
    fields = {"stable": "1", "canary": "", "share": "0", "follow": "1", "revision": "2", "colour": "blue"}
    route = codec.read_route("news", fields)
    assert route is not None and (route.stable, route.canary, route.revision) == (1, None, 2)


def test_a_measure_that_is_no_number_survives() -> None:
    version = Version("news", 1, 0, Artifact("d", "p", 1), Artifact("d", "p", 1), {}, (), 1.0, {"loss": math.inf})
    text = '{"positions":{},' + codec.version_text(version)[1:]
    assert codec.read_version("news", text).measures == {"loss": math.inf}


@given(st.text(min_size=1))
def test_whatever_an_event_is_called_its_key_lies_in_its_feeds_slot(event_id: str) -> None:
    key = codec.feed_key("news", "event", event_id)
    # A cluster hashes what stands between the first { and the next }.
    assert key[key.index("{") + 1 : key.index("}")] == "news"


@pytest.mark.parametrize("feed", ["", "News", "{a}", "a}b", "a b", "ü", "a\n", "a" * 64])
def test_what_is_no_feed_gets_no_key(feed: str) -> None:
    with pytest.raises(InvalidInput):
        codec.feed_key(feed, "head")


def test_only_a_learned_status_takes_the_new_version() -> None:
    for state in EventState:
        _, _, text = codec.ranked(EventStatus("e", "news", state), 7)
        assert json.loads(str(text)).get("version") == (7 if state is EventState.LEARNED else None)
    _, _, text = codec.ranked(EventStatus("e", "news", EventState.LEARNED, version=3), 7)
    assert json.loads(str(text))["version"] == 3


@pytest.mark.parametrize("url", ["embedded:", "http://x", "", "redis:/x", "localhost:6379", "redis://host:port"])
def test_an_address_of_no_registry_is_an_invalid_setting(url: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Registry(RegistrySettings(url=url))
    assert caught.value.field == "registry.url"


def test_making_a_registry_needs_no_server() -> None:
    for url, cluster in (("redis://127.0.0.1:1", False), ("redis://127.0.0.1:1", True), ("unix:///nowhere/socket", False)):
        Registry(RegistrySettings(url=url, cluster=cluster)).close()


def test_what_a_corrected_event_taught_ranks_above_what_it_taught_first() -> None:
    ranks = [codec.ranked(EventStatus("e", "news", state), version)[1] for state, version in LIFE]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


LIFE = [
    (EventState.ACCEPTED, None),
    (EventState.ADMITTED, None),
    (EventState.REFUSED, None),
    (EventState.LEARNED, 1),
    (EventState.LEARNED, 12),
]
