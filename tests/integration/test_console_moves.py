"""What an operator does on the page: asks two versions the same, tries one, looks what it learned; and who may only look."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtadapt.config import RegistrySettings, Settings
from rtadapt.registry.codec import Trouble
from rtadapt.registry.registry import Registry
from tests.support.browser import CHROMIUM, Browser
from tests.support.one_address import OneAddress
from tests.support.registry_steps import A, mark_ready, publish

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian's package chromium)")

KEYS = "operate,push,complete key-of-the-operator\nview key-of-the-wallboard\n"


@pytest.fixture
def registry(redis_url: str) -> Iterator[Registry]:
    registry = Registry(RegistrySettings(url=redis_url, replica_ttl_seconds=3600))
    registry.heartbeat(A, {"host": "node-7", "pid": "4711", "address": "10.0.0.7:8000"})
    for feed, versions in (("arts", 1), ("news", 3), ("sport", 2)):
        epoch = registry.claim(feed, "worker")
        for parent in range(versions):
            publish(registry, parent, epoch=epoch, feed=feed)
            mark_ready(registry, feed, parent + 1, A, [A])
    registry.change_route("news", "rollback", version=2)
    yield registry
    registry.close()


@pytest.fixture
def url(tmp_path: Path, registry: Registry, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    keys = tmp_path / "keys"
    keys.write_text(KEYS)
    settings = Settings(data_dir=tmp_path, keys_file=keys, registry=RegistrySettings(url=redis_url))
    with OneAddress(settings, monkeypatch) as server:
        yield server.url


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


def opened(browser: Browser, url: str, key: str = "key-of-the-operator") -> Browser:
    browser.ask("Page.navigate", url=f"{url}/console")
    browser.wait("byId('state').textContent.startsWith('this server asks for a key')")
    browser.run(f"(box => {{ box.value = '{key}'; box.dispatchEvent(new Event('change')); }})(byId('key'))")
    browser.wait("document.querySelectorAll('#feeds > section').length === 3")
    return browser


def press(label: str) -> str:
    return f"document.querySelector('[aria-label=\"{label}\"]').click()"


def test_two_versions_are_asked_the_same_side_by_side(url: str, browser: Browser) -> None:
    page = opened(browser, url)
    page.run(press("Ask news"))
    page.wait("byId('models').children.length === 4")
    assert page.run("[...byId('models').children].map(one => one.value)") == ["the-base", "news", "news@2", "news@3"]
    assert page.run("[byId('compare').one.value, byId('compare').other.value]") == ["the-base", "news"]
    page.run("(form => { form.question.value = 'Who coaches?'; form.requestSubmit(); })(byId('compare'))")
    page.wait("byId('compared').textContent === 'they say different things'")
    told = page.run("[...document.querySelectorAll('#answers p')].map(one => one.textContent)")
    assert told[0] == "the-base heard Who coaches?"
    assert told[1].startswith("news@2")
    page.run("(form => { form.one.value = 'news@3'; form.other.value = 'news@9'; form.requestSubmit(); })(byId('compare'))")
    page.wait("document.querySelectorAll('#answers p.bad').length === 1 && byId('compared').textContent === ''")
    assert "news@9" in page.run("document.querySelector('#answers p.bad').textContent")


def test_a_version_is_tried_on_some_of_the_callers_and_the_trial_is_ended(registry: Registry, url: str, browser: Browser) -> None:
    page = opened(browser, url)
    page.run(press("canary news@3"))
    page.wait("byId('ask').open && !byId('trial').hidden")
    page.run("byId('share').value = '25'; document.querySelector('#ask [value=yes]').click()")
    page.wait("byId('feed-news').textContent.includes('canary 25%')")
    route = registry.route("news")
    assert route is not None
    assert (route.canary, route.canary_share) == (3, 0.25)
    assert set(json.loads(route.decide or "{}")["measures"]) == {"errors", "feedback"}
    page.wait("!!document.querySelector('[aria-label=\"trial of news\"]')")
    page.run(press("end canary news@3"))
    page.wait("byId('ask').open && byId('trial').hidden")
    page.run("document.querySelector('#ask [value=yes]').click()")
    page.wait("!document.querySelector('[aria-label=\"trial of news\"]')")


def test_what_a_version_learned_is_a_press_away(url: str, browser: Browser) -> None:
    page = opened(browser, url)
    page.run(press("the 1 event of news@3"))
    page.wait("byId('learned').open")
    assert page.run("byId('of').textContent") == "news@3 learned"
    assert page.run("byId('events').textContent").startswith("event-2, accepted")
    page.run("document.querySelector('#learned button').click()")


def test_feeds_are_sorted_as_asked(registry: Registry, url: str, browser: Browser) -> None:
    registry.note_trouble("sport", Trouble("artifact_damaged", "", time.time(), 1, time.time(), "worker"))
    page = opened(browser, url)
    heads = "[...document.querySelectorAll('#feeds h2')].map(one => one.textContent).join(' ')"
    for how, wanted in (("trouble", "sport arts news"), ("versions", "news sport arts"), ("name", "arts news sport")):
        page.run(f"(box => {{ box.value = '{how}'; box.dispatchEvent(new Event('change')); }})(byId('sort'))")
        page.wait(f"{heads} === '{wanted}'")


def test_a_key_that_may_only_look_has_no_button_that_changes_anything(url: str, browser: Browser) -> None:
    page = opened(browser, url, "key-of-the-wallboard")
    works = page.run("[...document.querySelectorAll('#feeds button')].filter(one => one.act).map(one => one.ariaLabel)")
    assert works
    assert all(label.startswith(("Ask ", "the ")) for label in works)


def test_whatever_changes_something_asks_first_and_no_is_no(registry: Registry, url: str, browser: Browser) -> None:
    page = opened(browser, url)
    changing = "[...document.querySelectorAll('#feeds button')].filter(one => one.act && !/^(Ask|the) /.test(one.ariaLabel))"
    before = registry.route("news")
    labels = page.run(f"{changing}.map(one => one.ariaLabel)")
    for action in ("Pause", "Resume", "Promote", "Roll back", "canary"):
        assert action == "Resume" or any(label.casefold().startswith(action.casefold()) for label in labels), action
    for label in labels:
        page.run(press(label))
        page.wait("byId('ask').open")
        page.run("document.querySelector('#ask [value=no]').click()")
        page.wait("!asking && !byId('ask').open")
    assert registry.route("news") == before
