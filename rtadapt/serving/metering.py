"""What an answer cost, in tokens, for keys that may use so many a minute.

Owns the reading of an answer as it passes: the engine's own count where it says one, else about what went in and came out.
The answer is not touched, and nothing of it is kept but its last bytes.
"""

from __future__ import annotations

import re

from rtadapt.web.asked import Message, Send

_BYTES_A_TOKEN = 4
_TAIL_BYTES = 4096
_TOTAL = re.compile(rb'"total_tokens":\s*(\d{1,9})')
_INPUT = re.compile(rb'"input_tokens":\s*(\d{1,9})')
_OUTPUT = re.compile(rb'"output_tokens":\s*(\d{1,9})')


class Metered:
    """A `send` that sees what passes. In a string of the answer quotes are escaped, so nobody can talk his count down."""

    def __init__(self, send: Send, asked_bytes: int) -> None:
        self._send = send
        self._asked_bytes = asked_bytes
        self._answered = False
        self._pieces = 0
        self._bytes = 0
        self._first = self._last = b""

    async def __call__(self, message: Message) -> None:
        """Send on."""
        if message["type"] == "http.response.start":
            self._answered = message["status"] == 200
        elif body := message.get("body", b""):
            self._pieces += body.count(b"data: ")
            self._bytes += len(body)
            self._first = self._first or body[:_TAIL_BYTES]
            self._last = (self._last + body)[-_TAIL_BYTES:]
        await self._send(message)

    @property
    def tokens(self) -> int:
        """What the answer cost, as far as it came; nothing when it was a refusal."""
        if not self._answered:
            return 0
        if total := _TOTAL.findall(self._last):
            return int(total[-1])
        went_in = _INPUT.findall(self._first) or _INPUT.findall(self._last)
        came_out = _OUTPUT.findall(self._last)
        asked = int(went_in[-1]) if went_in else self._asked_bytes // _BYTES_A_TOKEN
        return asked + (int(came_out[-1]) if came_out else self._pieces or self._bytes // _BYTES_A_TOKEN)
