"""IPTC ninjs news items: 1.x, 2.x, 3.x, and the dialect that Superdesk writes (`guid`, `body_html`).

Takes a JSON object; gives a Draft, or raises InvalidEvent naming the field. Names are read without regard to case, because ninjs
3 spells in camel case what 1 and 2 spell in lower case. Read are uri or guid, version, versionCreated, type, pubStatus,
headlines, bodies (else descriptions) and the source. What can't be read, such as NITF in a body, is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rtadapt.config import IntakeSettings
from rtadapt.events.draft import MAX_HEADLINE_CHARS, MAX_NAME_CHARS, Draft, derived_id, facts_of, pairs_of
from rtadapt.events.fields import Fields
from rtadapt.events.markup import has_signs, looks_like_markup, read_markup, text_of_markup

_MAX_BODIES = 50
_MARKS = frozenset(("bodies", "headlines", "versioncreated", "pubstatus", "$standard", "standard"))
_WRITTEN = ("", "text", "composite")
_MAIN = frozenset(("", "main", "text", "body", "plain", "html", "xhtml", "html5", "article", "story", "full", "content"))
_SHORT = frozenset(
    ("summary", "teaser", "abstract", "caption", "lead", "ingress", "intro", "preview", "excerpt", "note", "ednote")
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One body, description or headline: where its value stands, its role and its media type as far as they are told."""

    fields: Fields
    name: str
    role: str
    media: str
    type_name: str

    @property
    def is_markup(self) -> bool:
        if self.media:
            return "html" in self.media
        value = self.fields.body.get(self.name)
        return isinstance(value, str) and looks_like_markup(value)

    @property
    def is_read(self) -> bool:
        return self.media in ("", "text/plain") or "html" in self.media

    @property
    def rank(self) -> tuple[int, bool]:
        """The lower, the sooner it is the story: by its role, then plain text before markup."""
        return (2 if self.role in _SHORT else 0 if self.role in _MAIN else 1), self.is_markup


def is_ninjs(body: dict[str, object]) -> bool:
    """Whether the object looks like a ninjs item."""
    names = set(map(str.lower, body))
    if not names.isdisjoint(_MARKS) or any(name.startswith(("body_", "headline_")) for name in names):
        return True
    return "uri" in names and "text" not in names


def ninjs(fields: Fields, limits: IntakeSettings) -> Draft:
    """One news item. Its `uri` or `guid` with its version is its identity, so a correction is an event of its own."""
    item = fields.folded()
    _check_readable(item)
    uri = item.text("uri", 2048) or item.text("guid", 2048)
    if not uri:
        raise item.fault("uri", "is missing, and there is no guid either")
    numbered = item.body.get("version") not in (None, "")
    version = (item.value("version", 64) if numbered else "") + item.text("versioncreated", 64)
    moments = [item.moment(name, bare_is_utc=True) for name in ("versioncreated", "contentcreated", "firstcreated")]
    draft = Draft(
        text=_text(item, limits.max_text_chars),
        id=derived_id(uri, version) if version else derived_id(uri),
        feed=item.text("feed", MAX_NAME_CHARS),
        time=next((moment for moment in moments if moment is not None), None),
        source=_source(item),
        consent=item.flag("consent", True),
        headline=_headline(item),
        facts=facts_of(item, limits),
        pairs=pairs_of(item, limits),
    )
    subject = item.body.get("subject")  # in ninjs 1.x a list of topics, and not whom the event is about
    return replace(draft, subject=item.text("subject", MAX_NAME_CHARS) or None) if isinstance(subject, str) else draft


def _check_readable(item: Fields) -> None:
    for name in ("standard", "$standard"):
        if isinstance(item.body.get(name), dict):
            standard = item.inner(name).folded()
            major = str(standard.body.get("version") or "1").strip().partition(".")[0]
            if major not in ("1", "2", "3"):
                raise standard.fault("version", "is not one of ninjs 1, 2 and 3")
    if item.text("type", MAX_NAME_CHARS).lower() not in _WRITTEN:
        raise item.fault("type", "must be text: only written news can be learned")
    status = item.text("pubstatus", MAX_NAME_CHARS).lower().rpartition(":")[2]
    if status not in ("", "usable"):
        raise item.fault("pubstatus", "is not usable: withheld and cancelled items are not learned")


def _text(item: Fields, limit: int) -> str:
    """The main body; of an item without any, its description."""
    bodies = list(_parts(item, "bodies", "body_"))
    parts = bodies or list(_parts(item, "descriptions", "description_"))
    filled = [part for part in parts if part.fields.body.get(part.name) not in (None, "")]
    readable = sorted((part for part in filled if part.is_read), key=lambda part: part.rank)
    if readable:
        return _value(readable[0], limit)
    if filled:
        raise filled[0].fields.fault(filled[0].type_name, "is neither plain text nor HTML, and no other body is")
    if parts:
        raise parts[0].fields.fault(parts[0].name, "is missing")
    raise item.fault("body_text", "is missing, and there is no body_html, body_xhtml or bodies either")


def _headline(item: Fields) -> str:
    if item.has("headline"):
        return _value(_Part(item, "headline", "", "", "headline"), MAX_HEADLINE_CHARS)
    parts = [part for part in _parts(item, "headlines", "headline_") if part.fields.body.get(part.name) not in (None, "")]
    for part in sorted(parts, key=lambda part: part.role != "main"):
        return _value(part, MAX_HEADLINE_CHARS)
    return item.text("title", MAX_HEADLINE_CHARS)


def _parts(item: Fields, listed: str, prefix: str) -> Iterator[_Part]:
    """The parts of ninjs 2 and 3, which stand in a list, and those of 1, which have names that begin with `prefix`."""
    for entry in item.each(listed, _MAX_BODIES):
        part = entry.folded()
        media = part.text("contenttype", MAX_NAME_CHARS).partition(";")[0].strip().lower()
        yield _Part(part, "value", part.text("role", MAX_NAME_CHARS).lower(), media, "contenttype")
    for name in item.body:
        if name.startswith(prefix):
            role = name.removeprefix(prefix)
            yield _Part(item, name, role, "text/html" if role.endswith("html") else "text/plain" if role == "text" else "", name)


def _value(part: _Part, limit: int) -> str:
    if part.is_markup:
        return read_markup(part.fields, part.name, limit)
    text = part.fields.text(part.name, limit, required=True)
    if limit == MAX_HEADLINE_CHARS and part.media == "" and has_signs(text):  # Superdesk's headlines are HTML
        return text_of_markup(text)
    return text


def _source(item: Fields) -> str:
    for name in ("provider", "source", "infosource"):
        value = item.body.get(name)
        if isinstance(value, str):
            return item.text(name, MAX_NAME_CHARS)
        if isinstance(value, dict):
            return item.inner(name).text("name", MAX_NAME_CHARS)
    for entry in item.each("infosources", _MAX_BODIES):
        if entry.has("name"):
            return entry.text("name", MAX_NAME_CHARS)
    return item.text("copyrightholder", MAX_NAME_CHARS)
