"""How Kafka's clients encrypt and log in.

Takes the event log's settings; gives the arguments that kafka-python's clients need beside the brokers' addresses. Passwords and
certificates are read from their files each time a client is made, so that they may be rotated, and are never kept or shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rtadapt.config import EventLogSettings
from rtadapt.errors import InvalidSettings
from rtadapt.events.kafka_tokens import ClientCredentials, TokenFile

_FILES = {"ca_file": "ssl_cafile", "cert_file": "ssl_certfile", "key_file": "ssl_keyfile"}


def security_of(settings: EventLogSettings) -> dict[str, Any]:
    """Arguments for encryption and login. Raises InvalidSettings for a login that is not complete, or an unreadable file."""
    options: dict[str, Any] = _encryption(settings)
    mechanism = settings.sasl_mechanism
    if mechanism is not None:
        options["sasl_mechanism"] = mechanism
        options |= {"sasl_oauth_token_provider": _tokens(settings)} if mechanism == "OAUTHBEARER" else _login(settings)
    elif settings.token_file is not None or settings.token_url is not None:
        named = "token_url" if settings.token_file is None else "token_file"
        raise _fault(named, "is for logins with a token: set event_log.sasl_mechanism to OAUTHBEARER")
    if settings.tls or mechanism is not None:
        login, channel = "SASL_" if mechanism else "", "SSL" if settings.tls else "PLAINTEXT"
        options["security_protocol"] = login + channel
    return options


def _encryption(settings: EventLogSettings) -> dict[str, Any]:
    """The authority that the brokers are checked by, and the certificate that they are shown."""
    options: dict[str, Any] = {}
    for name, option in _FILES.items():
        file: Path | None = getattr(settings, name)
        if file is None:
            continue
        if not settings.tls:
            raise _fault(name, "is for encrypted connections: set event_log.tls too")
        if not file.is_file():
            raise InvalidSettings(f"the file {file} is not there", field=f"event_log.{name}")
        options[option] = str(file)
    if (settings.cert_file is None) != (settings.key_file is None):
        lone = "cert_file" if settings.key_file is None else "key_file"
        raise _fault(lone, "is one half: a client certificate needs event_log.cert_file and event_log.key_file")
    return options


def _login(settings: EventLogSettings) -> dict[str, Any]:
    if not settings.username or settings.password_file is None:
        raise InvalidSettings("a login needs event_log.username and event_log.password_file", field="event_log.sasl_mechanism")
    return {"sasl_plain_username": settings.username, "sasl_plain_password": _password(settings.password_file)}


def _tokens(settings: EventLogSettings) -> TokenFile | ClientCredentials:
    if (settings.token_file is None) == (settings.token_url is None):
        why = "OAUTHBEARER needs one of event_log.token_file and event_log.token_url"
        raise InvalidSettings(why, field="event_log.sasl_mechanism")
    if settings.token_file is not None:
        return TokenFile(settings.token_file)
    assert settings.token_url is not None
    if not settings.token_url.startswith(("https://", "http://")):
        raise _fault("token_url", "must begin with https:// or http://")
    if not settings.username or settings.password_file is None:
        raise _fault("token_url", "needs event_log.username (the client's id) and event_log.password_file (its secret)")
    _password(settings.password_file)
    return ClientCredentials(
        settings.token_url, settings.username, settings.password_file, settings.token_scope, settings.timeout_seconds / 2
    )


def _password(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"the file {file} could not be read: {type(error).__name__}"
        raise InvalidSettings(message, field="event_log.password_file") from error


def _fault(name: str, why: str) -> InvalidSettings:
    return InvalidSettings(f"event_log.{name} {why}", field=f"event_log.{name}")
