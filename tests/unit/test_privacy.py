from __future__ import annotations

import pytest

from rtadapt.curation.privacy import is_private, redact, redact_event
from rtadapt.records import Fact, Pair
from tests.support.events import story, transcript


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to jane.doe+news@mail.example.org today.", "Write to [e-mail] today."),
        ("Call +49 30 901820 or +1 (415) 555-0132.", "Call [phone] or [phone]."),
        ("Ring 415-555-0132 now.", "Ring [phone] now."),
        ("Her number: (030) 1234 5678.", "Her number: [phone]."),
        ("My phone number is 7700 900123, thanks.", "My phone number is [phone], thanks."),
        ("Tel. 0171 2345678", "Tel. [phone]"),
        ("Dial 020 7946 0958.", "Dial [phone]."),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [account] please"),
        ("IBAN GB29NWBK60161331926819.", "IBAN [account]."),
        ("Card 4111 1111 1111 1111, exp 12/29", "Card [card], exp 12/29"),
        ("Card 5500-0055-5555-5559.", "Card [card]."),
        ("SSN 219-09-9999.", "SSN [id number]."),
    ],
)
def test_personal_data_of_known_shapes_is_replaced(text: str, left: str) -> None:
    assert redact(text) == left
    assert is_private(text)
    assert redact(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "The population rose from 1,234,567 to 1 300 000 in 2024.",
        "Error E42 on the Brix 3 at 10:45 on 2026-11-24.",
        "ISBN 978-3-16-148410-0 costs $35.99 (was 40.50).",
        "Order 4111 1111 1111 1112 was not a card.",
        "Kelby won 3-2, 6-4 and 7-5 in front of 12000 people.",
        "Version 3.11.7 of 24.11.2026 serves 10.0.0.1 on port 8000.",
        "Flight LH 4530 leaves on 3 May 2027 from gate 12.",
        "Call 112 in an emergency.",
        "It grew by 0.5 to 12.75 per cent.",
        "The vote was 219 to 900, with 12 away.",
        "user at example dot org",
        "Reference AB12 3456 7890 1234 567 is no account.",
    ],
)
def test_figures_that_are_nobodys_stay(text: str) -> None:
    assert redact(text) == text


def test_an_event_without_personal_data_is_given_back_as_it_is() -> None:
    event = story(1, "The Lumo 7 costs $35.")
    assert redact_event(event) is event


def test_facts_and_pairs_with_personal_data_are_dropped_whole() -> None:
    event = story(
        1,
        "Write to desk@news.example.",
        facts=(Fact("desk", "e-mail", "desk@news.example"), Fact("desk", "head", "Ana Strand")),
        pairs=(Pair("Whom do I call?", "+49 30 901820 11"),),
    )
    clean = redact_event(event)
    assert clean.text == "Write to [e-mail]."
    assert clean.facts == (Fact("desk", "head", "Ana Strand"),)
    assert clean.pairs == ()


def test_turns_are_redacted_like_the_text() -> None:
    event = transcript(1, "customer: My card is 4111 1111 1111 1111.", "agent: Please switch it off.")
    clean = redact_event(event)
    assert clean.turns[0].text == "My card is [card]."
    assert "4111" not in clean.text
