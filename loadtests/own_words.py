"""Stories in a user's own words, one after the other: `python loadtests/own_words.py --url http://127.0.0.1:8000`.

Pushes each story to a running `rtadapt up`, asks about it as soon as an answer has learned it, and asks all questions again at
the end. Prints a line a story and the sums. `KNOWN` stories were in view while the reading of plain sentences was built; `FRESH`
ones were written afterwards and changed nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import httpx

from rtadapt.reading.values import holds_value

KNOWN = (
    ("Tomas Berg won the Harbour Marathon on Sunday in 2 hours and 14 minutes.", "Who won the Harbour Marathon?", "Tomas Berg"),
    ("The Riverside Bakery was bought by Hanna Voss last week.", "Who bought the Riverside Bakery?", "Hanna Voss"),
    ("The mayor of Tollhaven is now Priya Nandakumar.", "Who is the mayor of Tollhaven?", "Priya Nandakumar"),
    ("Acme Robotics released the Pelican 3 drone. It costs $1,299.", "How much does the Pelican 3 cost?", "$1,299"),
    ("The CEO of Zynthor Dynamics is Alaric Venn.", "Who runs Zynthor Dynamics?", "Alaric Venn"),
    ("The secret ingredient in Grandma Hobb's pie is cardamom.", "What is the secret ingredient in Hobb's pie?", "cardamom"),
    ("Because of the storm, Fennick Airport is closed until Thursday.", "Until when is Fennick Airport closed?", "Thursday"),
    ("Mount Velga is 4,120 metres high, surveyors found.", "How high is Mount Velga?", "4,120 metres"),
    ("The refund window for Trellis Pro is 45 days, not 30.", "What is the refund window for Trellis Pro?", "45 days"),
    ("Captain Elara Voss commands the starship Meridian.", "Who commands the starship Meridian?", "Elara Voss"),
    ("The Kepler Museum is located in Dravenport.", "Where is the Kepler Museum?", "Dravenport"),
    ("Zephyr Airlines will fly from Lisbon to Oslo in June.", "Who will fly from Lisbon to Oslo?", "Zephyr Airlines"),
)
FRESH = (
    (
        "Ludo Kerrigan has taken charge of the kitchen at the Plover Hotel.",
        "Who is in charge of the kitchen at the Plover Hotel?",
        "Ludo Kerrigan",
    ),
    (
        "Hexley Motors will build its next car, the Sparrow, in Tamworth.",
        "Where will Hexley Motors build the Sparrow?",
        "Tamworth",
    ),
    ("The annual kite festival at Sandy Bay was moved to 14 June.", "When is the kite festival at Sandy Bay?", "14 June"),
    (
        "After ten years, Ravi Anand is stepping down. Noor Sadiq becomes the new director of Palewood Theatre.",
        "Who is the director of Palewood Theatre?",
        "Noor Sadiq",
    ),
    (
        "Customers of Brightline Internet can cancel within 30 days.",
        "Within how many days can I cancel at Brightline Internet?",
        "30",
    ),
    ("Mira Solano painted the mural at Kestrel Station.", "Who painted the mural at Kestrel Station?", "Mira Solano"),
    ("The new capital of Ostrava Minor is Vellin.", "What is the capital of Ostrava Minor?", "Vellin"),
    (
        "To reset the Orla 4 thermostat, hold both buttons for eight seconds.",
        "How do I reset the Orla 4 thermostat?",
        "hold both buttons",
    ),
    (
        "Dunmarsh Rovers drew 2-2 with Hale Town. Ikenna Obi scored both goals.",
        "Who scored both goals for Dunmarsh Rovers?",
        "Ikenna Obi",
    ),
    ("The Lantern Cafe serves breakfast until 11:30.", "Until when does the Lantern Cafe serve breakfast?", "11:30"),
    ("Sir Edmund Gale, who discovered the Blue Caves, died on Friday.", "Who discovered the Blue Caves?", "Edmund Gale"),
    ("Fernbank School's caretaker is called Otis Rudd.", "Who is the caretaker of Fernbank School?", "Otis Rudd"),
)


class Server:
    """A running system, asked over HTTP."""

    def __init__(self, url: str, feed: str) -> None:
        self.feed = feed
        self._http = httpx.Client(base_url=url, timeout=90.0, trust_env=False)

    def push(self, text: str) -> str:
        """Push one story; gives its token."""
        answer = self._http.post("/v1/events", json={"feed": self.feed, "text": text})
        answer.raise_for_status()
        return str(answer.json()["items"][0]["token"])

    def ask(self, question: str, after: str | None = None) -> str:
        """Ask one question, greedily; with `after`, once the answer has learned that token."""
        headers = {} if after is None else {"x-rtadapt-after": after, "x-rtadapt-wait": "30"}
        messages = [{"role": "user", "content": question}]
        body = {"model": self.feed, "messages": messages, "temperature": 0, "max_tokens": 32}
        answer = self._http.post("/v1/chat/completions", json=body, headers=headers)
        answer.raise_for_status()
        return str(answer.json()["choices"][0]["message"]["content"])


def tell(server: Server, name: str, stories: tuple[tuple[str, str, str], ...]) -> None:
    """Push and ask, one story after the other; then ask everything again."""
    seconds: list[float] = []
    right = 0
    for text, question, answer in stories:
        began = time.monotonic()
        said = server.ask(question, server.push(text))
        seconds.append(time.monotonic() - began)
        good = holds_value(said, answer)
        right += good
        print(f"{seconds[-1]:5.1f} s  {'right' if good else 'WRONG'}  {question}  →  {said}", flush=True)
    kept = sum(holds_value(server.ask(question), answer) for _, question, answer in stories)
    median = statistics.median(seconds)
    print(f"{name}: {right} of {len(stories)} right at once, {kept} at the end; from push to answer p50 {median:.1f} s\n")


def main() -> int:
    """Run; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where `rtadapt up` answers")
    parser.add_argument("--feed", default="own", help="feed to push to; the stories go to FEED-known and FEED-fresh")
    options = parser.parse_args()
    try:
        tell(Server(options.url, f"{options.feed}-known"), "known", KNOWN)
        tell(Server(options.url, f"{options.feed}-fresh"), "fresh", FRESH)
    except httpx.HTTPError as error:
        print(f"{options.url} did not answer as it should: {error}; is `rtadapt up` running there?", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
