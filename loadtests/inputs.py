"""How public examples of news and conversations are read: `python loadtests/inputs.py PATH...`.

Takes files, or folders that are searched: JSON (ninjs, vCon, JSON Feed), XML (NewsML-G2, RSS, Atom), captions, and the Gherkin
cases of CloudEvents' conformance suite. Prints a line for each: what was read, or the field that it was refused for. Fails
when something is neither, or when an attribute of a conformance case is not what the case says.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rtadapt.config import IntakeSettings
from rtadapt.errors import RtadaptError
from rtadapt.events.bodies import split
from rtadapt.events.envelope import event_id_of, parse
from rtadapt.events.kafka_reader import structured
from rtadapt.records import Event

TYPES = {
    ".json": "application/json",
    ".vcon": "application/json",
    ".xml": "application/xml",
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
}
_MESSAGE = '"message": "Hello World!"'
_LATER = 4_000_000_000.0
"""Examples are old: what has expired says so, and no embargo lies ahead."""


def results(path: Path) -> Iterator[Event | RtadaptError]:
    """What became of each item in a file."""
    media = TYPES[path.suffix]
    try:
        items = split(path.read_bytes(), {"content-type": media}, IntakeSettings())
    except RtadaptError as error:
        yield error
        return
    for item in items.items:
        try:
            if item.error is not None:
                raise item.error
            yield parse(item.body, content_type=items.media_type, feed="examples", now=_LATER)
        except RtadaptError as error:
            yield error


def cases(path: Path) -> Iterator[tuple[str, dict[str, str], str]]:
    """Each case of a conformance feature: its title, its headers in lower case, its body, with a text that we learn from."""
    for scenario in re.split(r"^ *Scenario(?: Outline)?: ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^ *\| +(application/\S[^|]*?) +\|$", scenario, re.MULTILINE) or [""]
        for kind in kinds:
            text = scenario.replace("<contentType>", kind)
            block = re.split(r'^ *"""$', text, flags=re.MULTILINE)[1]
            head, _, body = block.strip().partition("\n\n") if block.strip().startswith("POST") else ("", "", block)
            pairs = re.findall(r"^ *([\w-]+): (.*)$", head, re.MULTILINE)
            given = text.partition("When parsed")[0].partition("Kafka headers")[2]
            pairs += re.findall(r"^ *\| +([\w-]+) +\| (.*?) +\|$", given, re.MULTILINE)
            headers = {name.lower(): value.strip() for name, value in pairs if name != "key"}
            yield f"{scenario.splitlines()[0]} {kind}", headers, body.replace(_MESSAGE, '"text": "Hello World!"')


def conforms(headers: dict[str, str], body: str) -> bool:
    """Whether a case has the identity, time, source and data that all of the suite's cases have."""
    raw = body.encode()
    if "ce_specversion" in headers:
        raw = structured({name: value.encode() for name, value in headers.items()}, raw)
        headers = {"content-type": "application/cloudevents+json"}
    items = split(raw, headers, IntakeSettings())
    event = parse(items.items[0].body, content_type=items.media_type, headers=headers, feed="examples", now=_LATER)
    wanted = (event_id_of("1234-1234-1234", "/mycontext/subcontext"), "/mycontext/subcontext", 1522900584.0, "Hello World!")
    return (event.id, event.source, event.time, event.text) == wanted


def main() -> None:
    """Read everything that is named, print a line for each, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args()
    sums: Counter[str] = Counter()
    for path in (found for root in options.paths for found in (sorted(root.rglob("*")) if root.is_dir() else [root])):
        if path.suffix == ".feature":
            for title, headers, body in cases(path):
                outcome = "conforms" if conforms(headers, body) else "DIFFERS"
                sums[outcome] += 1
                print(f"{outcome:9} {path.name}: {title}")
        elif path.suffix in TYPES:
            for result in results(path):
                read = isinstance(result, Event)
                outcome = "read" if read else "refused" if result.field else "UNNAMED"
                sums[outcome] += 1
                said = f"{len(result.text):>6} chars {result.text[:60]!r}" if read else f"{result.field}: {result}"
                print(f"{outcome:9} {path.name}: {said}")
    print(dict(sums))
    raise SystemExit(1 if not sums or sums["DIFFERS"] or sums["UNNAMED"] else 0)


if __name__ == "__main__":
    main()
