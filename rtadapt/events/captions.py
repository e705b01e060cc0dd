"""Captions of a conversation, WebVTT and SRT, as speaker turns.

Takes the text of a file; gives the turns. Who speaks is a voice (`<v Agent>`) or the word before a colon (`Agent: …`) where
a line begins; one that names nobody goes on with the turn before it. A file that begins without a speaker, marks a change of
speaker without a name (`>>`, a dash), or has lines of somebody who is no customer, agent or bot is refused: nobody gets another
one's words.
"""

from __future__ import annotations

import re
from collections import Counter

from rtadapt.errors import InvalidEvent
from rtadapt.events.fields import Fields
from rtadapt.events.markup import has_signs, text_of_markup
from rtadapt.events.speakers import role_word, speaker_named
from rtadapt.records import Turn

MEDIA_TYPES = frozenset(("text/vtt", "application/x-subrip", "text/srt"))

_TIMES = re.compile(r"^(?:\d+:)?\d{1,2}:\d\d[.,]\d{1,3}[ \t]+-->[ \t]+(?:\d+:)?\d{1,2}:\d\d[.,]\d{1,3}.*$")
_VOICE = re.compile(r"<v(?:\.[^ \t>]*)?[ \t]+([^>]{1,100})>")
_NAMED = re.compile(r"^[-–—>\s]*\[?([^\W\d][\w .-]{0,40}?)\]?:(?!//)\s*")
_CHANGE = re.compile(r"\s*(?:>>|[-–—](?!\d))")
_NUMBERED = re.compile(r"(?:speaker|spk|channel) ?\d+")


def turns_of_captions(fields: Fields, name: str, limit: int) -> list[Turn]:
    """The turns in the field `name`, which holds a whole file. Raises InvalidEvent when it has none, or hides who speaks."""
    cues = _cues(fields.text(name, limit, required=True))
    unnamed = next((n for n, cue in enumerate(cues) if _CHANGE.match(cue) and not (_named_in(cue) or _VOICE.search(cue))), None)
    if unnamed is not None:
        raise _unnamed(fields, name, unnamed)
    return _turns(fields, name, cues)


def turns_of_lines(fields: Fields, name: str, limit: int) -> list[Turn]:
    """The turns in a text of lines that begin with who speaks: `Agent: …`. Raises InvalidEvent as `turns_of_captions` does."""
    return _turns(fields, name, fields.text(name, limit, required=True).split("\n"))


def _cues(text: str) -> list[str]:
    """What is said, cue by cue, one voice an entry. Whatever stands in no timed block is a header, a note or a style."""
    cues: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.split("\n")
        start = next((number for number, line in enumerate(lines[:2]) if _TIMES.match(line.strip())), None)
        if start is not None:
            said = "\n".join(lines[start + 1 :])
            for piece in re.split(r"(?=<v[. \t])", said):
                cues += [piece] if _VOICE.search(piece) else _changes(piece)
    return cues


def _changes(said: str) -> list[str]:
    """What no voice says, cut where a line names a speaker or marks that another one speaks."""
    pieces: list[str] = []
    for line in said.split("\n"):
        if not pieces or _CHANGE.match(line) or _named_in(line):
            pieces.append(line)
        else:
            pieces[-1] += "\n" + line
    return pieces


def _turns(fields: Fields, name: str, said: list[str]) -> list[Turn]:
    turns: list[Turn] = []
    strangers = Counter(word for piece in said if (word := _stranger(piece)))
    for number, piece in enumerate(said):
        word, text = _divided(piece)
        if not text and not word:
            continue
        speaker = speaker_named(word) if word else turns[-1].speaker if turns else None
        stranger = _stranger(piece)
        if strangers[stranger] > 1 or _NUMBERED.fullmatch(stranger) or (not word and piece.lstrip().startswith(">>")):
            speaker = None
        if speaker is None:
            raise _unnamed(fields, name, number)
        if word or not turns:
            turns.append(Turn(speaker, text))
        else:
            turns[-1] = Turn(speaker, f"{turns[-1].text} {text}".strip())
    turns = [turn for turn in turns if turn.text]
    if not turns:
        raise fields.fault(name, "holds no captions")
    return turns


def _unnamed(fields: Fields, name: str, number: int) -> InvalidEvent:
    return fields.fault(name, f"does not say who speaks in entry {number}: a voice like `<v Agent>`, or `Agent:` before it")


def _divided(piece: str) -> tuple[str, str]:
    """The speaker's word and the text. A word before a colon that names no role stays text: `Note: …` is said by somebody."""
    voice = _VOICE.search(piece)
    plain = text_of_markup(piece) if has_signs(piece) else piece
    text = " ".join(plain.split())
    if voice:
        return voice[1].strip(), text
    word = _named_in(text)
    if word:
        return word, _NAMED.sub("", text, count=1)
    return "", text


def _named_in(line: str) -> str:
    """The role word that a line begins with, or nothing."""
    named = _NAMED.match(line)
    return named[1] if named and speaker_named(named[1]) is not None else ""


def _stranger(piece: str) -> str:
    """The word before a colon that a piece begins with and that is no role: a name where it comes again, else any word."""
    named = None if _VOICE.search(piece) else _NAMED.match(piece)
    return role_word(named[1]) if named and speaker_named(named[1]) is None else ""
