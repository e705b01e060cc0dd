"""The operators' page in a real browser, over five hundred feeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rtadapt.config import RegistrySettings, Settings
from rtadapt.records import LearnedEvent
from rtadapt.registry.registry import Registry
from tests.support.api_server import ApiServer
from tests.support.browser import CHROMIUM, Browser
from tests.support.registry_steps import candidate, mark_ready

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian's package chromium)")

MEASURES = {"finite": 1.0, "probes": 9.0, "recall": 0.8, "replay_lost": 0.1, "drift": 0.02, "step_norm": 1.5}
IDLE = "while (busy) await new Promise(r => setTimeout(r, 20));"
AGAIN = f"(async () => {{ for (let n = 0; n < 3; n++) {{ {IDLE} await refresh(); }} }})()"
PLACE = "(({x, y, width, height}) => [x + width / 2, y + height / 2])(document.activeElement.getBoundingClientRect())"


def typed(text: str) -> str:
    return f"(box => {{ box.value = '{text}'; box.dispatchEvent(new Event('input')); }})(document.getElementById('contains'))"


@pytest.fixture
def server(tmp_path: Path, redis_url: str) -> Iterator[ApiServer]:
    registry = Registry(RegistrySettings(url=redis_url))
    for number in range(500):
        registry.ensure_feed(f"feed-{number:03d}")
    for parent in range(6):
        registry.commit(
            "feed-000",
            epoch=registry.claim("feed-000", "worker"),
            parent=parent,
            positions={0: parent + 1},
            candidate=candidate(parent, "feed-000"),
            events=[LearnedEvent(f"event-{parent}", 1.5)],
            measures=MEASURES,
            statuses=[],
        )
        mark_ready(registry, "feed-000", parent + 1, "replica", ["replica"])
    registry.close()
    with ApiServer(Settings(data_dir=tmp_path, registry=RegistrySettings(url=redis_url))) as server:
        yield server


@pytest.fixture
def page(server: ApiServer, tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path) as browser:
        browser.ask("Page.navigate", url=f"{server.url}/console")
        browser.wait("document.querySelectorAll('#feeds > section').length === 12")
        yield browser


def test_the_page_of_many_feeds(server: ApiServer, page: Browser) -> None:
    """One story, because a browser is slow to start."""
    # one request a refresh, and a small one
    before = page.run("performance.getEntriesByType('resource').length")
    page.run(f"(async () => {{ {IDLE} await refresh(); }})()")
    made = page.run(f"performance.getEntriesByType('resource').slice({before}).map(e => e.name)")
    assert made
    assert all("/v1/overview" in name for name in made)
    assert len(httpx.get(f"{server.url}/v1/overview", trust_env=False).content) < 100_000

    # what may have been harmed is read before what was gained
    heads = page.run("[...document.querySelector('table').querySelectorAll('thead th')].map(th => th.textContent)")
    assert heads.index("replay lost") < heads.index("drift") < heads.index("recall")

    # the focus survives
    page.run("document.querySelector('[aria-label=\"roll feed-000 back\"]').focus()")
    page.run(AGAIN)
    assert page.run("document.activeElement.getAttribute('aria-label')") == "roll feed-000 back"

    # a press that takes longer than a refresh is a click, and asks before it does anything
    place = page.run(
        "(({x, y, width, height}) => [x + width / 2, y + height / 2])(document.activeElement.getBoundingClientRect())"
    )
    page.mouse("mousePressed", *place)
    page.run("new Promise(done => setTimeout(done, 2500))")
    page.mouse("mouseReleased", *place)
    page.wait("document.getElementById('ask').open")
    assert "feed-000" in page.run("document.getElementById('question').textContent")
    page.run("document.querySelector('#ask [value=yes]').click()")
    page.wait("!asking && document.querySelector('#feeds .pill').textContent === 'answers from feed-000@5'")

    # pages and a filter
    page.run("document.getElementById('next').click()")
    page.wait("document.querySelector('#feeds h2').textContent === 'feed-012'")
    page.run(
        "(() => { const box = document.getElementById('contains'); box.value = '499'; box.dispatchEvent(new Event('input')); })()"
    )
    page.wait("document.querySelectorAll('#feeds > section').length === 1")
    page.run(
        "(() => { const box = document.getElementById('contains'); box.value = ''; box.dispatchEvent(new Event('input')); })()"
    )
    page.wait("document.querySelectorAll('#feeds > section').length === 12")

    # a telephone
    page.ask("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
    assert page.run("document.documentElement.scrollWidth") <= 390

    # every button has a name of its own, every column a head
    labels = page.run("[...document.querySelectorAll('#feeds button')].map(b => b.getAttribute('aria-label'))")
    assert all(labels)
    assert len(set(labels)) == len(labels)
    assert page.run("[...document.querySelectorAll('th')].every(th => th.textContent && th.scope)")


def test_a_server_that_is_gone_is_said_and_what_is_shown_is_marked_as_old(server: ApiServer, page: Browser) -> None:
    server.stop()
    page.wait("document.getElementById('state').className === 'bad' && !!document.querySelector('#feeds .stale')")
