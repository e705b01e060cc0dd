"""What Locust's callers do: one streamed answer after another, each from the next replica. load.py runs it by a plan.

The plan is a JSON file, named by RTADAPT_LOAD_PLAN: `urls`; `phases`, until when how many call; `roles`, each with the number of
its first caller, its feed and its key; `tokens`; and `answers`, the file that gets a line of JSON for each answer. Moments are
monotonic seconds, which all processes of a machine share.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

import locust.stats
import requests
from locust import LoadTestShape, User, events, task

PLAN = json.loads(Path(os.environ["RTADAPT_LOAD_PLAN"]).read_text(encoding="utf-8"))
PROMPTS = ("Who is the head coach?", "What did the council decide?", "When will the harbour open again?", "Where is my parcel?")
_TIMEOUT_SECONDS = 60.0
_PAUSE_SECONDS = 0.2
_AT_ONCE = 100.0
"""Callers a second that come or go where a phase begins."""

locust.stats.HISTORY_STATS_INTERVAL_SEC = 1  # a point of the plots
_answers = os.open(PLAN["answers"], os.O_WRONLY | os.O_APPEND)
_numbers = itertools.count()


def note(line: dict[str, Any]) -> None:
    """One line for load.py."""
    os.write(_answers, f"{json.dumps(line)}\n".encode())


@events.test_start.add_listener
def begin(**_: Any) -> None:
    """Say when the first phase began."""
    note({"started": time.monotonic()})


class Phases(LoadTestShape):
    """How many call at any moment; the last phase's end is the test's."""

    def tick(self) -> tuple[int, float] | None:
        """Callers now, and how fast they come."""
        now = self.get_run_time()
        return next(((callers, _AT_ONCE) for until, callers in PLAN["phases"] if now < until), None)


class Caller(User):
    """One caller, of the last role whose first one he is or comes after."""

    def on_start(self) -> None:
        """Take a number, and a connection to each replica."""
        self.number = self.turn = next(_numbers)
        self.role = next(role for role in reversed(PLAN["roles"]) if role["first"] <= self.number)
        self.session = requests.Session()
        self.session.trust_env = False
        if self.role["key"]:
            self.session.headers["authorization"] = f"Bearer {self.role['key']}"

    def on_stop(self) -> None:
        """Hang up."""
        self.session.close()

    @task
    def ask(self) -> None:
        """One answer, from its request to its last token."""
        self.turn += 1
        feed = self.role["feed"]
        seen = {"caller": self.number, "feed": feed, "version": "", "models": [], "tokens": [], "status": 0, "problem": ""}
        seen["bytes"] = 0
        seen["began"] = time.monotonic()
        try:
            self._read(seen)
        except (requests.RequestException, ValueError) as error:
            seen["problem"] = type(error).__name__
        seconds = time.monotonic() - seen["began"]
        refused = seen["status"] == 429 and not seen["problem"]
        events.request.fire(
            request_type="POST",
            name=f"{feed}, refused" if refused else feed,
            response_time=seconds * 1000,
            response_length=seen["bytes"],
            exception=RuntimeError(seen["problem"]) if seen["problem"] else None,
            context={},
        )
        self._tell_more(seen)
        note(seen)
        if refused or seen["problem"]:
            time.sleep(_PAUSE_SECONDS)

    def _read(self, seen: dict[str, Any]) -> None:
        url = PLAN["urls"][self.turn % len(PLAN["urls"])]
        messages = [{"role": "user", "content": f"{PROMPTS[self.turn % len(PROMPTS)]} ({self.number})"}]
        body = {"model": seen["feed"], "messages": messages, "max_tokens": PLAN["tokens"], "temperature": 0}
        body |= {"ignore_eos": True, "stream": True}
        path = f"{url}/v1/chat/completions"
        with self.session.post(path, json=body, stream=True, timeout=_TIMEOUT_SECONDS) as answer:
            seen["status"] = answer.status_code
            seen["version"] = answer.headers.get("x-rtadapt-version", "")
            if answer.status_code != 200:
                told_when = answer.status_code == 429 and "retry-after" in answer.headers
                seen["problem"] = "" if told_when else f"status {answer.status_code}"
                return
            seen["problem"] = "cut off"
            for line in answer.iter_lines(chunk_size=None):
                seen["bytes"] += len(line)
                self._read_line(line.decode("utf-8"), seen)

    def _read_line(self, line: str, seen: dict[str, Any]) -> None:
        if line == "data: [DONE]":
            seen["problem"] = ""
        elif line.startswith("data: "):
            piece = json.loads(line.removeprefix("data: "))
            if "error" in piece:
                raise ValueError("an error inside the stream")
            if piece["model"] not in seen["models"]:
                seen["models"].append(piece["model"])
            if any(choice["delta"].get("content") for choice in piece["choices"]):
                seen["tokens"].append(time.monotonic())

    def _tell_more(self, seen: dict[str, Any]) -> None:
        """The time to the first token and the longest pause, as lines of the report that count as no requests in its plots."""
        tokens = seen["tokens"]
        pauses = [after - before for before, after in itertools.pairwise(tokens)]
        of = self.environment.stats
        if tokens:
            of.get(f"{seen['feed']}, to the first token", "").log(int((tokens[0] - seen["began"]) * 1000), 0)
        if pauses:
            of.get(f"{seen['feed']}, longest pause between tokens", "").log(int(max(pauses) * 1000), 0)
