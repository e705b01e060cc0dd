"""Tokens for a login to Kafka by OAUTHBEARER: from a file that somebody else keeps fresh, or from an OAuth 2 token endpoint.

kafka-python asks for one at each connection, and again before a broker's session ends. A secret and a token are read or fetched
when they are needed, are never shown, and a token is kept no longer than four fifths of its life.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import httpx
from kafka.errors import KafkaConnectionError
from kafka.net.sasl.oauth import AbstractTokenProvider

logger = logging.getLogger(__name__)

_KEPT_SHARE = 0.8
_DEFAULT_LIFE_SECONDS = 300.0
"""How long a token is taken to live when its endpoint doesn't say."""


class TokenFile(AbstractTokenProvider):  # type: ignore[misc]  # kafka-python has no types
    """The token in a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def token(self) -> str:
        """What the file says now. Raises KafkaConnectionError."""
        try:
            found = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _failed(f"its file could not be read: {type(error).__name__}") from error
        if not found:
            raise _failed("its file is empty")
        return found


class ClientCredentials(AbstractTokenProvider):  # type: ignore[misc]
    """Tokens by OAuth 2's client credentials grant. Safe to use from several threads: Kafka's clients have one each."""

    def __init__(self, url: str, client_id: str, secret_file: Path, scope: str | None, timeout_seconds: float) -> None:
        super().__init__()
        self._url, self._client_id, self._secret_file = url, client_id, secret_file
        self._form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._token = ""
        self._kept_until = 0.0

    def token(self) -> str:
        """The present token; a new one when it has lived for most of its time. Raises KafkaConnectionError."""
        with self._lock:
            if time.monotonic() >= self._kept_until:
                self._token, life_seconds = self._fetched()
                self._kept_until = time.monotonic() + life_seconds * _KEPT_SHARE
            return self._token

    def _fetched(self) -> tuple[str, float]:
        """A new token and how many seconds it lives."""
        try:
            secret = self._secret_file.read_text(encoding="utf-8").strip()
            answer = httpx.post(self._url, data=self._form, auth=(self._client_id, secret), timeout=self._timeout_seconds)
            answer.raise_for_status()
            body = answer.json()
            token, life = body["access_token"], body.get("expires_in", _DEFAULT_LIFE_SECONDS)
        except httpx.HTTPStatusError as error:
            raise _failed(f"the endpoint answered {error.response.status_code}") from error
        except (httpx.HTTPError, OSError) as error:
            raise _failed(f"the endpoint, or the secret's file, could not be read: {type(error).__name__}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _failed("the endpoint's answer holds no access_token") from error
        if not isinstance(token, str) or not token or isinstance(life, bool) or not isinstance(life, (int, float)):
            raise _failed("the endpoint's answer holds no access_token, or no number in expires_in")
        return token, float(life)


def _failed(why: str) -> KafkaConnectionError:
    logger.warning("no token for the login to Kafka", extra={"why": why})
    return KafkaConnectionError(f"no token: {why}")
