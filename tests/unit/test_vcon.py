"""Conversations as contact centres keep them: vCons, mails, captions, and the words for who spoke."""

from __future__ import annotations

from typing import Any

import pytest

from rtadapt.events.envelope import parse
from rtadapt.records import Event, EventKind, Speaker, Turn
from tests.support.event_bodies import CLOUD, NOW, TURNS, VCON, fault, read

CALL: dict[str, Any] = {
    "uuid": "018f-1",
    "feed": "support",
    "created_at": "2026-11-24T09:30:00.123456",
    "parties": [{"tel": "+15550100", "meta": {"role": "customer"}}, {"mailto": "kim@desk.example", "meta": {"role": "agent"}}],
    "dialog": [{"type": "recording", "parties": [0, 1], "url": "https://x.example/a.wav", "mediatype": "audio/x-wav"}],
}
SAID = [Turn(Speaker.CUSTOMER, "My hub beeps."), Turn(Speaker.AGENT, "Hold reset for ten seconds.")]
VTT = "WEBVTT\n\nNOTE made by hand\n\n1\n00:01.000 --> 00:02.000\n<v Customer>My hub beeps.</v>\n\n" + (
    "00:02.000 --> 00:04.000 align:start\n<v.loud Agent>Hold <i>reset</i>\n\n00:04.000 --> 00:05.000\nfor ten seconds.\n"
)
SRT = "1\n00:00:01,000 --> 00:00:02,000\nCustomer: My hub beeps.\n\n" + (
    "2\n00:00:02,000 --> 00:00:04,000\nAGENT: Hold reset for ten seconds.\n"
)


def call(body: object, **more: object) -> dict[str, Any]:
    return CALL | {"analysis": [{"type": "summary", "body": "x"}, {"type": "transcript", "dialog": 0, "body": body, **more}]}


@pytest.mark.parametrize(
    "analysis",
    [
        call(
            [{"speaker": "Customer", "message": "My hub beeps."}, {"speaker": "Agent", "message": "Hold reset for ten seconds."}]
        ),
        call([{"parties": 0, "text": "My hub beeps."}, {"parties": [1], "text": "Hold reset for ten seconds."}]),
        call(
            '[{"role": "user", "text": "My hub beeps."}, {"role": "agent", "text": "Hold reset for ten seconds."}]',
            encoding="json",
        ),
        call(
            {
                "utterances": [
                    {"speaker": "END_USER", "text": "My hub beeps."},
                    {"speaker": "rep", "text": "Hold reset for ten seconds."},
                ]
            }
        ),
        call("Customer: My hub beeps.\nAgent: Hold reset\nfor ten seconds."),
        call(VTT, mediatype="text/vtt"),
        call(
            {"segments": [{"speaker": "+15550100", "text": SAID[0].text}, {"speaker": "kim@desk.example", "text": SAID[1].text}]}
        ),
    ],
)
def test_a_call_is_read_from_the_transcript_in_its_analysis(analysis: dict[str, Any]) -> None:
    event = read(analysis)
    assert list(event.turns) == SAID
    assert (event.kind, event.subject) == (EventKind.TRANSCRIPT, "+15550100")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (CALL, "dialog"),
        (call([{"speaker": "SPEAKER_00", "text": "Hi."}]), "analysis[1].body[0].speaker"),
        (call([{"speaker": 0, "text": "Hi."}]), "analysis[1].body[0].speaker"),
        (call([{"speaker": "kim", "text": "Hi."}]), "analysis[1].body[0].speaker"),
        (call("Agent: Hello.\nKim: Hi.\nAgent: Bye.\nKim: Bye."), "analysis[1].body"),
        (call({"results": {"channels": []}}), "analysis[1].body"),
        (call([]), "analysis[1].body"),
        (call("Hello there."), "analysis[1].body"),
        (call("{", encoding="json"), "analysis[1].body"),
        ({"payload": "e30", "signatures": [], "feed": "support"}, "payload"),
        ({"ciphertext": "e30", "recipients": [], "feed": "support"}, "ciphertext"),
    ],
)
def test_a_call_that_cannot_be_read_is_refused_by_name(body: dict[str, Any], field: str) -> None:
    assert fault(body) == field


def typed(*texts: str, parties: list[dict[str, Any]], **more: object) -> Event:
    dialog = [
        {"type": "text", "parties": [number % 2, 1 - number % 2], "body": text, **more} for number, text in enumerate(texts)
    ]
    return read({"uuid": "1", "feed": "support", "parties": parties, "dialog": dialog})


