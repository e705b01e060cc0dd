"""RealTimeQA or SQuAD through a running system: what it answers without the passage, once it was pushed.

    python loadtests/closed_book.py --kind realtimeqa --path realtimeqa_public/past --years 2023 2024 --count 100
    python loadtests/closed_book.py --kind squad --path squad_val.json --count 100 --report squad.json
    python loadtests/closed_book.py --kind passages --path passages.json

Pushes passages to one feed, in groups that are pushed together, and asks their questions by generation at temperature 0: before
the first push, as soon as the feed has learned the passage, at the end, with `--rest` so long after it (a worker to which nothing
comes rehearses), and of the base with the passage in the prompt (open book). Right is an answer that holds the value, case,
articles and spellings of numbers and units aside. Only questions are asked whose answer stands in the passage and not in the
question. The data is read from a copy that you have (RealTimeQA:
github.com/realtimeqa/realtimeqa_public, folder `past`; SQuAD: `squad_val.json` of github.com/Continual-Intelligence/SEAL) and is
written nowhere but into `--report`.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import json
import re
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from rtadapt.demo.client import Client
from rtadapt.demo.report import percentile
from rtadapt.errors import Unavailable
from rtadapt.reading.values import holds_value

OPEN_BOOK = "Read this news. {text}\nAnswer in one short sentence: {ask}"
TOGETHER = 16
"""Questions that are asked at once where nothing is timed."""
WHEN = ("before", "after", "end", "rested", "open")


@dataclass(slots=True)
class Asked:
    """One question of a passage and its answers, by when it was asked. `seconds` is from push to answer."""

    ask: str
    answer: str
    answers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def right(self, when: str) -> bool:
        """Whether the answer of that time holds the value."""
        return holds_value(self.answers.get(when, ""), self.answer)


@dataclass(slots=True)
class Passage:
    """A text that is pushed, and what became of its event."""

    text: str
    asked: list[Asked]
    status: str = ""
    turns: list[dict[str, str]] = field(default_factory=list)


def realtimeqa(path: Path, years: Sequence[str]) -> Iterator[Passage]:
    """The items of those years (all without any), each with the evidence that the quiz gives for its answer."""
    for file in sorted(path.rglob("*_qa.jsonl")):
        if years and not file.name.startswith(tuple(years)):
            continue
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row.get("evidence") and row["answer"]:
                answer = plain(row["choices"][int(row["answer"][0])])
                yield Passage(plain(row["evidence"]), [Asked(plain(row["question_sentence"]), answer.strip("“”\"'‘’ "))])


def squad(path: Path) -> Iterator[Passage]:
    """The contexts, each with its questions."""
    for row in json.loads(path.read_text(encoding="utf-8")):
        yield Passage(row["context"], [Asked(question["question"], question["answer"]) for question in row["questions"]])


def labelled(path: Path) -> Iterator[Passage]:
    """Stories and transcripts with `questions`: pairs of a question and the words that its answer must hold."""
    for row in json.loads(path.read_text(encoding="utf-8")):
        turns = row.get("turns", [])
        text = row.get("text") or "\n".join(f"{turn['speaker'].capitalize()}: {turn['text']}" for turn in turns)
        yield Passage(text, [Asked(question, answer) for question, answer in row["questions"]], turns=turns)


def passages_of(options: argparse.Namespace) -> list[Passage]:
    """Those that the options of `add_source` ask for."""
    if options.kind == "passages":  # all of them, and every question, also one that is answered by "not"
        return list(labelled(options.path))
    source = realtimeqa(options.path, options.years) if options.kind == "realtimeqa" else squad(options.path)
    return chosen(source, options.count, options.seed)


def add_source(parser: argparse.ArgumentParser) -> None:
    """The options that say which passages are taken."""
    parser.add_argument("--kind", choices=("realtimeqa", "squad", "passages"), required=True)
    parser.add_argument(
        "--path", type=Path, required=True, help="the folder of *_qa.jsonl files, the SQuAD file, or one of passages"
    )
    parser.add_argument("--years", nargs="*", default=[], help="of RealTimeQA: only these")
    parser.add_argument("--count", type=int, default=100, help="passages")
    parser.add_argument("--seed", type=int, default=1, help="for which passages are taken")
    parser.add_argument("--group", type=int, default=1, help="passages that are pushed together")


def plain(text: str) -> str:
    """Text without markup, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def chosen(passages: Iterator[Passage], count: int, seed: int) -> list[Passage]:
    """`count` passages by chance, each text and question once, with the questions that only the text answers."""
    found: dict[str, Passage] = {}
    seen: set[str] = set()
    for passage in passages:
        fit = [asked for asked in passage.asked if asked.ask not in seen and answered_by_text_alone(passage.text, asked)]
        seen.update(asked.ask for asked in fit)
        if fit and passage.text not in found:
            found[passage.text] = Passage(passage.text, fit, turns=passage.turns)
    return Random(seed).sample(list(found.values()), min(count, len(found)))


def answered_by_text_alone(text: str, asked: Asked) -> bool:
    """Whether the answer stands in the text and not in the question."""
    return holds_value(text, asked.answer) and not holds_value(asked.ask, asked.answer)


