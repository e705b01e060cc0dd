"""Transcripts: speaker turns in our plain form, and vCon conversations of typed text.

Owns the one reading of who spoke, because a bot's words are context and never a target: a speaker that can't be told
is an error, not a guess. Takes a JSON object; gives a Draft, or raises InvalidEvent naming the turn at fault.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rtadapt.config import IntakeSettings
from rtadapt.events.draft import MAX_HEADLINE_CHARS, MAX_NAME_CHARS, Draft, common, derived_id, facts_of, pairs_of
from rtadapt.events.fields import Fields, clean
from rtadapt.records import Kind, Speaker, Turn

_WORDS: dict[Speaker, tuple[str, ...]] = {
    Speaker.CUSTOMER: (
        *("customer", "user", "caller", "client", "consumer", "contact", "member", "subscriber", "buyer", "visitor", "guest"),
        "end user",
    ),
    Speaker.AGENT: (
        *(
            "agent",
            "operator",
            "rep",
            "representative",
            "support",
            "staff",
            "advisor",
            "adviser",
            "specialist",
            "employee",
            "csr",
        ),
        *("support agent", "human agent", "live agent"),
    ),
    Speaker.BOT: (
        *("bot", "assistant", "ai", "chatbot", "virtual", "voicebot", "ivr", "machine", "model", "system"),
        *("ai agent", "ai assistant", "virtual agent", "virtual assistant"),
    ),
}
_SPEAKERS = {word: speaker for speaker, words in _WORDS.items() for word in words}
_MAX_PARTIES = 50


def speaker_of(fields: Fields, name: str) -> Speaker:
    """Who the role word in the field means. Raises InvalidEvent when it is missing or unknown."""
    word = fields.text(name, MAX_NAME_CHARS, required=True)
    speaker = _SPEAKERS.get(" ".join(word.lower().replace("_", " ").replace("-", " ").split()))
    if speaker is None:
        raise fields.fault(name, "is no known role: say customer, agent or bot")
    return speaker


def plain_turns(fields: Fields, limits: IntakeSettings) -> Draft:
    """`{turns: [{speaker, text}], …}`."""
    entries = fields.each("turns", limits.max_turns)
    if not entries:
        raise fields.fault("turns", "is empty")
    turns = [Turn(speaker_of(entry, "speaker"), entry.text("text", limits.max_text_chars, required=True)) for entry in entries]
    values: dict[str, Any] = common(fields, limits)
    return _with_turns(Draft(text="", **values), turns, fields, "turns", limits)


def is_vcon(body: dict[str, object]) -> bool:
    """Whether the object looks like a vCon."""
    return "vcon" in body or ("parties" in body and "dialog" in body)


def vcon(fields: Fields, limits: IntakeSettings) -> Draft:
    """A vCon container (IETF vcon working group) of which the dialogs of type `text` are read, in their order."""
    parties = fields.each("parties", _MAX_PARTIES)
    dialogs = [dialog for dialog in fields.each("dialog", limits.max_turns) if dialog.body.get("type") == "text"]
    if not dialogs:
        raise fields.fault("dialog", "has no entry of type text")
    turns, times = [], []
    for dialog in dialogs:
        speaker = speaker_of(parties[_party(dialog, len(parties))], "role")
        turns.append(Turn(speaker, _dialog_text(dialog, limits.max_text_chars)))
        times.append(dialog.moment("start"))
    created = fields.moment("created_at")
    uuid = fields.text("uuid", MAX_NAME_CHARS)
    draft = Draft(
        text="",
        id=derived_id(uuid, fields.text("updated_at", 64)) if uuid else "",
        feed=fields.text("feed", MAX_NAME_CHARS),
        time=times[0] if times[0] is not None else created,
        source=fields.text("source", MAX_NAME_CHARS),
        subject=_customer(parties),
        consent=fields.flag("consent", True),
        headline=fields.text("subject", MAX_HEADLINE_CHARS),
        facts=facts_of(fields, limits),
        pairs=pairs_of(fields, limits),
    )
    return _with_turns(draft, turns, fields, "dialog", limits)


def spoken(turns: Sequence[Turn]) -> str:
    """The turns as the one text of the event: `Customer: …` lines."""
    return "\n".join(f"{turn.speaker.value.capitalize()}: {turn.text}" for turn in turns)


def _with_turns(draft: Draft, turns: Sequence[Turn], fields: Fields, name: str, limits: IntakeSettings) -> Draft:
    text = spoken(turns)
    if len(text) > limits.max_text_chars:
        raise fields.fault(name, f"are {len(text):,} characters long together; the limit is {limits.max_text_chars:,}")
    return replace(draft, kind=Kind.TRANSCRIPT, text=text, turns=tuple(turns))


def _party(dialog: Fields, count: int) -> int:
    """The index of the party that wrote a dialog: its originator, or else the first of its parties."""
    for name in ("originator", "parties"):
        value = dialog.body.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if value is None or value == []:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
            raise dialog.fault(name, "does not point to one of the parties")
        return value
    raise dialog.fault("parties", "is missing, so nobody knows who wrote this")


def _dialog_text(dialog: Fields, limit: int) -> str:
    media = dialog.text("mediatype", MAX_NAME_CHARS) or dialog.text("mimetype", MAX_NAME_CHARS)
    if media.partition(";")[0].strip().lower() not in ("", "text/plain"):
        raise dialog.fault("mediatype" if dialog.has("mediatype") else "mimetype", "must be text/plain")
    encoding = dialog.text("encoding", MAX_NAME_CHARS)
    if encoding not in ("", "none", "base64url"):
        raise dialog.fault("encoding", "must be none or base64url")
    if encoding != "base64url":
        return dialog.text("body", limit, required=True)
    coded = dialog.text("body", limit * 6, required=True)  # UTF-8 takes up to 4 bytes a character, base64 a third more
    try:
        text = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise dialog.fault("body", "is not base64url of UTF-8 text") from error
    return Fields({"body": clean(text)}, dialog.path).text("body", limit, required=True)


def _customer(parties: Sequence[Fields]) -> str | None:
    """Whom the conversation is about: the first customer's address, so that all of them can be found for erasure."""
    for party in parties:
        role = party.body.get("role")
        if isinstance(role, str) and _SPEAKERS.get(role.lower()) is Speaker.CUSTOMER:
            for name in ("mailto", "tel", "uuid", "name"):
                if party.has(name):
                    return party.text(name, MAX_NAME_CHARS) or None
    return None
