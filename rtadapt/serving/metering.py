"""What an answer cost, in tokens, for keys that may use so many a minute.

Owns the reading of an answer as it passes: the engine's own count where it says one, else about what went in and came out.
The answer is not touched, and nothing of it is kept but its first and last bytes. A piece of a stream may hold many tokens, for
whoever asks for that or reads slowly: its text counts, too.
"""

from __future__ import annotations

import re

from rtadapt.web.asked import Message, Send

_BYTES_A_TOKEN = 4
_TAIL_BYTES = 4096
_USAGE = re.compile(rb'"usage":\s*\{')
_TOTAL = re.compile(rb'"total_tokens":\s*(\d{1,9})')
_INPUT = re.compile(rb'"input_tokens":\s*(\d{1,9})')
_OUTPUT = re.compile(rb'"output_tokens":\s*(\d{1,9})')
_TEXT = re.compile(
    rb'"(?:text|content|reasoning|reasoning_content|arguments|delta|thinking|partial_json)":\s*"((?:[^"\\]|\\.)*)"', re.DOTALL
)


class Metered:
    """A `send` that sees what passes.

    In a string of the answer quotes are escaped, and what the engine says of usage comes after all that a model wrote as JSON,
    a tool's input: nobody can talk his count down. Of an answer whose asker left before its end nothing is known: it counts as
    the longest that he asked for, `longest_tokens`.
    """

    def __init__(self, send: Send, asked_bytes: int, longest_tokens: int) -> None:
        self._send = send
        self._asked_tokens = asked_bytes // _BYTES_A_TOKEN
        self._longest_tokens = longest_tokens
        self._answered = self._ended = False
        self._pieces = self._text_bytes = self._bytes = 0
        self._first = self._last = b""

    async def __call__(self, message: Message) -> None:
        """Send on."""
        if message["type"] == "http.response.start":
            self._answered = message["status"] == 200
        elif body := message.get("body", b""):
            if pieces := body.count(b"data: "):
                self._pieces += pieces
                self._text_bytes += sum(map(len, _TEXT.findall(body)))
            self._bytes += len(body)
            self._first = self._first or body[:_TAIL_BYTES]
            self._last = (self._last + body)[-_TAIL_BYTES:]
        await self._send(message)

    @property
    def tokens(self) -> int:
        """What the answer cost, as far as it came; nothing when it was a refusal."""
        if not self._answered:
            return 0
        said = self._last[max((found.start() for found in _USAGE.finditer(self._last)), default=len(self._last)) :]
        if total := _TOTAL.findall(said):
            return int(total[-1])
        went_in = _INPUT.findall(said) or _INPUT.findall(self._first)
        came_out = _OUTPUT.findall(said)
        return (int(went_in[-1]) if went_in else self._asked_tokens) + (int(came_out[-1]) if came_out else self._about())

    def _about(self) -> int:
        """About what came out, where the engine says nothing."""
        if self._pieces:
            return max(self._pieces, self._text_bytes // _BYTES_A_TOKEN)
        return self._longest_tokens if self._last in (b"", b"null") else self._bytes // _BYTES_A_TOKEN


def longest_tokens(body: dict[str, object], otherwise: int) -> int:
    """The most tokens that a request's answers may have: what it says itself, for each of its choices, or `otherwise`."""
    asked = [body.get(name) for name in ("max_tokens", "max_completion_tokens", "max_output_tokens")]
    most = min((number for number in asked if isinstance(number, int) and number > 0), default=otherwise)
    choices, prompts = body.get("n"), body.get("prompt")
    each = choices if isinstance(choices, int) and choices > 0 else 1
    if isinstance(prompts, list) and prompts and not isinstance(prompts[0], int):  # else it is one, perhaps in ids
        each *= len(prompts)
    return min(most, otherwise) * each
