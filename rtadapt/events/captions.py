"""Captions of a conversation, WebVTT and SRT, as speaker turns.

Takes the text of a file; gives the turns. Who speaks is a voice (`<v Agent>`) or the word before a colon (`Agent: …`); a cue
that names nobody goes on with the turn before it, and a file that begins without a speaker is refused.
"""

from __future__ import annotations

import re

from rtadapt.events.fields import Fields
from rtadapt.events.markup import has_signs, text_of_markup
from rtadapt.events.speakers import speaker_named
from rtadapt.records import Turn

MEDIA_TYPES = frozenset(("text/vtt", "application/x-subrip", "text/srt"))

_TIMES = re.compile(r"^(?:\d+:)?\d{1,2}:\d\d[.,]\d{1,3}[ \t]+-->[ \t]+(?:\d+:)?\d{1,2}:\d\d[.,]\d{1,3}.*$")
_VOICE = re.compile(r"<v(?:\.[^ \t>]*)?[ \t]+([^>]{1,100})>")
_NAMED = re.compile(r"^[-–—\s]*\[?([^\W\d][\w .-]{0,40}?)\]?:(?!//)\s*")


def turns_of_captions(fields: Fields, name: str, limit: int) -> list[Turn]:
    """The turns in the field `name`, which holds a whole file. Raises InvalidEvent when it has none, or hides who speaks."""
    return _turns(fields, name, _cues(fields.text(name, limit, required=True)))


def turns_of_lines(fields: Fields, name: str, limit: int) -> list[Turn]:
    """The turns in a text of lines that begin with who speaks: `Agent: …`. Raises InvalidEvent as `turns_of_captions` does."""
    return _turns(fields, name, fields.text(name, limit, required=True).split("\n"))


def _cues(text: str) -> list[str]:
    """What is said, cue by cue, one voice an entry. Whatever stands in no timed block is a header, a note or a style."""
    cues = []
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.split("\n")
        start = next((number for number, line in enumerate(lines[:2]) if _TIMES.match(line.strip())), None)
        if start is not None:
            said = "\n".join(lines[start + 1 :])
            cues += [piece for piece in re.split(r"(?=<v[. \t])", said) if piece.strip()]
    return cues


def _turns(fields: Fields, name: str, said: list[str]) -> list[Turn]:
    turns: list[Turn] = []
    for number, piece in enumerate(said):
        word, text = _divided(piece)
        if not text and not word:
            continue
        speaker = speaker_named(word) if word else turns[-1].speaker if turns else None
        if speaker is None:
            raise fields.fault(
                name, f"does not say who speaks in entry {number}: a voice like `<v Agent>`, or `Agent:` before it"
            )
        if word or not turns:
            turns.append(Turn(speaker, text))
        else:
            turns[-1] = Turn(speaker, f"{turns[-1].text} {text}".strip())
    turns = [turn for turn in turns if turn.text]
    if not turns:
        raise fields.fault(name, "holds no captions")
    return turns


def _divided(piece: str) -> tuple[str, str]:
    """The speaker's word and the text. A word before a colon that names no role stays text: `Note: …` is said by somebody."""
    voice = _VOICE.search(piece)
    plain = text_of_markup(piece) if has_signs(piece) else piece
    text = " ".join(plain.split())
    if voice:
        return voice[1].strip(), text
    named = _NAMED.match(text)
    if named and speaker_named(named[1]) is not None:
        return named[1], text[named.end() :]
    return "", text
