"""The operators' page in a real browser, over five hundred feeds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from rtadapt.config import RegistrySettings, Settings
from rtadapt.events.log import open_log
from rtadapt.records import DeadLetter, LearnedEvent, Position
from rtadapt.registry.registry import Registry
from tests.support.api_server import ApiServer
from tests.support.browser import CHROMIUM, Browser
from tests.support.redis_server import RedisServer
from tests.support.registry_steps import candidate, mark_failed, mark_ready

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian's package chromium)")

MEASURES = {
    "finite": 1.0,
    "probes": 9.0,
    "recall": 0.8123,
    "replay_known": 12.0,
    "replay_lost": 0.1,
    "anchors": 16.0,
    "drift": 0.0234,
    "drift_before": 0.0201,
    "step_norm": 1.5432,
    "step_kept": 1.0,
}
WHY = "share of its facts answered in other wordings 0.20 < 0.50"
REPLICAS = [f"serve-{number}-7c9f8d" for number in range(8)]
ABOUT = {"host": "node-7", "pid": "4711", "address": "10.0.0.7:8000", "passed_seconds": 0.2, "busy_seconds": 0, "loaded": 12}
IDLE = "while (busy) await new Promise(r => setTimeout(r, 20));"
AGAIN = f"(async () => {{ for (let n = 0; n < 3; n++) {{ {IDLE} await refresh(); }} }})()"
PLACE = "(({x, y, width, height}) => [x + width / 2, y + height / 2])(document.activeElement.getBoundingClientRect())"


def typed(text: str) -> str:
    return f"(box => {{ box.value = '{text}'; box.dispatchEvent(new Event('input')); }})(document.getElementById('contains'))"


def written(key: str) -> str:
    return f"(box => {{ box.value = '{key}'; box.dispatchEvent(new Event('change')); }})(document.getElementById('key'))"


def publish(registry: Registry, feed: str, versions: int) -> None:
    epoch = registry.claim(feed, "worker")
    head = registry.head(feed)
    assert head is not None
    for parent in range(head.version, head.version + versions):
        registry.commit(
            feed,
            epoch=epoch,
            parent=parent,
            positions={0: parent + 1},
            candidate=candidate(parent, feed),
            events=[LearnedEvent(f"event-{number}", time.time() - 40) for number in range(8)],
            measures=MEASURES,
            statuses=[],
        )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, redis_session_server: RedisServer) -> Settings:
    with redis.Redis.from_url(redis_session_server.url) as client:
        client.flushall()
    registry = RegistrySettings(url=redis_session_server.url, replica_ttl_seconds=3600)
    return Settings(data_dir=tmp_path_factory.mktemp("console"), registry=registry)


@pytest.fixture(scope="module")
def registry(settings: Settings) -> Iterator[Registry]:
    """A system in use: eight replicas, one of which lacks what was published last, two workers, refused and waiting events."""
    registry = Registry(settings.registry)
    for number in range(500):
        registry.ensure_feed(f"feed-{number:03d}")
    for replica in REPLICAS:
        registry.heartbeat(replica, ABOUT)
    said = {"ready": True, "lag": 3, "feeds": 9, "partitions": 1}
    registry.note_worker("work-0", said | {"alive": True, "last_step_at": time.time()})
    registry.note_worker("work-1", said | {"alive": False, "last_step_at": time.time() - 900})
    for number in range(12):
        feed = f"feed-{number:03d}"
        publish(registry, feed, 6)
        for replica in REPLICAS[:-1]:
            mark_ready(registry, feed, 6, replica, REPLICAS)
        mark_failed(registry, feed, 6, REPLICAS[-1], REPLICAS)
    registry.change_route("feed-005", "pause")  # nobody waits for what it learns from now on
    log = open_log(settings)
    log.refuse([DeadLetter("story-17", "feed-000", Position(0, 0), "gate", WHY)])
    log.append([("feed-001", b"x")] * 3)
    log.close()
    yield registry
    registry.close()


@pytest.fixture(scope="module")
def server(settings: Settings, registry: Registry) -> Iterator[ApiServer]:
    with ApiServer(settings) as server:
        yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def page(server: ApiServer, browser: Browser) -> Browser:
    browser.ask("Emulation.clearDeviceMetricsOverride")
    browser.ask("Page.navigate", url=f"{server.url}/console")
    browser.wait("document.querySelectorAll('#feeds > section').length === 12")
    browser.wait("byId('tiles').textContent.includes('events waiting3')")
    return browser


def test_a_refresh_is_one_small_request_however_many_feeds_there_are(page: Browser) -> None:
    """And one more while an event that was pushed here is followed."""
    made = "made = performance.getEntriesByType('resource'); performance.clearResourceTimings()"
    read = "return made.map(one => [new URL(one.name).pathname, one.transferSize]);"
    asked = f"(async () => {{ {IDLE} performance.clearResourceTimings(); await refresh(); const {made}; {read} }})()"
    ((path, size),) = page.run(asked)
    assert path == "/v1/overview"
    assert 10_000 < size < 100_000
    (_, first), (path, second) = page.run(asked.replace("await refresh()", "watched = 'story-17'; await refresh()"))
    assert path == "/v1/events/story-17"
    assert first + second < 100_000


def test_what_somebody_else_put_into_the_page_does_not_run(page: Browser) -> None:
    page.run("window.broken = []; addEventListener('securitypolicyviolation', event => broken.push(event.violatedDirective))")
    page.run("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))")
    page.run("document.body.insertAdjacentHTML('beforeend', `<img src='x:' onerror='window.ran = true' style='top: 0'>`)")
    page.wait("['script-src-elem', 'script-src-attr', 'style-src-attr', 'img-src'].every(kind => broken.includes(kind))")
    assert page.run("window.ran") is None
    page.run("broken.length = 0")
    page.run(AGAIN)
    assert page.run("broken") == []


def test_what_may_have_been_harmed_is_read_before_what_was_gained(page: Browser) -> None:
    heads = page.run("[...document.querySelector('#feeds table').querySelectorAll('thead th')].map(th => th.textContent)")
    assert heads.index("replay lost") < heads.index("drift") < heads.index("recall")


def test_what_waits_who_works_who_answers_and_what_was_refused_is_shown(page: Browser) -> None:
    read = "[...tile.children].map(part => part.textContent)"
    shown = page.run(f"Object.fromEntries([...byId('tiles').children].map(tile => {read}))")
    assert shown["events waiting"] == "3"
    assert (shown["workers at work"], shown["replicas answering"]) == ("1 of 2", "8 of 8")
    assert (shown["dead letters"], shown["feeds"]) == ("1", "500")
    first, second = page.run("[...document.querySelectorAll('#feeds > section')].slice(0, 2).map(card => card.textContent)")
    assert f"story-17 gate: {WHY}" in first
    assert f"newest on 7 of 8 replicas, not loaded on {REPLICAS[-1]}" in first
    assert "3 events not answered from, the oldest for" in second
    workers = page.run("[...document.querySelectorAll('#workers tbody tr')].map(row => row.children[1].textContent)")
    assert workers == ["works", "a step hangs"]
    versions = page.run("[...document.querySelectorAll('#replicas tbody tr')].map(row => row.lastChild.textContent)")
    assert versions[0].startswith("feed-000@6 feed-001@6")
    assert versions[-1].startswith("feed-000@0 (not @6)")


def test_the_focus_survives_whatever_comes_and_goes(registry: Registry, page: Browser) -> None:
    page.run("document.querySelector('[aria-label=\"Roll back feed-005\"]').focus()")
    page.run(AGAIN)
    assert page.run("document.activeElement.getAttribute('aria-label')") == "Roll back feed-005"
    publish(registry, "feed-005", 1)
    registry.ensure_feed("feed-0045")
    page.wait("!!document.getElementById('feed-feed-0045') && byId('feed-feed-005').textContent.includes('newest is @7')")
    assert page.run("document.activeElement.getAttribute('aria-label')") == "Roll back feed-005"

    # in the row of a version that leaves the table: back to the table
    page.run("document.querySelector('[aria-label=\"roll back to feed-005@3\"]').focus()")
    publish(registry, "feed-005", 1)
    page.wait("byId('feed-feed-005').textContent.includes('newest is @8')")
    assert page.run("document.activeElement.getAttribute('aria-label')") == "versions of feed-005"

    # what is being written, and a page that has no next one
    page.run("document.getElementById('contains').focus()")
    page.run(typed("feed-49"))
    page.wait("document.querySelectorAll('#feeds > section').length === 10")
    assert page.run("document.activeElement.id") == "contains"
    page.run("(async () => { byId('next').focus(); byId('next').click(); })()")
    page.run(AGAIN)
    assert page.run("document.activeElement.id") == "next"
    assert page.run("location.search") == "?contains=feed-49"


def test_a_press_that_takes_longer_than_a_refresh_is_a_click_and_asks_before_it_does_anything(page: Browser) -> None:
    page.run("document.querySelector('[aria-label=\"Roll back feed-000\"]').focus()")
    place = page.run(PLACE)
    page.mouse("mousePressed", *place)
    page.run("new Promise(done => setTimeout(done, 2500))")
    page.mouse("mouseReleased", *place)
    page.wait("document.getElementById('ask').open")
    assert "feed-000" in page.run("document.getElementById('question').textContent")
    page.run("document.querySelector('#ask [value=yes]').click()")
    page.wait("!asking && document.querySelector('#feeds .pill').textContent === 'answers from the base model'")
    page.run(AGAIN)
    assert page.run("document.activeElement.getAttribute('aria-label')") == "Roll back feed-000"


def test_feeds_are_found_by_page_by_name_and_by_what_waits(server: ApiServer, page: Browser) -> None:
    last = page.run("[...document.querySelectorAll('#feeds h2')].at(-1).textContent")
    page.run("document.getElementById('next').click()")
    page.wait(f"document.querySelector('#feeds h2').textContent > '{last}'")
    page.run(typed("499"))
    page.wait("document.querySelectorAll('#feeds > section').length === 1")
    page.run(typed(""))
    page.run("document.getElementById('waiting').click()")
    page.wait("document.querySelector('#feeds h2').textContent === 'feed-001'")
    page.ask("Page.navigate", url=f"{server.url}/console?contains=feed-499")
    page.wait("document.querySelectorAll('#feeds > section').length === 1")
    assert page.run("document.querySelector('#feeds h2').textContent") == "feed-499"


def test_a_telephone_shows_all_of_it(page: Browser) -> None:
    page.ask("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
    assert page.run("document.documentElement.scrollWidth") <= 390


def test_every_button_has_a_name_of_its_own_and_every_column_a_head(page: Browser) -> None:
    labels = page.run("[...document.querySelectorAll('#feeds button')].map(b => b.getAttribute('aria-label'))")
    assert all(labels)
    assert len(set(labels)) == len(labels)
    assert page.run("[...document.querySelectorAll('th')].every(th => th.textContent && th.scope)")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Browser, axe: str, width: int, scheme: str) -> None:
    page.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.run("for (const name of ['pushing', 'comparing']) document.getElementById(name).open = true")
    page.wait("byId('compared').textContent.startsWith('no replica answers at this address')")  # this is `rtadapt api` alone
    page.run(axe)
    said = "found => found.violations.map(one => [one.id, one.help, one.nodes.slice(0, 3).map(node => node.html)])"
    for opened in (False, True):  # and once more with the question asked
        if opened:
            page.run("document.querySelector('[aria-label=\"canary feed-003@5\"]').click()")
            page.wait("document.getElementById('ask').open")
        assert page.run(f"axe.run().then({said})") == []
    page.run("document.querySelector('#ask [value=no]').click()")


def test_a_server_that_is_gone_is_said_and_what_is_shown_is_marked_as_old(settings: Settings, browser: Browser) -> None:
    with ApiServer(settings) as other:
        browser.ask("Page.navigate", url=f"{other.url}/console")
        browser.wait("document.querySelectorAll('#feeds > section').length > 0")
        other.stop()
        browser.wait("document.getElementById('state').className === 'bad' && !!document.querySelector('#feeds .stale')")
        assert "what is shown is from" in browser.run("document.getElementById('state').textContent")


def test_a_server_that_asks_for_a_key_says_so_and_what_a_key_may_not_ask_is_asked_once(
    settings: Settings, registry: Registry, browser: Browser, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text("operate key-of-the-operator\npush,operate key-of-the-desk\n")
    with ApiServer(settings.model_copy(update={"keys_file": keys})) as other:
        browser.ask("Page.navigate", url=f"{other.url}/console")
        browser.wait("document.getElementById('state').textContent.startsWith('this server asks for a key')")
        browser.run(written("key-of-the-operator"))
        browser.wait("document.querySelectorAll('#feeds > section').length === 12")
        browser.run(f"(async () => {{ {IDLE} watched = 'story-17'; }})()")
        browser.run(AGAIN)
        browser.wait("document.getElementById('state').textContent === 'up to date'")
        assert browser.run("performance.getEntriesByName(new URL('/v1/events/story-17', location).href).length") == 1
        browser.run("sessionStorage.clear()")
