"""Transcripts as speaker turns: our plain form, and how turns of any format become an event.

Takes a JSON object; gives a Draft, or raises InvalidEvent naming the turn at fault. An entry says who spoke and what; help desks
call these fields by other names, which are read too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from rtadapt.config import IntakeSettings
from rtadapt.events.draft import MAX_NAME_CHARS, Draft, common
from rtadapt.events.fields import Fields
from rtadapt.events.markup import looks_like_markup, read_markup
from rtadapt.events.speakers import role_word, speaker_of
from rtadapt.records import EventKind, Speaker, Turn

_SPEAKERS = (
    *("speaker", "role", "participantrole", "participant_role", "participantid", "speaker_role", "author_type", "sender_type"),
    *("author", "sender", "createdby", "from"),
)
_BOTS = ("from_ai_agent", "is_ai_answer", "bot")
_OUTGOING = ("outgoing", 1)
_TEXTS = ("text", "message", "content", "body", "plain_body", "transcript")


def plain_turns(fields: Fields, limits: IntakeSettings) -> Draft:
    """`{turns: [{speaker, text}], …}`."""
    entries = fields.each("turns", limits.max_turns)
    if not entries:
        raise fields.fault("turns", "is empty")
    values: dict[str, Any] = common(fields, limits)
    return with_turns(Draft(text="", **values), turns_of(entries, limits.max_text_chars), fields, "turns", limits)


def turns_of(entries: Sequence[Fields], limit: int) -> list[Turn]:
    """The turns that the entries say, of at most `limit` characters each. Raises InvalidEvent."""
    folded = [entry.folded() for entry in entries]
    told = [_told(entry) for entry in folded]
    words = {role_word(word) for holder, name in told if isinstance(word := holder.body.get(name), str)}
    return [
        Turn(_speaker(entry, holder, name, words), turn_text(entry, limit))
        for entry, (holder, name) in zip(folded, told, strict=True)
    ]


def turn_text(entry: Fields, limit: int) -> str:
    """What an entry (read in lower case) says."""
    name = _name(entry, _TEXTS)
    value = entry.body.get(name)
    if name == "content" and isinstance(value, dict):  # Sunshine Conversations and others: {type, text}
        entry, name = entry.inner(name).folded(), "text"
        if entry.text("type", MAX_NAME_CHARS) not in ("", "text"):
            raise entry.fault("type", "must be text: only what was written can be learned")
    if name != "text" and isinstance(value, str) and looks_like_markup(value):
        return read_markup(entry, name, limit)
    return entry.text(name, limit, required=True)


def spoken(turns: Sequence[Turn]) -> str:
    """The turns as the one text of the event: `Customer: …` lines."""
    return "\n".join(f"{turn.speaker.value.capitalize()}: {turn.text}" for turn in turns)


def with_turns(draft: Draft, turns: Sequence[Turn], fields: Fields, name: str, limits: IntakeSettings) -> Draft:
    """The draft as a transcript of these turns, which came in the field `name`. Raises InvalidEvent when they are too long."""
    text = spoken(turns)
    if len(text) > limits.max_text_chars:
        raise fields.fault(name, f"are {len(text):,} characters long together; the limit is {limits.max_text_chars:,}")
    return replace(draft, kind=EventKind.TRANSCRIPT, text=text, turns=tuple(turns))


def _told(entry: Fields) -> tuple[Fields, str]:
    """Where an entry says who spoke: a field with a role word, or the `type` of an object."""
    name = _name(entry, _SPEAKERS)
    if not isinstance(entry.body.get(name), dict):
        return entry, name
    holder = entry.inner(name).folded()
    return holder, _name(holder, ("type", "role"))


def _speaker(entry: Fields, holder: Fields, name: str, words: Collection[str]) -> Speaker:
    """Who spoke. Intercom and Drift mark their bots beside the type; Chatwoot says which way a message went."""
    if any(holder.flag(mark, False) for mark in _BOTS):
        return Speaker.BOT
    speaker = speaker_of(holder, name, words)
    sent = entry.body.get("message_type")
    return Speaker.AGENT if speaker is Speaker.CUSTOMER and sent in _OUTGOING and not isinstance(sent, bool) else speaker


def _name(entry: Fields, names: Sequence[str]) -> str:
    """The first of the names that the entry has, or else the first."""
    return next((name for name in names if entry.has(name)), names[0])