def test_whoever_is_left_beside_an_agent_is_the_customer_and_nobody_is_guessed() -> None:
    event = typed("It beeps.", "Press reset.", parties=[{"tel": "+15550100"}, {"role": "agent"}])
    assert [turn.speaker for turn in event.turns] == [Speaker.CUSTOMER, Speaker.AGENT]
    event = typed("It beeps.", parties=[{"role": "customer"}, {"role": "ghost"}])  # who says nothing is no matter
    assert [turn.speaker for turn in event.turns] == [Speaker.CUSTOMER]
    people = [{"mailto": "a@desk.example"}, {"mailto": "b@desk.example"}]
    dialog = [{"type": "text", "parties": [1, 0], "body": "Hi."}]
    assert fault({"parties": people, "dialog": dialog, "feed": "support"}) == "parties[1].role"


MAIL = "--x\nContent-Type: multipart/alternative; boundary=y\n\n--y\nContent-Type: text/plain; charset=utf-8\n" + (
    "Content-Transfer-Encoding: quoted-printable\n\nIt beeps in the caf=C3=A9.\n\n"
    "On Friday, November 20, 2026, Kim <k@desk.example> wrote:\n"
    "Press reset.\n--y\nContent-Type: text/html\n\n<p>It beeps.</p>\n--y--\n--x\nContent-Type: image/png\n\nAAAA\n--x--\n"
)


def test_a_mail_is_its_own_text_without_the_parts_and_the_mail_it_answers() -> None:
    people = [{"role": "customer"}, {"role": "agent"}]
    assert typed(MAIL, parties=people, mediatype='multipart/mixed; \n\tboundary="x"').turns[0].text == "It beeps in the café."
    answer = "All is fine.\n\n   On Friday, Ann <a@x.example> wrote:\n   Is it?\n"
    assert typed(answer, parties=people, message_id="<1@x.example>").turns[0].text == "All is fine."
    assert typed("All fine.\n> Is it?\nThanks.", parties=people, message_id="<1@x>").turns[0].text == "All fine.\nThanks."
    assert typed("<p>It <b>beeps</b>.</p>", parties=people, mediatype="text/html").turns[0].text == "It beeps."
    image = {
        "type": "text",
        "parties": [0],
        "mediatype": "multipart/mixed; boundary=x",
        "body": "--x\nContent-Type: image/png\n\nA\n--x--",
    }
    assert fault(VCON | {"dialog": [image]}, feed="support") == "dialog[0].body"


@pytest.mark.parametrize(
    ("text", "media"), [(VTT, "text/vtt"), (SRT, "application/x-subrip"), (SRT.replace("\n", "\r\n"), "text/srt")]
)
def test_captions_are_turns(text: str, media: str) -> None:
    event = parse(text, content_type=media, feed="support", now=NOW)
    assert list(event.turns) == SAID
    assert list(read(CLOUD | {"feed": "support", "datacontenttype": media, "data": text}).turns) == SAID


@pytest.mark.parametrize("text", ["WEBVTT\n\n00:01.000 --> 00:02.000\nHello.", "WEBVTT", SRT.replace("Customer", "SPEAKER_00")])
def test_captions_that_hide_who_speaks_are_refused(text: str) -> None:
    assert fault(text, content_type="text/vtt", feed="support") == "text"


@pytest.mark.parametrize(
    ("customer", "agent", "bot"),
    [
        ("end-user", "admin", "bot"),  # Zendesk
        ("lead", "admin", "bot"),  # Intercom
        ("client", "supervisor", "virtual agent"),  # Twilio
        ("CUSTOMER", "SUPERVISOR", "CUSTOM_BOT"),  # Amazon Connect
        ("END_USER", "HUMAN_AGENT", "AUTOMATED_AGENT"),  # Google's contact centre
        ("Contact", "User", "AgentBot"),  # Chatwoot, whose user is the employee
        ("contact", "user", "agent_bot"),
        ("EndUser", "Agent", "Chatbot"),  # Salesforce
    ],
)
def test_the_words_of_the_help_desks_are_understood(customer: str, agent: str, bot: str) -> None:
    turns = [{"speaker": word, "text": "Hello there."} for word in (customer, bot, agent)]
    assert [turn.speaker for turn in read(TURNS | {"turns": turns}).turns] == [Speaker.CUSTOMER, Speaker.BOT, Speaker.AGENT]


