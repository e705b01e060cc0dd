"""Which questions reach a feed's adapter, and which the base answers: by words alone, without a model's weights.

    python -m loadtests.scope --kind realtimeqa --path realtimeqa_public/past --years 2023 2024 --count 100 --seed 3
    python -m loadtests.scope --kind squad --path squad_val.json --count 100

Takes passages and their questions as closed_book.py does, as if each had been learned, and prints the share of their own
questions that are found to be about them, and of others that are: of passages that were not learned, and of the general ones that
come with the learner. What is found out of scope is answered word for word as before.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from loadtests import closed_book
from rtadapt.basemodel import find_model
from rtadapt.config import load_settings
from rtadapt.scope import Scope
from rtadapt.training.anchors import general_prompts
from rtadapt.training.rows import Encoder


def main() -> int:
    """Run; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    closed_book.add_source(parser)
    options = parser.parse_args()
    from transformers import AutoTokenizer

    model, revision = find_model(load_settings(), print)
    encoder = Encoder(AutoTokenizer.from_pretrained(model, revision=revision), 512)
    wanted = options.count
    options.count = 2 * wanted
    passages = closed_book.passages_of(options)
    learned, others = passages[:wanted], passages[wanted:]
    scope = Scope(encoder.rarity)
    for passage in learned:
        scope.add(passage.text)
    told = scope.told()

    def share(name: str, questions: Sequence[str]) -> None:
        began = time.perf_counter()
        found = sum(told.speaks_of([ask]) for ask in questions)
        micros = (time.perf_counter() - began) / max(1, len(questions)) * 1e6
        print(f"{name:42s} {found:5d} of {len(questions):5d} ({found / max(1, len(questions)):.1%}), {micros:.0f} µs each")

    share(f"questions about {len(learned)} passages", [one.ask for passage in learned for one in passage.asked])
    share("questions about others", [one.ask for passage in others for one in passage.asked])
    share("general questions and requests", [row.prompt[-1].content for row in general_prompts()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
