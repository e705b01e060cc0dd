"""Stories: our plain `{feed, text, …}` and IPTC ninjs 1.x and 2.x news items.

Takes a JSON object; gives a Draft, or raises InvalidEvent naming the field. From ninjs it reads uri, version,
versioncreated, type, pubstatus, headline(s), body_* or bodies, and the provider or source.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

from rtadapt.config import IntakeSettings
from rtadapt.events.draft import MAX_HEADLINE_CHARS, MAX_NAME_CHARS, Draft, common, derived_id, facts_of, pairs_of
from rtadapt.events.fields import Fields

_MAX_BODIES = 50
_MARKUP_FACTOR = 8
"""Markup may be this much longer than the text in it."""
_BLOCK_TAGS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "footer", "h1", "h2", "h3", "h4"),
        *("h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"),
    )
)
_SILENT_TAGS = frozenset(("script", "style", "template"))


def plain(fields: Fields, limits: IntakeSettings) -> Draft:
    """`{text, headline?, …}`."""
    values: dict[str, Any] = common(fields, limits)
    return Draft(text=fields.text("text", limits.max_text_chars, required=True), **values)


def is_ninjs(body: dict[str, object]) -> bool:
    """Whether the object looks like a ninjs item."""
    marks = ("body_text", "body_html", "body_xhtml", "bodies", "headlines", "versioncreated", "pubstatus")
    return ("uri" in body and "text" not in body) or any(mark in body for mark in marks)


def ninjs(fields: Fields, limits: IntakeSettings) -> Draft:
    """One news item. A `uri` with its version is the item's identity, so an update is an event of its own."""
    uri = fields.text("uri", 2048, required=True)
    if fields.text("type", MAX_NAME_CHARS) not in ("", "text", "composite"):
        raise fields.fault("type", "must be text: only written news can be learned")
    if fields.text("pubstatus", MAX_NAME_CHARS) not in ("", "usable"):
        raise fields.fault("pubstatus", "is not usable: withheld and cancelled items are not learned")
    numbered = fields.body.get("version") not in (None, "")
    version = (fields.value("version", 64) if numbered else "") + fields.text("versioncreated", 64)
    moment = fields.moment("versioncreated")
    draft = Draft(
        text=_ninjs_text(fields, limits),
        id=derived_id(uri, version) if version else derived_id(uri),
        feed=fields.text("feed", MAX_NAME_CHARS),
        time=fields.moment("firstcreated") if moment is None else moment,
        source=_ninjs_source(fields),
        consent=fields.flag("consent", True),
        headline=_ninjs_headline(fields),
        facts=facts_of(fields, limits),
        pairs=pairs_of(fields, limits),
    )
    subject = fields.body.get("subject")  # in ninjs 1.x a list of topics, and not whom the event is about
    return replace(draft, subject=fields.text("subject", MAX_NAME_CHARS) or None) if isinstance(subject, str) else draft


def _ninjs_text(fields: Fields, limits: IntakeSettings) -> str:
    limit = limits.max_text_chars
    bodies = fields.each("bodies", _MAX_BODIES)
    for body in bodies:  # 2.x: plain text before markup
        if body.text("contenttype", MAX_NAME_CHARS) in ("", "text/plain") and body.has("value"):
            return body.text("value", limit, required=True)
    for body in bodies:
        if body.has("value"):
            return _markup(body, "value", limit)
    if bodies:
        raise bodies[0].fault("value", "is missing")
    if fields.has("body_text"):
        return fields.text("body_text", limit, required=True)
    for name in ("body_html", "body_xhtml"):
        if fields.has(name):
            return _markup(fields, name, limit)
    raise fields.fault("body_text", "is missing, and there is no body_html, body_xhtml or bodies either")


def _ninjs_headline(fields: Fields) -> str:
    if fields.has("headline"):
        return fields.text("headline", MAX_HEADLINE_CHARS)
    headlines = fields.each("headlines", _MAX_BODIES)
    main = [headline for headline in headlines if headline.body.get("role") == "main"] or headlines
    if not main:
        return ""
    name = "value"
    if main[0].text("contenttype", MAX_NAME_CHARS) in ("", "text/plain"):
        return main[0].text(name, MAX_HEADLINE_CHARS)
    return _markup(main[0], name, MAX_HEADLINE_CHARS)


def _ninjs_source(fields: Fields) -> str:
    for name in ("provider", "source", "infosource"):
        value = fields.body.get(name)
        if isinstance(value, str):
            return fields.text(name, MAX_NAME_CHARS)
        if isinstance(value, dict):
            return fields.inner(name).text("name", MAX_NAME_CHARS)
    for entry in fields.each("infosources", _MAX_BODIES):
        if entry.has("name"):
            return entry.text("name", MAX_NAME_CHARS)
    return fields.text("copyrightholder", MAX_NAME_CHARS)


def _markup(fields: Fields, name: str, limit: int) -> str:
    """The text in an HTML or XHTML field."""
    text = text_of_markup(fields.text(name, limit * _MARKUP_FACTOR, required=True))
    return Fields({name: text}, fields.path).text(name, limit, required=True)


def text_of_markup(markup: str) -> str:
    """What a reader of the page would see, one paragraph a line. Linear in time, whatever the markup is."""
    pieces: list[str] = []
    silent = ""
    first, *tags = markup.split("<")
    pieces.append(first)
    for tag in tags:
        head, closed, text = tag.partition(">")
        name = re.match(r"/?([a-zA-Z0-9]*)", head)
        word = name[1].lower() if name else ""
        if silent:
            if head.startswith("/") and word == silent:
                silent = ""
                pieces.append(text)
            continue
        if not (word or head.startswith(("!", "?", "/"))) or not closed:
            pieces.append("<" + tag)  # a bare `<` is text
        elif word in _SILENT_TAGS and not head.startswith("/"):
            silent = word
        else:
            pieces.append(("\n" if word in _BLOCK_TAGS else "") + text)
    lines = (" ".join(line.split()) for line in html.unescape("".join(pieces)).split("\n"))
    return "\n".join(line for line in lines if line)
