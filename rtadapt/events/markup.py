"""What a reader of a page would see: HTML and XHTML as text.

Takes the markup of a story, often a fragment; gives its text, one paragraph or table row a line. lxml does the parsing. Comments,
attributes, scripts and what is hidden from readers are not text.
"""

from __future__ import annotations

import re

from lxml import etree

from rtadapt.events.fields import Fields

_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "dialog", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hl1", "hl2", "hr"),
        *("legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"),
    )
)
_UNSEEN = frozenset(
    (
        *("applet", "audio", "button", "canvas", "datalist", "embed", "head", "iframe", "input", "math", "noembed", "noframes"),
        *("noscript", "object", "script", "select", "style", "svg", "template", "textarea", "title", "video"),
    )
)
_CELLS = frozenset(("td", "th"))
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SIGNS = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]+\d*);|</?[a-zA-Z][^<>]*>")
_SPACES = re.compile(r"\s+")
_MARKUP_FACTOR = 8
"""Markup may be this much longer than the text in it."""


def looks_like_markup(text: str) -> bool:
    """Whether a text whose type nobody names is markup: it begins with a tag and closes one."""
    return re.match(r"\s*<(?:[a-zA-Z]|!|\?xml)", text) is not None and ("</" in text or "/>" in text)


def has_signs(text: str) -> bool:
    """Whether tags or entities stand in a text that should be plain."""
    return _SIGNS.search(text) is not None


def read_markup(fields: Fields, name: str, limit: int) -> str:
    """The text in a field of markup, at most `limit` characters. Raises InvalidEvent when it has none or can't be read whole."""
    try:
        text = text_of_markup(fields.text(name, limit * _MARKUP_FACTOR, required=True))
    except ValueError as error:
        raise fields.fault(name, str(error)) from error
    return Fields({name: text}, fields.path, fields.spelled).text(name, limit, required=True)


def text_of_markup(markup: str) -> str:
    """The text, in time linear in the markup. Raises ValueError where only a part of it could be read."""
    first, *marked = markup.split("<![CDATA[")
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    root = etree.fromstring("".join((first, *map(_uncovered, marked))).encode("utf-8", "replace"), parser)
    if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        raise ValueError("is markup that is nested too deep")
    if root is None:  # there is nothing but comments, or end tags
        return ""
    lines = (" ".join(line.split()).strip("| ") for line in "".join(_pieces(root)).split("\n"))
    return "\n".join(line for line in lines if line)


def _uncovered(marked: str) -> str:
    """What stood in a CDATA section, which HTML would take for a comment, and what follows it."""
    inner, closed, rest = marked.partition("]]>")
    return inner + rest if closed else marked


def _pieces(root: etree._Element) -> list[str]:
    """The text in order; each block stands between line ends, the cells of a row between bars."""
    pieces: list[str] = []
    within: list[str] = []  # the tables, and the cells of rows of several, that hold what is read
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = str(element.tag)
        begins = event == "start"
        if tag in _CELLS and _has_neighbours(element):
            within = [*within, tag] if begins else within[:-1]
            pieces.append(" | " if begins else " ")
        elif tag in _BLOCKS:
            if tag == "table" and not begins:
                within.pop()
            pieces.append(" " if within and within[-1] in _CELLS else "\n")
            if tag == "table" and begins:
                within.append(tag)
        if begins and _is_unseen(element, tag):
            walk.skip_subtree()
        elif begins:
            pieces.append(_SPACES.sub(" ", element.text or ""))
        if not begins:
            pieces.append(_SPACES.sub(" ", element.tail or ""))
    return pieces


def _has_neighbours(cell: etree._Element) -> bool:
    return cell.getprevious() is not None or cell.getnext() is not None


def _is_unseen(element: etree._Element, tag: str) -> bool:
    return tag in _UNSEEN or "hidden" in element.attrib or _HIDING.search(element.get("style", "")) is not None
