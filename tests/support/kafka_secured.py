"""A real broker that asks who is there: one listener for client certificates, one for OAUTHBEARER tokens.

Tokens are unsecured JWTs, which is what a Kafka broker checks that was given no keys. Certificates are made with openssl.
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
from pathlib import Path

from tests.support.kafka_broker import BROKER, Broker

_CLAIMS = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'


def make_certificates(folder: Path) -> None:
    """`ca.crt`, and `broker` and `client` as .key, .crt (signed by it) and, for the broker, both as one .pem."""
    extensions = folder / "san.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    new_key = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    _openssl(folder, "req", "-x509", *new_key, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt")
    for name in ("broker", "client"):
        _openssl(folder, "req", *new_key[:3], "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san.ext")
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.crt")
    (folder / "broker.pem").write_text((folder / "broker.key").read_text() + (folder / "broker.crt").read_text())


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def unsecured_token(name: str, life_seconds: int = 3600) -> str:
    """A JWT without a signature, of the user `name`."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"sub": name, "iat": now, "exp": now + life_seconds, "scope": "kafka"})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


class SecuredBroker(Broker):
    """A broker whose `port` is for us, `tls_port` for clients with a certificate and `token_port` for those with a token."""

    def __init__(self, folder: Path, tls_port: int, token_port: int) -> None:
        super().__init__(folder)
        self.tls_port, self.token_port = tls_port, token_port

    def command(self) -> list[str]:
        """As the shared `run` does it, with two listeners more."""
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        text = (BROKER.parent / "server.properties").read_text()
        for name, value in (("DATA", data), ("PORT", self.port), ("CONTROLLER", self.port + 1)):
            text = text.replace(f"@{name}@", str(value))
        outside = f"TLS://127.0.0.1:{self.tls_port},TOKEN://127.0.0.1:{self.token_port}"
        lines = {
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.port + 1},{outside}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port},{outside}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,TOKEN:SASL_PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.name.tls.ssl.client.auth": "required",
            "listener.name.tls.ssl.keystore.type": "PEM",
            "listener.name.tls.ssl.keystore.location": self.folder / "broker.pem",
            "listener.name.tls.ssl.truststore.type": "PEM",
            "listener.name.tls.ssl.truststore.location": self.folder / "ca.crt",
            "listener.name.token.sasl.enabled.mechanisms": "OAUTHBEARER",
            "listener.name.token.oauthbearer.sasl.jaas.config": _CLAIMS,
        }
        kept = [line for line in text.splitlines() if line.partition("=")[0] not in lines]
        properties = self.folder / "secured.properties"
        properties.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in lines.items())]) + "\n")
        java = ["java", "-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{BROKER.parent}/libs/*"]
        tool = [*java, "kafka.tools.StorageTool"]
        made = subprocess.run([*tool, "random-uuid"], check=True, capture_output=True, text=True, timeout=120)
        cluster = made.stdout.strip().splitlines()[-1]
        formatted = [*tool, "format", "--cluster-id", cluster, "--standalone", "--config", str(properties)]
        subprocess.run(formatted, check=True, capture_output=True, timeout=120)
        return [*java, f"-Dlog4j2.configurationFile={BROKER.parent}/log4j2.properties", "kafka.Kafka", str(properties)]
