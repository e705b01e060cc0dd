"""How Kafka's clients encrypt and log in, from settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kafka.errors import KafkaError

from rtadapt.config import EventLogSettings
from rtadapt.errors import InvalidSettings
from rtadapt.events.kafka import connection_of

TOKENS: dict[str, Any] = {
    "sasl_mechanism": "OAUTHBEARER",
    "token_url": "https://id.example/token",
    "username": "app",
    "password_file": Path(__file__),
}


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


def test_a_client_certificate_is_shown_beside_the_authority(tmp_path: Path) -> None:
    names = {"ca_file": "ca.crt", "cert_file": "tls.crt", "key_file": "tls.key"}
    for name in names.values():
        (tmp_path / name).write_text("x")
    made = connection(tls=True, **{field: tmp_path / name for field, name in names.items()})
    assert (made["ssl_certfile"], made["ssl_keyfile"]) == (str(tmp_path / "tls.crt"), str(tmp_path / "tls.key"))
    assert made["security_protocol"] == "SSL"


def test_a_token_is_read_from_its_file_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    made = connection(sasl_mechanism="OAUTHBEARER", token_file=file, tls=True)
    assert made["security_protocol"] == "SASL_SSL"
    tokens = made["sasl_oauth_token_provider"]
    for content in ("", None):
        if content is not None:
            file.write_text(content)
        with pytest.raises(KafkaError):
            tokens.token()
    for token in ("one", "two"):
        file.write_text(token + "\n")
        assert tokens.token() == token


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"sasl_mechanism": "PLAIN"}, "event_log.sasl_mechanism"),
        ({"sasl_mechanism": "PLAIN", "username": "u"}, "event_log.sasl_mechanism"),
        ({"sasl_mechanism": "PLAIN", "username": "u", "password_file": Path("/nowhere/password")}, "event_log.password_file"),
        ({"ca_file": Path("/nowhere/ca.crt"), "tls": True}, "event_log.ca_file"),
        ({"ca_file": Path("/nowhere/ca.crt")}, "event_log.ca_file"),
        ({"cert_file": Path("/nowhere/tls.crt")}, "event_log.cert_file"),
        ({"cert_file": Path(__file__), "tls": True}, "event_log.cert_file"),
        ({"key_file": Path(__file__), "tls": True}, "event_log.key_file"),
        ({"cert_file": Path(__file__), "key_file": Path("/nowhere/tls.key"), "tls": True}, "event_log.key_file"),
        ({"sasl_mechanism": "OAUTHBEARER"}, "event_log.sasl_mechanism"),
        (TOKENS | {"token_file": Path(__file__)}, "event_log.sasl_mechanism"),
        (TOKENS | {"token_url": "id.example/token"}, "event_log.token_url"),
        (TOKENS | {"username": None}, "event_log.token_url"),
        (TOKENS | {"password_file": Path("/nowhere/secret")}, "event_log.password_file"),
        ({"token_url": "https://id.example/token"}, "event_log.token_url"),
        ({"token_file": Path("/nowhere/token")}, "event_log.token_file"),
    ],
)
def test_what_is_incomplete_is_refused_by_name(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        connection(**fields)
    assert refusal.value.field == field