class Run:
    """One run against one server and feed."""

    def __init__(self, client: Client, feed: str, base: str, passages: Sequence[Passage]) -> None:
        self.client = client
        self.feed = feed
        self.base = base
        self.passages = passages

    async def ask_all(self, when: str, model: str) -> None:
        """Ask every question of `model`, open-book with its passage."""
        gate = asyncio.Semaphore(TOGETHER)

        async def ask(passage: Passage, asked: Asked) -> None:
            prompt = OPEN_BOOK.format(text=passage.text, ask=asked.ask) if when == "open" else asked.ask
            async with gate:
                asked.answers[when] = (await self.client.ask(model, prompt)).text

        await asyncio.gather(*(ask(passage, asked) for passage in self.passages for asked in passage.asked))
        print(f"{when}: {summed(self.passages, when)}", flush=True)

    async def push_all(self, group: int) -> None:
        """Push `group` passages together, ask about each as soon as it is learned, then go on with the next."""
        for start in range(0, len(self.passages), group):
            await asyncio.gather(*(self.push(passage) for passage in self.passages[start : start + group]))
            done = self.passages[: start + group]
            print(f"  {len(done):4d}/{len(self.passages)}  right afterwards so far: {summed(done, 'after')}", flush=True)

    async def push(self, passage: Passage) -> None:
        """Push one passage and ask about it."""
        began = time.monotonic()
        event = uuid.uuid4().hex
        try:
            said = {"turns": passage.turns} if passage.turns else {"text": passage.text}
            token = await self.client.push({"id": event, "feed": self.feed, **said})
            for asked in passage.asked:
                asked.answers["after"] = (await self.client.ask(self.feed, asked.ask, after=token)).text
                asked.seconds = time.monotonic() - began
            passage.status = str((await self.client.get(f"/v1/events/{event}"))["status"])
        except Unavailable:
            passage.status = "refused, or not learned in time"


def summed(passages: Sequence[Passage], when: str) -> str:
    """How many questions were answered right, as text."""
    marks = [asked.right(when) for passage in passages for asked in passage.asked]
    return f"{sum(marks)} of {len(marks)} ({sum(marks) / len(marks):.1%})"


def report_of(passages: Sequence[Passage]) -> dict[str, object]:
    """Sums and rows for a file."""
    asked = [one for passage in passages for one in passage.asked]
    seconds = [one.seconds for one in asked if one.seconds] or [0.0]
    right = {
        when: sum(one.right(when) for one in asked) / len(asked) for when in WHEN if any(when in one.answers for one in asked)
    }
    return {
        "passages": len(passages),
        "questions": len(asked),
        "right": right,
        "after_of_open": right["after"] / right["open"] if right["open"] else None,
        "end_of_after": right["end"] / right["after"] if right["after"] else None,
        "seconds": {"p50": percentile(seconds, 0.5), "p99": percentile(seconds, 0.99)},
        "events": dict(Counter(passage.status for passage in passages)),
        "rows": [asdict(passage) for passage in passages],
    }


def print_table(report: dict[str, object]) -> None:
    """The sums as text."""
    print(f"\n{'figure':<34}value")
    for name, value in report.items():
        for part, number in value.items() if isinstance(value, dict) else [("", value)]:
            if name != "rows":
                print(f"{f'{name} {part}':<34}{f'{number:.3f}' if isinstance(number, float) else number}")


async def run(options: argparse.Namespace, passages: Sequence[Passage]) -> dict[str, object]:
    """The whole course; gives the report."""
    client = Client(options.url, patience_seconds=options.patience)
    try:
        base = options.base or next(model["id"] for model in (await client.get("/v1/models"))["data"] if not model["parent"])
        await client.make_feed(options.feed)
        course = Run(client, options.feed, base, passages)
        await course.ask_all("open", base)
        await course.ask_all("before", options.feed)
        await course.push_all(options.group)
        await course.ask_all("end", options.feed)
        if options.rest:
            await asyncio.sleep(options.rest)
            await course.ask_all("rested", options.feed)
    finally:
        await client.close()
    return report_of(passages)


def main() -> int:
    """Run; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where `rtadapt up` answers")
    add_source(parser)
    parser.add_argument("--feed", default="yardstick", help="a feed that has learned nothing yet")
    parser.add_argument("--base", help="the base model's name on the server; by default it is asked")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds to wait for one passage to be learned")
    parser.add_argument("--rest", type=float, default=0.0, metavar="SECONDS", help="ask once more so long after the end")
    parser.add_argument("--report", type=Path, help="write sums, questions and answers here as JSON")
    options = parser.parse_args()
    passages = passages_of(options)
    if not passages:
        print(f"nothing to ask was found in {options.path}", file=sys.stderr)
        return 1
    try:
        report = asyncio.run(run(options, passages))
    except Unavailable as error:
        print(f"{options.url} did not answer as it should: {error}; is `rtadapt up` running there?", file=sys.stderr)
        return 1
    print_table(report)
    if options.report:
        options.report.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
