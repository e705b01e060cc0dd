"""Measures a bundled model, greedily: `python -m rtadapt.bundled.evaluate DIR`.

Owns the exams: facts of the world in trained, held-out and held-out-form wordings; answers from unseen passages; and
questions written about unseen stories, transcripts, plain notes and free texts. Takes a model folder, prints shares from
0 to 1.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rtadapt.bundled.exam_texts import FREE_TEXTS
from rtadapt.bundled.stories import Text, story, transcript
from rtadapt.bundled.wordings import ask, held_out, held_out_form, normalise
from rtadapt.bundled.world import Fact, make_world
from rtadapt.curation.prompts import ask_about, parse_pairs, write_questions

NOTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Marla Tindle is the new head baker at Corvin Mill. She starts on Monday.", ("Marla Tindle", "Monday")),
    ("Our school has a new bus driver. Her name is Paula Mint.", ("Paula Mint",)),
    ("The Hollow Inn in Trebury will be run by Osk Vandermeer from now on.", ("Osk Vandermeer",)),
    ("Good news from Pellworth: the town library opens on 3 May.", ("3 May",)),
    ("Zed Okoro has been made harbour pilot of Quayle Harbour.", ("Zed Okoro",)),
    ("Brindle Bakery's best loaf is the walnut rye.", ("walnut rye",)),
    ("The Lumo 7 lamp now costs $35.", ("$35",)),
    ("Kelby United lost their coach. Ana Strand takes over.", ("Ana Strand",)),
    ("Ferdi Kwan is now in charge of quality at Nordell Glass.", ("Ferdi Kwan",)),
    ("The mascot of Tarn Valley School is an otter called Biscuit.", ("Biscuit",)),
    ("From next week the ferry to Skarholm leaves at 7:45 from pier 3.", ("7:45",)),
    ("Ilsa Brandt won the Corby Prize for her novel The Glass Tide.", ("Ilsa Brandt",)),
    ("Dunmore Cycles has moved to Ashby.", ("Ashby",)),
    ("The password hint for the garden gate is blue kettle.", ("blue kettle",)),
)
"""Notes in a user's own plain words, with answers that a written pair should give. The corpus was widened with them in view."""

FRESH_NOTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Lindqvist Dental has hired a new receptionist, Tomas Arrol.", ("Tomas Arrol",)),
    ("Wren Hollow's community orchard will be looked after by Jessamy Pike.", ("Jessamy Pike",)),
    ("The Otterbury Half Marathon was won by Calum Dray. The race starts in front of the old mill.", ("Calum Dray",)),
    ("Because of the storm, Fennick Airport is closed until Thursday.", ("Thursday",)),
    ("Our new office dog is called Pancake.", ("Pancake",)),
    ("Rosalind Achebe chairs the parents' council at Mossgrove Primary.", ("Rosalind Achebe",)),
    ("Parcels to Bramley now take three working days.", ("three working days",)),
    ("The wifi password at Cafe Tolliver is purple-giraffe.", ("purple-giraffe",)),
    ("Harrow & Finch bought the Keeling shipyard for $12 million.", ("Harrow & Finch",)),
    ("To restart the Nova X1 coffee machine, hold the steam button for ten seconds.", ("hold the steam button for ten seconds",)),
    ("Sable Creek Brewery's winter beer is called Frostbite.", ("Frostbite",)),
    ("Imre Kallas scored the winning goal for Dunholm Rangers.", ("Imre Kallas",)),
    ("The Saturday market in Aldwick moves to Chapel Square.", ("Chapel Square",)),
    ("Dr. Yuki Tan replaces Dr. Omar Bell as head of surgery at Northgate Hospital.", ("Yuki Tan",)),
    ("Penrose Library lends up to twelve books at a time.", ("twelve",)),
    ("Next year's choir tour goes to Valmara.", ("Valmara",)),
)
"""Notes that nobody looked at while the corpus was made."""


