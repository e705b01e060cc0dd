"""Logins to a real broker: a client certificate, and OAUTHBEARER with tokens of an endpoint or a file."""

from __future__ import annotations

import base64
import json
import shutil
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from kafka.errors import KafkaConnectionError

from rtadapt.config import EventLogSettings
from rtadapt.errors import Unavailable
from rtadapt.events.kafka import KafkaLog
from rtadapt.events.kafka_tokens import ClientCredentials
from tests.support.kafka_broker import free_port_pair, has_broker
from tests.support.kafka_secured import SecuredBroker, make_certificates, unsecured_token

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_broker() or shutil.which("openssl") is None, reason="needs Kafka's files and openssl"),
]


class TokenEndpoint:
    """An OAuth 2 token endpoint for one client. `life` is what it says in expires_in."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.life: object = 3600
        endpoint = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                given = base64.b64decode(self.headers["authorization"].removeprefix("Basic ")).decode()
                endpoint.asked.append(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))
                body = json.dumps({"access_token": unsecured_token("rtadapt"), "expires_in": endpoint.life}).encode()
                self.send_response(200 if given == "app:s3cret" else 401)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_port}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint()
    yield endpoint
    endpoint.server.shutdown()
    endpoint.server.server_close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    folder = tmp_path_factory.mktemp("kafka")
    make_certificates(folder)
    broker = SecuredBroker(folder, free_port_pair(), free_port_pair())
    broker.start()
    yield broker
    broker.stop()


def settings(port: int, **more: Any) -> EventLogSettings:
    name = uuid.uuid4().hex[:10]
    named = {"topic": f"events-{name}", "dead_letter_topic": f"dead-{name}", "group": f"workers-{name}"}
    return EventLogSettings.model_validate({"url": f"kafka://127.0.0.1:{port}", **named, **more})


def check_takes_and_gives(log_settings: EventLogSettings) -> None:
    log = KafkaLog(log_settings)
    try:
        log.append([("news", b"1")])
        reader = log.reader(lambda partition: 0)
        try:
            read: list[bytes] = []
            for _ in range(60):
                read += [record.value for record in reader.poll(1.0, 10)]
                if read:
                    break
            assert read == [b"1"]
        finally:
            reader.close()
    finally:
        log.close()


def certificates(broker: SecuredBroker, *names: str) -> dict[str, Any]:
    files = {"ca_file": "ca.crt", "cert_file": "client.crt", "key_file": "client.key"}
    return {"tls": True} | {name: broker.folder / files[name] for name in names}


def test_a_client_certificate_opens_the_log_and_without_one_it_stays_shut(broker: SecuredBroker) -> None:
    check_takes_and_gives(settings(broker.tls_port, **certificates(broker, "ca_file", "cert_file", "key_file")))
    with pytest.raises(Unavailable):
        KafkaLog(settings(broker.tls_port, timeout_seconds=3, **certificates(broker, "ca_file")))


def test_one_token_of_the_endpoint_opens_every_connection_and_a_wrong_secret_none(
    broker: SecuredBroker, endpoint: TokenEndpoint, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    login = {"sasl_mechanism": "OAUTHBEARER", "token_url": endpoint.url, "token_scope": "kafka", "username": "app"}
    check_takes_and_gives(settings(broker.token_port, password_file=secret, **login))
    assert endpoint.asked == [{"grant_type": ["client_credentials"], "scope": ["kafka"]}]
    secret.write_text("guess")
    with pytest.raises(Unavailable):
        KafkaLog(settings(broker.token_port, timeout_seconds=3, password_file=secret, **login))


def test_a_token_in_a_file_opens_the_log(broker: SecuredBroker, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(unsecured_token("rtadapt"))
    check_takes_and_gives(settings(broker.token_port, sasl_mechanism="OAUTHBEARER", token_file=token))


def test_a_token_is_kept_for_no_longer_than_it_lives(endpoint: TokenEndpoint, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    tokens = ClientCredentials(endpoint.url, "app", secret, None, 5.0)
    endpoint.life = 0
    assert tokens.token()
    assert tokens.token()
    assert len(endpoint.asked) == 2
    endpoint.life = "soon"
    with pytest.raises(KafkaConnectionError, match="expires_in"):
        tokens.token()
