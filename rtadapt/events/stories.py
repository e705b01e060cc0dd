"""Stories in plain JSON: our own `{feed, text, …}`, and the items of JSON Feed, RSS and Atom as JSON gives them.

Takes a JSON object; gives a Draft, or raises InvalidEvent naming the field. Owns what holds for a story of any format: before its
embargo and after its expiry it is not learned.
"""

from __future__ import annotations

from typing import Any

from rtadapt.config import IntakeSettings
from rtadapt.events.draft import MAX_HEADLINE_CHARS, Draft, caller_id, common
from rtadapt.events.fields import Fields
from rtadapt.events.markup import has_signs, looks_like_markup, read_markup, text_of_markup

_EMBARGOES = ("embargoed", "embargo", "embargo_until", "embargountil", "embargo_date", "embargodate", "not_before", "notbefore")
_EXPIRIES = ("expires", "expiry", "expirytime", "expires_at", "valid_until", "validuntil")
_IN_FORCE = frozenset((*_EMBARGOES, *_EXPIRIES))
_OWN = frozenset(("text", "feed", "id", "source", "time", "headline", "facts", "qa", "consent", "subject"))
_CONTENTS = ("content_text", "content_html", "content", "content:encoded", "description", "summary")
"""Where a feed's item has its text, the whole one before the short ones."""
_FEED_ITEM = frozenset((*_CONTENTS, "items", "entries"))
_TIMES = ("date_modified", "updated", "date_published", "published", "pubdate", "dc:date")


def check_in_force(fields: Fields, now: float) -> None:
    """Raises InvalidEvent when the object says that at `now` (Unix seconds) it is under embargo, or no longer valid."""
    if _IN_FORCE.isdisjoint(map(str.lower, fields.body)):
        return
    item = fields.folded()
    for name in _EMBARGOES:
        moment = item.moment(name)
        if moment is not None and moment > now:
            raise item.fault(name, "lies ahead: an item under embargo is not learned; send it again when that time has come")
    for name in _EXPIRIES:
        moment = item.moment(name)
        if moment is not None and moment <= now:
            raise item.fault(name, "has passed: an expired item is not learned")


def is_plain(body: dict[str, object]) -> bool:
    """Whether the object is a story that has our own names alone: most are, and no other format needs to be looked for."""
    return "text" in body and _OWN.issuperset(body)


def plain(fields: Fields, limits: IntakeSettings) -> Draft:
    """`{text, headline?, …}`."""
    values: dict[str, Any] = common(fields, limits)
    return Draft(text=fields.text("text", limits.max_text_chars, required=True), **values)


def is_feed_item(body: dict[str, object]) -> bool:
    """Whether the object looks like an item of a JSON Feed, or of an RSS or Atom feed that was turned into JSON."""
    names = set(map(str.lower, body))
    return "text" not in names and not names.isdisjoint(_FEED_ITEM)


def feed_item(fields: Fields, limits: IntakeSettings) -> Draft:
    """One item; its `id` or `guid` is the event's. The text is what it holds in full, or else its description."""
    item = fields.folded()
    for name in ("items", "entries"):
        if item.has(name):
            raise item.fault(name, "makes this a whole feed: send its items, one event each")
    named = next((name for name in ("id", "guid", "url", "link") if isinstance(item.body.get(name), (str, int))), "id")
    moments = [item.moment(name) for name in _TIMES]
    values: dict[str, Any] = common(item, limits)
    values["id"] = caller_id(item, named)
    if values["time"] is None:
        values["time"] = next((moment for moment in moments if moment is not None), None)
    values["headline"] = values["headline"] or _title(item)
    name = next((name for name in _CONTENTS if item.has(name)), "text")
    value = item.body.get(name)
    markup = name.endswith(("html", "encoded")) or (name != "content_text" and isinstance(value, str) and _is_html(value))
    return Draft(text=(read_markup if markup else _text)(item, name, limits.max_text_chars), **values)


def _text(fields: Fields, name: str, limit: int) -> str:
    return fields.text(name, limit, required=True)


def _title(item: Fields) -> str:
    title = item.text("title", MAX_HEADLINE_CHARS)
    return text_of_markup(title)[:MAX_HEADLINE_CHARS] if has_signs(title) else title


def _is_html(text: str) -> bool:
    return looks_like_markup(text) or has_signs(text)