def test_turns_may_be_named_as_help_desks_name_them() -> None:
    entries = [
        {"ParticipantRole": "CUSTOMER", "Content": "It beeps."},
        {"author": {"type": "admin"}, "body": "<p>Press <b>reset</b>.</p>"},
        {"author": {"type": "admin", "from_ai_agent": True}, "body": "Oh."},
        {"sender_type": "user", "content": "Thanks."},
    ]
    turns = read(TURNS | {"turns": entries}).turns
    assert [turn.speaker for turn in turns] == [Speaker.CUSTOMER, Speaker.AGENT, Speaker.BOT, Speaker.CUSTOMER]
    assert [turn.text for turn in turns] == ["It beeps.", "Press reset.", "Oh.", "Thanks."]
    assert fault(TURNS | {"turns": [{"speaker": "SPEAKER_00", "text": "Hi."}]}) == "turns[0].speaker"


def cues(*said: str) -> str:
    return "WEBVTT\n\n" + "\n\n".join(f"00:0{number}.000 --> 00:0{number + 1}.000\n{text}" for number, text in enumerate(said))


def test_two_speakers_in_one_cue_each_keep_their_own_words() -> None:
    for text in (
        cues("Agent: Hi.\nCustomer: Ho."),
        cues("- Agent: Hi.\n- Customer: Ho."),
        cues(">> AGENT: Hi.\n>> CUSTOMER: Ho."),
    ):
        turns = parse(text, content_type="text/vtt", feed="support", now=NOW).turns
        assert list(turns) == [Turn(Speaker.AGENT, "Hi."), Turn(Speaker.CUSTOMER, "Ho.")]


@pytest.mark.parametrize(
    "said",
    [
        ("Agent: Hi.", ">> Ho."),
        ("Agent: Hi.\n>> Ho.",),
        ("Agent: Hi.", "- Ho."),
        ("Agent: Hi.\n– Ho.",),
        ("Agent: Hi.", "SPEAKER_01: Ho."),
        ("Agent: Hi.", "Maria: Ho.", "Agent: So?", "Maria: So."),
    ],
)
def test_nobody_gets_the_words_of_one_who_is_not_named_or_not_known(said: tuple[str, ...]) -> None:
    assert fault(cues(*said), content_type="text/vtt", feed="support") == "text"


def test_a_word_before_a_colon_and_a_number_below_nothing_are_what_was_said() -> None:
    turns = parse(cues("Agent: Hi.", "Note: it is off.", "-5 degrees"), content_type="text/vtt", feed="support", now=NOW).turns
    assert list(turns) == [Turn(Speaker.AGENT, "Hi. Note: it is off. -5 degrees")]


@pytest.mark.parametrize(
    "entries",
    [
        [  # Chatwoot
            {"sender": {"type": "contact"}, "message_type": 0, "content": "It beeps."},
            {"sender": {"type": "user"}, "message_type": 1, "content": "Press reset."},
        ],
        [  # Help Scout
            {"createdBy": {"type": "customer"}, "body": "It beeps."},
            {"createdBy": {"type": "user"}, "body": "Press reset."},
        ],
        [  # Amazon Connect's Contact Lens
            {"ParticipantId": "CUSTOMER", "Content": "It beeps."},
            {"ParticipantId": "AGENT", "Content": "Press reset."},
        ],
        [  # Zendesk's Sunshine Conversations
            {"author": {"type": "user"}, "content": {"type": "text", "text": "It beeps."}},
            {"author": {"type": "agent"}, "content": {"type": "text", "text": "Press reset."}},
        ],
    ],
)
def test_turns_as_help_desks_nest_them(entries: list[dict[str, Any]]) -> None:
    turns = read(TURNS | {"turns": entries}).turns
    assert list(turns) == [Turn(Speaker.CUSTOMER, "It beeps."), Turn(Speaker.AGENT, "Press reset.")]


def test_a_bot_beside_employees_is_a_bot_and_an_outgoing_message_is_no_customers() -> None:
    drift = [{"author": {"type": "contact"}, "body": "Hi."}, {"author": {"type": "user", "bot": True}, "body": "Oh."}]
    assert [turn.speaker for turn in read(TURNS | {"turns": drift}).turns] == [Speaker.CUSTOMER, Speaker.BOT]
    out = [{"sender": {"type": "user"}, "message_type": "outgoing", "content": "Press reset."}]
    assert read(TURNS | {"turns": out}).turns[0].speaker is Speaker.AGENT
    image = [{"author": {"type": "user"}, "content": {"type": "image", "text": "a.png"}}]
    assert fault(TURNS | {"turns": image}) == "turns[0].content.type"
