"""How Kafka's clients encrypt and log in, from settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtadapt.config import EventLogSettings
from rtadapt.errors import InvalidSettings
from rtadapt.events.kafka import connection_of


def connection(**fields: Any) -> dict[str, Any]:
    return connection_of(EventLogSettings(url="kafka://broker:9093", **fields))


def test_without_settings_nothing_is_asked_for() -> None:
    assert "security_protocol" not in connection()


def test_tls_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text("certificate")
    made = connection(tls=True, ca_file=authority)
    assert (made["security_protocol"], made["ssl_cafile"]) == ("SSL", str(authority))


@pytest.mark.parametrize(("tls", "protocol"), [(True, "SASL_SSL"), (False, "SASL_PLAINTEXT")])
def test_a_login_takes_its_password_from_the_file(tmp_path: Path, tls: bool, protocol: str) -> None:
    password = tmp_path / "password"
    password.write_text("correct horse\n")
    made = connection(tls=tls, sasl_mechanism="SCRAM-SHA-512", username="rtadapt", password_file=password)
    assert made["security_protocol"] == protocol
    assert made["sasl_plain_username"] == "rtadapt"
    assert made["sasl_plain_password"] == "correct horse"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"sasl_mechanism": "PLAIN"}, "event_log.sasl_mechanism"),
        ({"sasl_mechanism": "PLAIN", "username": "u"}, "event_log.sasl_mechanism"),
        ({"sasl_mechanism": "PLAIN", "username": "u", "password_file": Path("/nowhere/password")}, "event_log.password_file"),
        ({"ca_file": Path("/nowhere/ca.crt"), "tls": True}, "event_log.ca_file"),
        ({"ca_file": Path("/nowhere/ca.crt")}, "event_log.ca_file"),
    ],
)
def test_what_is_incomplete_is_refused_by_name(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        connection(**fields)
    assert refusal.value.field == field
