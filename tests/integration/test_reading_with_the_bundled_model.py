"""The bundled model reads what users write in their own words, and admission lets it pass."""

from __future__ import annotations

import base64
from pathlib import Path
from random import Random

import pytest

from rtadapt.config import AdmitSettings, RenderSettings, TrainSettings
from rtadapt.curation.admit import Admission, Reason, Refusal
from rtadapt.curation.reading import read
from rtadapt.curation.render import Renderer
from rtadapt.records import Event
from rtadapt.training.learner import Learner
from rtadapt.words import holds
from tests.support.events import story, transcript

MODEL = Path(__file__).parents[2] / "rtadapt" / "bundled" / "model"

pytestmark = pytest.mark.skipif(not (MODEL / "model.safetensors").is_file(), reason="the bundled model is not made yet")

NOTES = [
    ("Petra Holm is the new head gardener at Ottermere Park.", "Petra Holm"),
    ("Good news from Larkhill: Jonas Weald was elected mayor of Larkhill last night.", "Jonas Weald"),
    ("The Vantor 9 kettle now costs $48.", "$48"),
    ("Hi all, Milla Frost takes over as treasurer of the Pinecrest Rowing Club. She starts on Friday.", "Milla Frost"),
    ("Silverbrook Bakery has moved its head office to Eastmoor.", "Eastmoor"),
    ("The Tarrow Falcons play their home games at Copperline Arena from now on.", "Copperline Arena"),
    ("Our mascot at Hazelwick School is called Captain Pickle.", "Captain Pickle"),
    ("Norvane Labs was founded by Edda Quist.", "Edda Quist"),
    ("The warranty on the Bexley 200 is now 36 months.", "36 months"),
    ("After a long search, Fernhill Hospital named Rosa Lindqvist as its chief surgeon.", "Rosa Lindqvist"),
]


@pytest.fixture(scope="module")
def learner() -> Learner:
    return Learner(TrainSettings(device="cpu", threads=1), str(MODEL))


def notes() -> list[Event]:
    return [story(offset, text) for offset, (text, _) in enumerate(NOTES)]


def test_plain_notes_are_read(learner: Learner) -> None:
    found = read(notes(), learner.write, RenderSettings())
    right = [any(holds(one.answer, answer) for one in readings) for readings, (_, answer) in zip(found, NOTES, strict=True)]
    assert sum(right) >= 8, [text for (text, _), good in zip(NOTES, right, strict=True) if not good]


def test_a_transcript_is_read_and_its_bot_is_not_believed(learner: Learner) -> None:
    event = transcript(
        1,
        "customer: My Bexley 200 broke. Is it still covered?",
        "bot: The Bexley 200 has a warranty of 12 months.",
        "customer: Are you sure?",
        "agent: That is out of date. The Bexley 200 has a warranty of 36 months.",
    )
    [one] = Renderer(RenderSettings(), learner.write).render([event])
    assert any(row.target == "36 months" for row in one.examples)
    assert not any("12 months" in row.target for row in (*one.examples, *one.held_out))


def test_admission_lets_plain_notes_pass_and_noise_not(learner: Learner) -> None:
    admission = Admission(AdmitSettings(), learner.losses)
    assert not any(isinstance(admission.check(event), Refusal) for event in notes())
    rng = Random(5)
    noise = [base64.b64encode(rng.randbytes(120)).decode(), rng.randbytes(120).decode("latin-1"), rng.randbytes(90).hex()]
    refusals = [admission.check(story(100 + at, text)) for at, text in enumerate(noise)]
    assert [one.reason for one in refusals if isinstance(one, Refusal)] == [Reason.NOISE] * len(noise)
