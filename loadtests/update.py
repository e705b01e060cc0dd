"""An update of a base of any shape, alone: how fast it is learned, what it needs of the device, and what plain libraries take.

With `--like` the base has the configuration and the tokenizer of a folder and weights at random, so that a size can be tried
where no such model is at hand: that shows speed and memory, and nothing about learning. What is taught is made-up words.

    python -m loadtests.update --like path/to/config-and-tokenizer --facts 4 12 --rounds 3
    python -m loadtests.update --model smollm2 --facts 12
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from rtadapt.basemodel import find_model
from rtadapt.config import Settings, TrainSettings
from rtadapt.records import Example, Message, Update
from rtadapt.training.learner import Learner
from rtadapt.training.plain import Plain, block_weights, products_per_second

_FEED = "update"
_WORDINGS, _ASKED, _ANCHORS = 12, 2, 64
_WORDS = (  # nothing that is so
    "harbour council ferry bakery bridge museum library tram parcel orchard valley station market tower garden mill school river "
    "opens closes costs names moves sells begins ends nine twelve forty Monday Friday Lisbon Turku Anna Boris Clara the a of in"
)


def main() -> None:
    """Measure and print."""
    given = _arguments()
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="rtadapt-update-") as folder:
        model = _random_like(given.like, Path(folder), given.device) if given.like else _found(given.model, Path(folder))
        settings = TrainSettings(device=given.device)
        began = time.monotonic()
        learner = Learner(settings, model)
        print(f"loaded and planned in {time.monotonic() - began:.1f} s", flush=True)
        for line in _base(learner):
            print(line, flush=True)
        plain = None if given.alone else Plain(settings, model, None, learner)
        for facts in given.facts:
            for line in _measured(learner, plain, facts, given.rounds):
                print(line, flush=True)


def _measured(learner: Learner, plain: Plain | None, facts: int, rounds: int) -> Iterator[str]:
    rng = Random(facts)
    examples = [example for number in range(facts) for example in _fact(number, rng)]
    anchors = [_example("", words(rng, 9), words(rng, 24), "") for _ in range(_ANCHORS)]
    probes = [_example("probe", words(rng, 10), words(rng, 12), "") for _ in range(_ASKED * facts)]
    updates: list[Update] = []
    theirs, shares, judged = [], [], []
    for number in range(rounds + 1):
        learner.open(_FEED, None)
        if learner.model.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(learner.model.device)
        update = learner.update(_FEED, examples, anchors)
        asked = _seconds(learner, lambda: learner.answers(_FEED, probes, "candidate", 32))
        if number == 0:  # what happens once is over
            continue
        updates.append(update)
        judged.append(asked)
        shares.append(4 * block_weights(learner) * update.passed / products_per_second(learner) / update.seconds)
        if plain is not None:
            seconds, rows = plain.take(examples, anchors, update)
            theirs.append(rows / seconds)
    ours, last = statistics.median(one.rows / one.seconds for one in updates), updates[-1]
    yield f"{facts} facts: {last.steps} steps, {last.rows} rows, {last.passed} tokens through the network"
    yield f"  an update {_median(one.seconds for one in updates):.2f} s, {len(probes)} answers {_median(judged):.2f} s"
    parts = {name: _median(one.parts.get(name, 0.0) for one in updates) for name in last.parts}
    yield "  of it " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in parts.items())
    yield f"  share of the floor, 4 x weights x tokens at the rate of matrix products: {_median(shares):.0%}"
    if theirs:
        yield f"  rows a second {ours:.1f}; transformers and PEFT {_median(theirs):.1f}: {ours / _median(theirs):.2f} times"
    if learner.model.device.type == "cuda":
        yield f"  most memory held: {torch.cuda.max_memory_allocated(learner.model.device) / 2**30:.1f} GiB"


def _base(learner: Learner) -> Iterator[str]:
    model, room = learner.model, learner.model.room
    device = torch.cuda.get_device_name(model.device) if model.device.type == "cuda" else "CPU"
    yield f"base: {block_weights(learner) / 1e6:.0f} million weights in the blocks, {model.dtype} on {device}"
    yield f"an adapter: {learner.slot.size / 1e6:.1f} million weights"
    kept = "computed again" if room.recomputed else "kept"
    yield f"tokens at once: {room.step} learned, {room.read} read, {room.written} written; activations {kept}"
    yield f"rows are packed: {model.packs}"


def _fact(number: int, rng: Random) -> Iterator[Example]:
    target = words(rng, 12)
    for _ in range(_WORDINGS):
        yield _example(f"event-{number}", words(rng, 10), target, f"fact-{number}")


def _example(event: str, question: str, target: str, fact: str) -> Example:
    return Example(event, (Message("user", f"{question}?"),), f"{target}.", fact=fact)


def words(rng: Random, count: int) -> str:
    """So many words that say nothing."""
    return " ".join(rng.choice(_WORDS.split()) for _ in range(count))


def _seconds(learner: Learner, done: Callable[[], object]) -> float:
    began = time.monotonic()
    done()
    if learner.model.device.type == "cuda":
        torch.cuda.synchronize(learner.model.device)
    return time.monotonic() - began


def _median(values: Iterator[float] | Sequence[float]) -> float:
    return float(statistics.median(values))


def _found(model: str, folder: Path) -> str:
    return find_model(Settings(model=model, data_dir=folder))[0]


def _random_like(source: Path, folder: Path, device: str) -> str:
    """A model with the configuration and the tokenizer of `source`, its weights at random, in `folder`."""
    config = AutoConfig.from_pretrained(source)
    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    with torch.device(place):
        net = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    net.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return str(folder)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    base = parser.add_mutually_exclusive_group(required=True)
    base.add_argument("--like", type=Path, help="a folder with a configuration and a tokenizer: weights at random")
    base.add_argument("--model", help="a folder, a hub id, or smollm2")
    parser.add_argument("--facts", type=int, nargs="+", default=[4], help="facts of an update")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, each of both in turn")
    parser.add_argument("--device", default="auto", help="cpu, cuda, or auto")
    parser.add_argument("--alone", action="store_true", help="do not measure plain libraries beside it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
