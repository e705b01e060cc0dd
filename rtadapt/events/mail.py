"""What somebody wrote in a mail: its own words, without the parts that are no text and without the mail that it answers.

Takes the body of a mail and its media type; gives text. Python's email package does the parsing.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from rtadapt.events.markup import text_of_markup

_ANSWERED = re.compile(
    r"^[ \t>]*(?:On .{4,200}?\bwrote:|-{2,} ?(?:Original Message|Forwarded message) ?-{2,}|From: .{1,200}\nSent: )[ \t]*$",
    re.MULTILINE | re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(r"^[ \t]*>.*\n?", re.MULTILINE)


def text_of_mail(media: str, body: str) -> str:
    """The text of a mail of the type `media` (`multipart/…` with its boundary, or `message/rfc822`).

    Raises ValueError when it holds neither plain text nor HTML, or can't be taken apart.
    """
    head = "" if media.lower().startswith("message/") else f"Content-Type: {' '.join(media.split())}\n\n"
    message = message_from_bytes((head + body).encode("utf-8", "replace"), _class=EmailMessage, policy=default)
    part = message.get_body(("plain", "html"))
    if part is None:
        raise ValueError("has no part that is plain text or HTML")
    try:
        text = part.get_content()
    except (LookupError, ValueError, AttributeError) as error:
        raise ValueError("has a text part whose encoding is not understood") from error
    if not isinstance(text, str):
        raise ValueError("has a text part whose encoding is not understood")
    return without_answered(text_of_markup(text) if part.get_content_subtype() == "html" else text)


def without_answered(text: str) -> str:
    """The text without the mail that it answers: another one's words must not be taken for the writer's."""
    answered = _ANSWERED.search(text)
    return _QUOTED.sub("", text[: answered.start()] if answered else text)
