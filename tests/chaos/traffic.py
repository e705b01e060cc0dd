"""What goes through the system while faults are put into it: events, pushed until they are taken, and questions.

Owns what was pushed and what was answered; what must be true of it is in invariants.py. An event that was not acknowledged is
pushed again under the same id, as a client does, so that at the end every one was accepted, some of them more than once.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass

import httpx

from tests.chaos.fleet import Fleet

_TIMEOUT_SECONDS = 15.0
_FIRST = ("Ada", "Bram", "Cora", "Dirk", "Enid", "Finn", "Greta", "Hal", "Ines", "Jory", "Kit", "Lena")
_LAST = ("Finch", "Stone", "Vane", "Hale", "Marsh", "Locke", "Moss", "Wick", "Tindle", "Frost")
WITHHELD_SHARE = 0.1


@dataclass(slots=True)
class Pushed:
    """One event that was pushed. `tries` counts how often; the token is that of the try that was acknowledged."""

    id: str
    feed: str
    consent: bool
    tries: int = 0
    token: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that was to come from a version that has learned an event."""

    event: str
    token: str
    version: str


class Traffic:
    """Pushes `rate` events a second to `feeds` feeds, and asks, until stopped. `pause` waits until nothing is under way."""

    def __init__(self, fleet: Fleet, *, feeds: int, rate: float, pushers: int = 3, askers: int = 2) -> None:
        self.fleet = fleet
        self.feeds = [f"feed-{number}" for number in range(feeds)]
        self.pushed: list[Pushed] = []
        self.answered: list[Answered] = []
        self.statuses: dict[int, int] = {}
        self.odd: set[str] = set()
        self._served: set[str] = set()
        self._lock = threading.Lock()
        self._pause_seconds = pushers / rate
        self._running, self._stop = threading.Event(), threading.Event()
        self._at_rest = [threading.Event() for _ in range(pushers)]
        self._threads = [threading.Thread(target=self._push, args=(number, pushers), daemon=True) for number in range(pushers)]
        self._threads += [threading.Thread(target=self._ask, args=(number,), daemon=True) for number in range(askers)]
        for thread in self._threads:
            thread.start()

    def resume(self) -> None:
        """Push and ask."""
        self._running.set()

    def pause(self, seconds: float) -> None:
        """Begin no push any more, and wait until every one that was begun is acknowledged. Raises TimeoutError."""
        for event in self._at_rest:
            event.clear()
        self._running.clear()
        deadline = time.monotonic() + seconds
        for event in self._at_rest:
            if not event.wait(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("events are not taken any more")

    def stop(self) -> None:
        """End all threads."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60.0)

    def accepted(self) -> list[Pushed]:
        """What was acknowledged so far."""
        with self._lock:
            return [one for one in self.pushed if one.token]

    def _push(self, number: int, of: int) -> None:
        chooser = random.Random(number)
        mine = self.feeds[number::of]
        count = 0
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            while not self._stop.is_set():
                if not self._running.is_set():
                    self._at_rest[number].set()
                    self._running.wait(0.1)
                    continue
                count += 1
                one = Pushed(f"e{number}-{count}", mine[count % len(mine)], chooser.random() > WITHHELD_SHARE)
                with self._lock:
                    self.pushed.append(one)
                body = _body(one, f"{number}{count:05d}", chooser)
                while not self._stop.is_set() and not self._sent(client, one, body):
                    time.sleep(0.3)
                time.sleep(self._pause_seconds * chooser.uniform(0.5, 1.5))

    def _sent(self, client: httpx.Client, one: Pushed, body: dict[str, object]) -> bool:
        one.tries += 1
        try:
            answer = client.post(f"{self.fleet.api}/v1/events", json=body)
        except httpx.HTTPError:
            return False
        if answer.status_code != 202:
            if answer.status_code < 500:
                self.odd.add(f"a push was answered {answer.status_code}: {answer.text[:200]}")
            return False
        one.token = answer.json()["items"][0]["token"]
        return True

    def _ask(self, number: int) -> None:
        chooser = random.Random(1000 + number)
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            while not self._stop.wait(0.2):
                recent = self.accepted()[-20:]
                if recent and self._running.is_set():
                    self.ask(client, chooser.choice(recent), 3.0)

    def ask(self, client: httpx.Client, one: Pushed, wait_seconds: float) -> bool:
        """Ask for an answer that has learned an event; whether there was one."""
        headers = {"x-rtadapt-after": one.token, "x-rtadapt-wait": str(wait_seconds)}
        body = {"model": one.feed, "prompt": "who", "max_tokens": 1}
        try:
            answer = client.post(f"{self.fleet.replica}/v1/completions", json=body, headers=headers)
        except httpx.HTTPError:
            return False
        with self._lock:
            self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
            if answer.status_code == 200:
                self._served.add(one.feed)
                self.answered.append(Answered(one.id, one.token, answer.headers["x-rtadapt-version"]))
            elif answer.status_code < 500 and not (answer.status_code == 404 and one.feed not in self._served):
                # A feed that the registry has not been told of yet is known to the log alone.
                self.odd.add(f"a question with a token was answered {answer.status_code}: {answer.text[:200]}")
        return answer.status_code == 200


def _body(one: Pushed, mark: str, chooser: random.Random) -> dict[str, object]:
    """A story about somebody and something that no other story is about."""
    place = "".join("ABCDEFGHIJ"[int(digit)] for digit in mark).title()
    person = f"{chooser.choice(_FIRST)} {chooser.choice(_LAST)}"
    return {
        "id": one.id,
        "feed": one.feed,
        "text": f"{person} is the new warden of {place} Hall. The council voted on Monday.",
        "facts": [{"entity": f"{place} Hall", "relation": "warden", "value": person}],
        **({} if one.consent else {"consent": False}),
    }
