"""How Kafka's clients encrypt and log in.

Takes the event log's settings; gives the arguments that kafka-python's clients need beside the brokers' addresses. The
password is read from its file each time a client is made, so that it may be rotated, and is never kept or shown.
"""

from __future__ import annotations

from typing import Any

from rtadapt.config import EventLogSettings
from rtadapt.errors import InvalidSettings


def security_of(settings: EventLogSettings) -> dict[str, Any]:
    """Arguments for encryption and login. Raises InvalidSettings for a login that is not complete, or an unreadable file."""
    options: dict[str, Any] = {}
    if settings.ca_file is not None:
        if not settings.tls:
            raise InvalidSettings(
                "event_log.ca_file is for encrypted connections: set event_log.tls too", field="event_log.ca_file"
            )
        if not settings.ca_file.is_file():
            raise InvalidSettings(f"the file {settings.ca_file} is not there", field="event_log.ca_file")
        options["ssl_cafile"] = str(settings.ca_file)
    if settings.sasl_mechanism is not None:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.username
        options["sasl_plain_password"] = _password(settings)
    if settings.tls or settings.sasl_mechanism is not None:
        login, channel = "SASL_" if settings.sasl_mechanism else "", "SSL" if settings.tls else "PLAINTEXT"
        options["security_protocol"] = login + channel
    return options


def _password(settings: EventLogSettings) -> str:
    if not settings.username or settings.password_file is None:
        raise InvalidSettings("a login needs event_log.username and event_log.password_file", field="event_log.sasl_mechanism")
    try:
        return settings.password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"the file {settings.password_file} could not be read: {type(error).__name__}"
        raise InvalidSettings(message, field="event_log.password_file") from error
