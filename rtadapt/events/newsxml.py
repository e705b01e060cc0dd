"""News as XML: NewsML-G2 items and messages, RSS and Atom feeds, cut into the items in them.

Takes the bytes of a document; gives one object per item, with the fields that JSON of the same kind has, so that `ninjs` and
`feed_item` read it: what is an event, and what is wrong with one, is theirs to say. A document type is refused: nothing is
fetched or expanded.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from rtadapt.errors import InvalidEvent, Malformed
from rtadapt.events.draft import MAX_NAME_CHARS
from rtadapt.events.fields import fault

MEDIA_TYPES = frozenset(
    (
        *("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml"),
        *("application/vnd.iptc.g2.newsitem+xml", "application/vnd.iptc.g2.newsmessage+xml"),
    )
)

_SINGLES = ("newsItem", "entry")
_KNOWN = "NewsML-G2 (newsItem, newsMessage), RSS (rss, RDF) and Atom (feed, entry) are read"
_NITF = frozenset(("application/nitf+xml", "text/vnd.iptc.nitf", "application/vnd.iptc.nitf"))
_RSS = ("guid", "title", "link", "pubDate", "description")
_RSS_BESIDE = {"date": "dc:date", "encoded": "content:encoded"}


def items_of_xml(raw: bytes) -> tuple[list[dict[str, object] | InvalidEvent], bool]:
    """The items of a document, in order, and whether it is one item and not a list that happens to have one.

    Raises Malformed for what is no XML, or has a document type; InvalidEvent for a document of another kind.
    """
    root = _parsed(raw)
    name = _name(root)
    if name in ("newsItem", "newsMessage"):
        found = [root] if name == "newsItem" else [item for itemset in _all(root, "itemSet") for item in itemset]
        return [_news_item(item) for item in found], name in _SINGLES
    if name in ("rss", "RDF"):
        older = name == "RDF"  # in RSS 1 the items stand beside the channel
        channel = _first(root, "channel", foreign=older)
        found = list(_all(root if older else channel, "item", foreign=older))
        title = _text(_first(channel, "title"))
        return [_rss_item(item, title) for item in found], False
    if name in ("feed", "entry"):
        found = [root] if name == "entry" else list(_all(root, "entry"))
        title = _text(_first(root, "title")) if name == "feed" else ""
        return [_atom_entry(entry, title) for entry in found], name in _SINGLES
    raise fault("body", f"is XML of another kind: {_KNOWN}")


def _parsed(raw: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = etree.fromstring(raw.strip(), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise Malformed(f"not well-formed XML: line {line} column {column}", field="body") from error
    except ValueError as error:  # an encoding that nobody knows
        raise Malformed("not XML in an encoding that is known", field="body") from error
    if root.getroottree().docinfo.doctype:
        raise Malformed("the XML has a document type (DOCTYPE), which is not read: send it without", field="body")
    return root


def _news_item(item: etree._Element) -> dict[str, object] | InvalidEvent:
    """A NewsML-G2 item, as ninjs says it. Only news items hold a story."""
    if _name(item) != "newsItem":
        return fault("body", "holds a NewsML-G2 item that is no newsItem: packages, concepts and plans are not learned")
    meta, content = _first(item, "itemMeta"), _first(item, "contentMeta")
    made: dict[str, object] = {
        "uri": item.get("guid"),
        "version": item.get("version"),
        "type": _code(_first(meta, "itemClass")) or None,
        "pubStatus": _code(_first(meta, "pubStatus")) or None,
        "infoSources": [{"name": name} for found in _all(meta, "provider") if (name := _named(found))],
        "headlines": [
            {"role": _code_of(found.get("role", "")), "contentType": "text/plain", "value": _text(found)}
            for found in _all(content, "headline")
        ],
        "bodies": [body for part in _all(item, "contentSet") for body in map(_body, part) if body],
    }
    for name in ("versionCreated", "firstCreated", "embargoed"):
        found = _first(meta, name)
        if found is not None:
            made[name] = _text(found)
    if not made["bodies"]:
        made["descriptions"] = [{"value": _text(found)} for found in _all(content, "description")]
    return made


def _body(part: etree._Element) -> dict[str, object] | None:
    """One rendition of the content; None for what lies elsewhere."""
    name, media = _name(part), part.get("contenttype", "").partition(";")[0].strip().lower()
    if name == "inlineData":
        return {"contentType": media or "text/plain", "value": _text(part)}
    if name != "inlineXML":
        return None
    within = [_name(child) for child in part]
    if media in _NITF or "nitf" in within:
        story = next((found for found in part.iter(etree.Element) if _name(found) == "body.content"), None)
        return {"contentType": "text/html", "value": _markup(story)}
    return {"contentType": "text/html" if "html" in media or "html" in within else media, "value": _markup(part)}


def _rss_item(item: etree._Element, channel: str) -> dict[str, object]:
    """An item of RSS 2, or of RSS 1, whose id is what it is about."""
    made: dict[str, object] = {"description": "", "source": (_text(_first(item, "source")) or channel)[:MAX_NAME_CHARS]}
    made |= {name: _text(found) for name in _RSS if (found := _first(item, name)) is not None}
    for field, name in _RSS_BESIDE.items():
        found = _first(item, field, foreign=True)
        if found is not None:
            made[name] = _text(found)
    about = next((value for name, value in item.attrib.items() if str(name).endswith("}about")), None)
    if about is not None:
        made.setdefault("guid", about)
    return made


def _atom_entry(entry: etree._Element, feed: str) -> dict[str, object]:
    """An entry of Atom: its content, or where that lies elsewhere or is no text, its summary."""
    origin = _first(_first(entry, "source"), "title")
    made: dict[str, object] = {"source": (_text(origin) or feed)[:MAX_NAME_CHARS]}
    for name in ("id", "updated", "published"):
        found = _first(entry, name)
        if found is not None:
            made[name] = _text(found)
    title = _first(entry, "title")
    if title is not None:
        made["title"] = _markup(title) if title.get("type") == "xhtml" else _text(title)
    for found in (_first(entry, "content"), _first(entry, "summary")):
        kind = "" if found is None else found.get("type", "text").lower()
        if found is None or found.get("src") or not ("html" in kind or kind.startswith("text")):
            continue
        inner = kind not in ("html", "text/html") and "html" in kind
        made["content_html" if "html" in kind else "content_text"] = _markup(found) if inner else _text(found)
        break
    else:
        made["content_text"] = ""
    return made


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _all(parent: etree._Element | None, name: str, *, foreign: bool = False) -> Iterator[etree._Element]:
    """The children of this name in the parent's namespace, or with `foreign` those in another: `media:title` is no title."""
    for child in () if parent is None else parent:
        if _name(child) == name and (etree.QName(child).namespace != etree.QName(parent).namespace) == foreign:
            yield child


def _first(parent: etree._Element | None, name: str, *, foreign: bool = False) -> etree._Element | None:
    return next(_all(parent, name, foreign=foreign), None)


def _text(element: etree._Element | None) -> str:
    return "" if element is None else "".join(map(str, element.itertext())).strip()


def _markup(element: etree._Element | None) -> str:
    """The element as HTML: in XML a tag may have a prefix, or close itself, where HTML's may not."""
    if element is None:
        return ""
    copied = deepcopy(element)
    for inner in copied.iter(etree.Element):
        inner.tag = _name(inner)
    return str(etree.tostring(copied, encoding="unicode", method="html", with_tail=False))


def _named(element: etree._Element) -> str:
    """What a NewsML-G2 party is called: its name, or else its code."""
    return (_text(_first(element, "name")) or element.get("literal") or _code(element))[:MAX_NAME_CHARS]


def _code(element: etree._Element | None) -> str:
    return "" if element is None else _code_of(element.get("qcode") or element.get("uri") or "")


def _code_of(code: str) -> str:
    """The last part of a code: `stat:usable` and `…/pubstatusg2/usable` are usable."""
    return code.replace("/", ":").rpartition(":")[2]
