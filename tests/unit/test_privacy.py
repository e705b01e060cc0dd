from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from rtadapt.personal.privacy import Policy, is_private, pseudonym, redact, redact_event, without_placeholders
from rtadapt.records import Event, Fact, Pair
from tests.support.events import story, transcript

DATA = Path(__file__).resolve().parents[1] / "data"
PERSONAL = json.loads((DATA / "personal.json").read_text(encoding="utf-8"))
LOOK_ALIKES = json.loads((DATA / "look_alikes.json").read_text(encoding="utf-8"))
KEY = b"k" * 32


def cleaned(event: Event, policy: Policy = Policy.MASK) -> Event:
    clean = redact_event(event, policy, KEY)
    assert clean is not None
    return clean


@pytest.mark.parametrize("case", PERSONAL, ids=[case["hidden"] for case in PERSONAL])
def test_personal_data_is_found_however_it_is_written(case: dict[str, str]) -> None:
    left = redact(case["text"])
    assert case["hidden"] not in left
    assert is_private(case["text"])
    assert redact(left) == left


def test_hardly_anything_that_only_looks_like_it_is_taken() -> None:
    taken = [text for text in LOOK_ALIKES if redact(text) != text]
    assert len(LOOK_ALIKES) >= 60
    assert len(taken) <= 2, taken


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to jane.doe+news@mail.example.org today.", "Write to [e-mail] today."),
        ("Call +49 30 901820 or +1 (415) 555-0132.", "Call [phone] or [phone]."),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [account] please"),
        ("My password is hunter2!, card 4111 1111 1111 1111.", "My password is [secret], card [card]."),
        ("I live at 14 Elm Street, Springfield, IL 62704. It rains.", "I live at [address]. It rains."),
        ("DOB 03/05/1984, SSN 219-09-9999", "DOB [birth date], SSN [id number]"),
        ("Mrs. Dora Finch has breast cancer.", "Mrs. [name] has [health]."),
        ("Order 77120, phone 415-555-0132, order 4155550132.", "Order 77120, phone [phone], order 4155550132."),
    ],
)
def test_only_what_is_private_is_replaced(text: str, left: str) -> None:
    assert redact(text) == left


def test_a_person_with_a_public_role_may_be_ill_in_the_news() -> None:
    assert redact("Dora Finch has breast cancer.") == "[name] has [health]."
    news = "Dora Finch has breast cancer. The minister will be away until May."
    assert redact(news.replace("The minister", "Minister Finch")).startswith("Dora Finch has breast cancer.")


def test_a_name_in_a_story_is_news_and_a_customers_own_is_private() -> None:
    assert redact("Ana Strand, of Ashby, won the race on Monday.") == "Ana Strand, of Ashby, won the race on Monday."
    clean = cleaned(
        transcript(
            1,
            "customer: Hi, this is Dora Finch. My Lumo 7 shows E42.",
            "agent: Hello Mrs Finch, press the red button. Ana Strand will call you.",
            "customer: Thanks. It's Dora, by the way.",
        )
    )
    assert clean.turns[0].text == "Hi, this is [name]. My Lumo 7 shows E42."
    assert clean.turns[1].text == "Hello Mrs [name], press the red button. Ana Strand will call you."
    assert clean.turns[2].text == "Thanks. It's [name], by the way."


def test_what_an_agent_asks_for_tells_what_the_customer_gives() -> None:
    clean = cleaned(
        transcript(1, "agent: What is your date of birth?", "customer: 3 May 1984", "agent: And the order?", "customer: 77120")
    )
    assert [turn.text for turn in clean.turns] == ["What is your date of birth?", "[birth date]", "And the order?", "77120"]
    assert clean.text.splitlines() == [
        "Agent: What is your date of birth?",
        "Customer: [birth date]",
        "Agent: And the order?",
        "Customer: 77120",
    ]


def test_headline_text_and_turns_are_cleaned_alike() -> None:
    clean = cleaned(story(1, "Write to desk@news.example.", headline="Card 4111 1111 1111 1111 found"))
    assert (clean.headline, clean.text) == ("Card [card] found", "Write to [e-mail].")
    clean = cleaned(transcript(1, "customer: My card is 4111 1111 1111 1111.\nIt is blue.", "agent: Please switch it off."))
    assert [turn.text for turn in clean.turns] == ["My card is [card].\nIt is blue.", "Please switch it off."]
    assert "4111" not in clean.text


def test_an_event_without_personal_data_is_given_back_as_it_is() -> None:
    event = story(1, "The Lumo 7 costs $35.", facts=(Fact("Lumo 7", "price", "$35"),))
    for policy in Policy:
        assert redact_event(event, policy, KEY) is event


def test_facts_and_pairs_with_personal_data_are_dropped_whole() -> None:
    event = story(
        1,
        "Write to desk@news.example.",
        facts=(Fact("desk", "e-mail", "desk@news.example"), Fact("desk", "head", "Ana Strand")),
        pairs=(Pair("Whom do I call?", "+49 30 901820 11"),),
    )
    clean = cleaned(event)
    assert clean.facts == (Fact("desk", "head", "Ana Strand"),)
    assert clean.pairs == ()
    patient = story(1, "Mrs. Dora Finch has breast cancer.", pairs=(Pair("Who is ill?", "Dora Finch"),))
    assert cleaned(patient).pairs == ()


def test_an_event_with_personal_data_is_dropped_where_the_policy_says_so() -> None:
    assert redact_event(story(1, "Write to desk@news.example."), Policy.DROP, KEY) is None
    assert redact_event(story(1, "Plain.", facts=(Fact("desk", "e-mail", "desk@news.example"),)), Policy.DROP, KEY) is None


def test_pseudonyms_are_the_same_for_the_same_value_and_key() -> None:
    event = transcript(1, "customer: This is Dora Finch, dora@finch.example.", "agent: Mrs Finch, is it DORA@finch.example?")
    clean = cleaned(event, Policy.PSEUDONYMISE)
    assert clean == cleaned(event, Policy.PSEUDONYMISE)
    given, family = pseudonym("name", "Dora Finch", KEY).split()
    assert clean.turns[0].text.startswith(f"This is {given} {family}, [e-mail ")
    assert clean.turns[1].text.startswith(f"Mrs {family}, is it [e-mail ")
    assert clean.turns[0].text[-18:-1] == clean.turns[1].text[-18:-1] == pseudonym("e-mail", "dora@finch.example", KEY)
    assert pseudonym("name", "Dora Finch", b"another key") != f"{given} {family}"
    assert "finch" not in clean.text.casefold()


def test_placeholders_count_as_private_and_as_no_text() -> None:
    for policy in (Policy.MASK, Policy.PSEUDONYMISE):
        left = redact("+49 30 901820 11", policy, KEY)
        assert is_private(left)
        assert without_placeholders(left).strip() == ""


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    from rtadapt.personal import recognisers

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    recognisers._analyser.cache_clear()
    recognisers.find.cache_clear()
    assert redact("Mail dora@finch.example or http://finch.example, card 4111 1111 1111 1111.").count("[") == 2
    assert redact("Customer: This is Dora Finch.") == "Customer: This is [name]."
