"""vCon conversations (IETF vcon working group): typed text, mails, and calls by the transcripts in their `analysis`.

Takes a JSON object; gives a Draft, or raises InvalidEvent naming what can't be read. Who a party is comes from `role`, from
`meta.role`, or from the speakers of a transcript. Recordings without one, signed and encrypted vCons are refused by name.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from rtadapt.config import IntakeSettings
from rtadapt.errors import Malformed
from rtadapt.events.captions import turns_of_captions, turns_of_lines
from rtadapt.events.draft import MAX_HEADLINE_CHARS, MAX_NAME_CHARS, Draft, derived_id, facts_of, pairs_of
from rtadapt.events.fields import Fields, as_fields, clean
from rtadapt.events.mail import text_of_mail, without_answered
from rtadapt.events.markup import read_markup
from rtadapt.events.speakers import role_word, speaker_named
from rtadapt.events.transcripts import turn_text, turns_of, with_turns
from rtadapt.records import Speaker, Turn
from rtadapt.web.jsontext import load_json

_MAX_PARTIES = 50
_MAX_ANALYSES = 200
_LISTS = ("turns", "messages", "utterances", "segments", "entries", "transcript")
"""Where a transcript that is an object has its entries."""


def is_vcon(body: dict[str, object]) -> bool:
    """Whether the object looks like a vCon, also a signed (JWS) or encrypted (JWE) one."""
    if "vcon" in body or ("parties" in body and ("dialog" in body or "analysis" in body)):
        return True
    return ("payload" in body and "signatures" in body) or ("ciphertext" in body and "recipients" in body)


def vcon(fields: Fields, limits: IntakeSettings) -> Draft:
    """The conversation: dialogs in their order, a text by what was typed, a recording by its transcript."""
    for name, what in (("payload", "a signed"), ("ciphertext", "an encrypted")):
        if fields.has(name):
            raise fields.fault(name, f"makes this {what} vCon: send the vCon that is in it")
    parties = _Parties(fields)
    turns, times = _conversation(fields, parties, limits)
    created = fields.moment("created_at", bare_is_utc=True)
    uuid = fields.text("uuid", MAX_NAME_CHARS)
    draft = Draft(
        text="",
        id=derived_id(uuid, fields.text("updated_at", 64)) if uuid else "",
        feed=fields.text("feed", MAX_NAME_CHARS),
        time=next((time for time in times if time is not None), created),
        source=fields.text("source", MAX_NAME_CHARS),
        subject=parties.customer(),
        consent=fields.flag("consent", True),
        headline=fields.text("subject", MAX_HEADLINE_CHARS),
        facts=facts_of(fields, limits),
        pairs=pairs_of(fields, limits),
    )
    return with_turns(draft, turns, fields, "dialog", limits)


class _Parties:
    """The parties of one vCon, and who each of them is."""

    def __init__(self, fields: Fields) -> None:
        self._parties = fields.each("parties", _MAX_PARTIES)
        words = [self._word(party) for party in self._parties]
        others = {role_word(word) for word in words}
        self._told = [speaker_named(word, others) if word else None for word in words]
        silent = [number for number, word in enumerate(words) if not word]
        one_is_left = len(silent) == 1 and self._told.count(None) == 1 and Speaker.CUSTOMER not in self._told
        if one_is_left and Speaker.AGENT in self._told and any(self._parties[silent[0]].has(name) for name in ("tel", "mailto")):
            self._told[silent[0]] = Speaker.CUSTOMER  # whoever is left beside agents and bots, and has a person's address

    def speaker(self, number: int) -> Speaker:
        """Who party `number` is. Raises InvalidEvent when that can't be told."""
        told = self._told[number]
        if told is None:
            why = "is missing" if not self._word(self._parties[number]) else "is no known role"
            raise self._parties[number].fault("role", f"{why}: say customer, agent or bot")
        return told

    def renamed(self, entry: Fields) -> Fields:
        """The entry of a transcript, with the role of a party where it calls the speaker by that party's name."""
        called = entry.body.get("speaker")
        if not isinstance(called, str) or speaker_named(called) is not None:
            return entry
        found = {
            self._told[number]
            for number, party in enumerate(self._parties)
            if any(party.body.get(name) == called for name in ("name", "mailto", "tel"))
        }
        told = found.pop() if len(found) == 1 else None
        return entry if told is None else Fields({**entry.body, "speaker": told.value}, entry.path, entry.spelled)

    def pointed_at(self, entry: Fields, names: Sequence[str]) -> int:
        """The index of the party that wrote an entry: what the first of the fields `names` that is there points to."""
        for name in names:
            value = entry.body.get(name)
            if isinstance(value, list) and value:
                value = value[0]
            if value is None or value == []:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(self._parties):
                raise entry.fault(name, "does not point to one of the parties")
            return value
        raise entry.fault(names[-1], "is missing, so nobody knows who wrote this")

    def customer(self) -> str | None:
        """Whom the conversation is about: the first customer's address, so that all of them can be found."""
        for party, told in zip(self._parties, self._told, strict=True):
            if told is Speaker.CUSTOMER:
                for name in ("mailto", "email", "tel", "uuid", "name"):
                    if isinstance(party.body.get(name), str) and party.body[name]:
                        return party.text(name, MAX_NAME_CHARS) or None
        return None

    @staticmethod
    def _word(party: Fields) -> str:
        if party.has("role"):
            return party.text("role", MAX_NAME_CHARS)
        meta = party.body.get("meta")
        return as_fields(meta, party.at("meta")).text("role", MAX_NAME_CHARS) if isinstance(meta, dict) else ""