@dataclass(slots=True)
class Model:
    """A model and its tokenizer, asked greedily in batches."""

    model: Any
    tokenizer: Any

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Load in fp32 from a folder."""
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        return cls(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), tokenizer)

    @torch.inference_mode()
    def answer(self, prompts: list[str], tokens: int = 24, batch: int = 64) -> list[str]:
        """What the model answers to each user turn."""
        answers: list[str] = []
        for start in range(0, len(prompts), batch):
            texts = [
                self.tokenizer.apply_chat_template(
                    [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
                )
                for prompt in prompts[start : start + batch]
            ]
            inputs = self.tokenizer(
                texts, return_tensors="pt", padding=True, add_special_tokens=False, return_token_type_ids=False
            )
            made = self.model.generate(**inputs, max_new_tokens=tokens, do_sample=False)
            answers += self.tokenizer.batch_decode(made[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        return [answer.strip() for answer in answers]


def correct(said: str, answer: str) -> bool:
    """Exact after normalising, or the answer contained."""
    return normalise(answer) in normalise(said)


def share(hits: list[bool]) -> float:
    """Share of true ones."""
    return sum(hits) / max(1, len(hits))


def world_exam(model: Model, facts: list[Fact], rng: Random) -> dict[str, float]:
    """Recall of the world in three groups of wordings."""
    core = [fact for fact in facts if not fact.relation.key.startswith("open:")]
    opened = [fact for fact in facts if fact.relation.key.startswith("open:")]
    groups = {
        "trained": [(ask(rng, fact.relation, fact.entity), fact.value) for fact in facts],
        "held-out wording": [(wording, fact.value) for fact in core for wording in held_out(fact.relation, fact.entity)],
        "held-out wording, open": [(wording, fact.value) for fact in opened for wording in held_out(fact.relation, fact.entity)],
        "held-out form": [(held_out_form(fact.relation, fact.entity), fact.value) for fact in facts],
    }
    scores = {}
    for name, asked in groups.items():
        said = model.answer([question for question, _ in asked])
        scores[name] = share([correct(one, answer) for one, (_, answer) in zip(said, asked, strict=True)])
    return scores


def writing_exam(model: Model, texts: list[Text]) -> dict[str, float]:
    """Share of facts with a right pair, and share of written answers that stand in the text."""
    written = [parse_pairs(said) for said in model.answer([write_questions(text.body) for text in texts], 160)]
    covered, grounded = [], []
    for text, pairs in zip(texts, written, strict=True):
        covered += [
            any(_named(asked.asked + asked.written, question) and answer == asked.answer for question, answer in pairs)
            for asked in text.asked
        ]
        grounded += [answer in text.body for _, answer in pairs]
    return {"facts covered": share(covered), "answers in the text": share(grounded)}


def free_exam(model: Model, show: bool) -> dict[str, float]:
    """Share of what free texts say that was written as an answer at all, and under a question that asks for it."""
    written = [parse_pairs(said) for said in model.answer([write_questions(text) for text, _ in FREE_TEXTS], 128)]
    answered, asked = [], []
    for (text, wanted), pairs in zip(FREE_TEXTS, written, strict=True):
        answered += [any(correct(said, answer) for _, said in pairs) for _, answer in wanted]
        asked += [_asked_right(words, answer, pairs) for words, answer in wanted]
        if show:
            _say(f"  {text} {pairs}")
    return {"right answer written": share(answered), "right question too": share(asked)}


def _asked_right(words: str, answer: str, pairs: list[tuple[str, str]]) -> bool:
    """Whether the first question that holds all the words has the answer."""
    wanted = set(normalise(words).split())
    said = next((said for question, said in pairs if wanted <= set(normalise(question).split())), "")
    return correct(said, answer)


def _named(reference: str, question: str) -> bool:
    """Whether a question speaks of the same names as the reference."""
    names = [word for word in question.split()[1:] if word[:1].isupper()]
    return bool(names) and all(word.strip("?.,:'")[:4] in reference for word in names)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def exam(folder: Path, size: int, show: bool) -> None:
    """Print everything about one model."""
    model, rng, world = Model.load(folder), Random(4242), make_world()
    facts = rng.sample(world.facts, size)
    for name, value in world_exam(model, facts, rng).items():
        _say(f"world, {name}: {value:.3f}")
    texts = [story(rng, None) for _ in range(size)]
    said = model.answer([ask_about(text.body, text.asked[0].asked) for text in texts])
    _say(f"passages: {share([correct(one, text.asked[0].answer) for one, text in zip(said, texts, strict=True)]):.3f}")
    for name, group in (("stories", texts), ("transcripts", [transcript(rng, None) for _ in range(size)])):
        for measure, value in writing_exam(model, group).items():
            _say(f"{name}, {measure}: {value:.3f}")
    for name, notes in (("plain notes", NOTES), ("fresh notes", FRESH_NOTES)):
        written = [parse_pairs(said) for said in model.answer([write_questions(note) for note, _ in notes], 96)]
        hits = [
            any(correct(said, value) for _, said in pairs)
            for (_, values), pairs in zip(notes, written, strict=True)
            for value in values
        ]
        _say(f"{name}: {share(hits):.3f}")
        for (note, _), pairs in zip(notes if show else (), written, strict=False):
            _say(f"  {note} {pairs}")
    for measure, value in free_exam(model, show).items():
        _say(f"free texts, {measure}: {value:.3f}")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    exam(options.folder, options.size, options.show)


if __name__ == "__main__":
    main()
