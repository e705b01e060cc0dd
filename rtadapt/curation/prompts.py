"""The words in which a base model is asked to read, and the shape of what it writes back.

Owns the two prompts that any instruction-following model gets: one asks for questions with short answers about
a text, the other asks one question about a text. Takes and gives plain strings; knows no model and no tokenizer.
"""

from __future__ import annotations

import re

_WRITE = "Read the text. Write questions that it answers, each with a short answer copied from the text.\n\nText:\n{text}"
_ASK = "Answer from the text, in its own words.\n\nText:\n{text}\n\nQuestion: {question}"
_PAIR = re.compile(r"^Q:[ \t]*(?P<question>[^\n]+)\nA:[ \t]*(?P<answer>[^\n]+)$", re.MULTILINE)


def write_questions(text: str) -> str:
    """The user turn that asks a model to write question and answer pairs about `text`."""
    return _WRITE.format(text=text.strip())


def ask_about(text: str, question: str) -> str:
    """The user turn that asks a model to answer `question` from `text`."""
    return _ASK.format(text=text.strip(), question=question.strip())


def format_pairs(pairs: list[tuple[str, str]]) -> str:
    """Question and answer pairs in the form that `parse_pairs` reads."""
    return "\n".join(f"Q: {question}\nA: {answer}" for question, answer in pairs)


def parse_pairs(written: str) -> list[tuple[str, str]]:
    """The complete (question, answer) pairs in what a model wrote, in order, without repeats.

    A last pair that was cut off, and any line that is neither question nor answer, is left out.
    """
    found = ((match["question"].strip(), match["answer"].strip()) for match in _PAIR.finditer(written))
    return list(dict.fromkeys(pair for pair in found if pair[0] and pair[1]))