def _conversation(fields: Fields, parties: _Parties, limits: IntakeSettings) -> tuple[list[Turn], list[float | None]]:
    """All turns, and when the dialogs that they come from began."""
    dialogs = fields.each("dialog", limits.max_turns)
    transcripts: dict[int | None, Fields] = {}
    for entry in fields.each("analysis", _MAX_ANALYSES):
        if entry.text("type", MAX_NAME_CHARS).lower().startswith("transcript"):
            transcripts.setdefault(_subject_of(entry), entry)
    turns: list[Turn] = []
    times: list[float | None] = []
    for number, dialog in enumerate(dialogs):
        if dialog.body.get("type") == "text":
            speaker = parties.speaker(parties.pointed_at(dialog, ("originator", "parties")))
            turns.append(Turn(speaker, _dialog_text(dialog, limits)))
        elif number in transcripts:
            turns += _transcript(transcripts.pop(number), parties, limits)
        else:
            continue
        times.append(dialog.moment("start", bare_is_utc=True))
    if not turns and None in transcripts:
        turns = _transcript(transcripts[None], parties, limits)
    if not turns:
        recordings = any(dialog.body.get("type") == "recording" for dialog in dialogs)
        why = "has recordings only: they need an analysis of type transcript whose speakers are customer, agent or bot"
        raise fields.fault("dialog", why if recordings else "has no entry of type text")
    return turns, times


def _subject_of(analysis: Fields) -> int | None:
    """The dialog that an analysis is of; None when it names none, or several."""
    value = analysis.body.get("dialog")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _transcript(analysis: Fields, parties: _Parties, limits: IntakeSettings) -> list[Turn]:
    """The turns of a transcript: entries, captions, or lines of `Agent: …`."""
    body = analysis.body.get("body")
    if isinstance(body, str):
        media = analysis.text("mediatype", MAX_NAME_CHARS).partition(";")[0].strip().lower()
        if media == "text/vtt" or body.lstrip().startswith("WEBVTT"):
            return turns_of_captions(analysis, "body", limits.max_text_chars * 4)
        if analysis.text("encoding", MAX_NAME_CHARS) != "json":
            return turns_of_lines(analysis, "body", limits.max_text_chars)
        try:
            body = load_json(body.encode("utf-8", "replace"), limits.max_depth)
        except Malformed as error:
            raise analysis.fault("body", "is not JSON, as its encoding says") from error
    holder = Fields({"body": body}, analysis.path)
    if isinstance(body, dict):
        inner = holder.inner("body")
        name = next((name for name in _LISTS if isinstance(inner.body.get(name), list)), "")
        if not name:
            raise holder.fault("body", "is a transcript in a form that is not read: give entries of speaker and text")
        entries = inner.each(name, limits.max_turns)
    else:
        entries = holder.each("body", limits.max_turns)
    if not entries:
        raise holder.fault("body", "is empty")
    if not all("party" in entry.body or "parties" in entry.body for entry in entries):
        return turns_of([parties.renamed(entry) for entry in entries], limits.max_text_chars)
    numbers = [parties.pointed_at(entry, ("party", "parties")) for entry in entries]
    said = [turn_text(entry, limits.max_text_chars) for entry in entries]
    return [Turn(parties.speaker(number), text) for number, text in zip(numbers, said, strict=True)]


def _dialog_text(dialog: Fields, limits: IntakeSettings) -> str:
    name = "mediatype" if dialog.has("mediatype") else "mimetype"
    whole = dialog.text(name, MAX_NAME_CHARS)
    media = whole.partition(";")[0].strip().lower()
    mail = media.startswith("multipart/") or media == "message/rfc822"
    if not mail and media not in ("", "text/plain", "text/html", "application/xhtml+xml"):
        raise dialog.fault(name, "must be text/plain, text/html or a mail (multipart/…, message/rfc822)")
    limit = limits.max_body_bytes if mail else limits.max_text_chars
    body = Fields({"body": _decoded(dialog, limit)}, dialog.path)
    if mail:
        try:
            body = Fields({"body": text_of_mail(whole, body.text("body", limit, required=True))}, dialog.path)
        except ValueError as error:
            raise dialog.fault("body", str(error)) from error
    elif "html" in media:
        return read_markup(body, "body", limits.max_text_chars)
    elif dialog.has("message_id"):
        body = Fields({"body": without_answered(body.text("body", limit, required=True))}, dialog.path)
    return body.text("body", limits.max_text_chars, required=True)


def _decoded(dialog: Fields, limit: int) -> str:
    """The body as text; base64url where the dialog says so."""
    encoding = dialog.text("encoding", MAX_NAME_CHARS)
    if encoding not in ("", "none", "base64url"):
        raise dialog.fault("encoding", "must be none or base64url")
    if encoding != "base64url":
        return dialog.text("body", limit * 8, required=True)
    coded = dialog.text("body", limit * 6, required=True)  # UTF-8 takes up to 4 bytes a character, base64 a third more
    try:
        return clean(base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True).decode())
    except (binascii.Error, ValueError) as error:
        raise dialog.fault("body", "is not base64url of UTF-8 text") from error
