"""The client of a Redis-protocol server, of a cluster, or of whatever server the sentinels name at the time.

Owns what a URL may say, and the limits that every client has. Connects to nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import redis
from redis import connection as client_connection
from redis.backoff import ExponentialBackoff
from redis.cluster import RedisCluster
from redis.exceptions import ConnectionError as Unconnected
from redis.retry import Retry
from redis.sentinel import Sentinel

from rtadapt.config import RegistrySettings
from rtadapt.errors import InvalidSettings

_MAX_CONNECTIONS = 64
_SENTINEL_PORT = 26379
_SCHEMES = ("redis+sentinel", "rediss+sentinel")
_WRONG = (
    "registry.url must begin with redis://, rediss:// or unix://, or with redis+sentinel:// or rediss+sentinel:// and name the"
    " sentinels and the service, as in redis+sentinel://host:26379,host:26379/service/0 (embedded: is for `rtadapt up`); behind"
    " the server there is /, the number of a database, and nothing else; percent-encode whatever is no letter, digit, - . _ or ~"
    " in a user or password: a / is %2F, a # is %23"
)
_parse_url: Any = client_connection.parse_url


def check_url(settings: RegistrySettings) -> None:
    """Return if the URL can be one. Raises InvalidSettings, which never repeats it: it may hold a password."""
    try:
        if settings.url.startswith(_SCHEMES):
            _watched(settings)
        else:
            _parse_url(settings.url)
            url = urlsplit(settings.url)
            if url.scheme != "unix" and not re.fullmatch(r"/?\d*", url.path):
                raise ValueError  # which the client takes for database 0
    except ValueError as error:
        raise InvalidSettings(_WRONG, field="registry.url") from error


def client_of(settings: RegistrySettings) -> Any:
    """A client with our limits. One of a cluster asks for its layout at once."""
    limits: dict[str, Any] = {
        "socket_timeout": settings.timeout_seconds,
        "socket_connect_timeout": settings.timeout_seconds,
        "retry": Retry(ExponentialBackoff(cap=0.2, base=0.02), 2, (Unconnected,)),
        "max_connections": _MAX_CONNECTIONS,
        "decode_responses": True,
        "protocol": 2,
    }
    if settings.url.startswith("rediss") and settings.ca_file is not None:
        limits["ssl_ca_certs"] = str(settings.ca_file)
    if settings.url.startswith(_SCHEMES):
        sentinels, service, more = _watched(settings)
        own = {name: value for name, value in limits.items() if name not in ("max_connections", "retry")}
        return Sentinel(sentinels, sentinel_kwargs=own | _secured(more) | _login(settings, more)).master_for(  # type: ignore[no-untyped-call]
            service, **limits, **more
        )
    make = RedisCluster.from_url if settings.cluster else redis.Redis.from_url
    return make(settings.url, **limits)


def close(client: Any) -> None:
    """Close its connections, also those to the sentinels, which are clients of their own."""
    client.close()
    watching = getattr(getattr(client, "connection_pool", None), "sentinel_manager", None)
    for sentinel in watching.sentinels if watching is not None else ():
        sentinel.close()


def _watched(settings: RegistrySettings) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    """The sentinels, the service, and how to connect to its server. Raises ValueError for a URL that says something else."""
    url = urlsplit(settings.url)
    service, _, database = url.path.strip("/").partition("/")
    login, _, addresses = url.netloc.rpartition("@")
    user, _, password = login.partition(":")
    if not service or settings.cluster or url.fragment or parse_qs(url.query, strict_parsing=bool(url.query)):
        raise ValueError
    more: dict[str, Any] = {"db": int(database or 0)}
    more |= {name: unquote(text) for name, text in (("username", user), ("password", password)) if text}
    if url.scheme == "rediss+sentinel":
        more["ssl"] = True
    return [_address(address) for address in addresses.split(",")], unquote(service), more


def _address(text: str) -> tuple[str, int]:
    split = urlsplit(f"//{text}")
    if not split.hostname:
        raise ValueError
    return split.hostname, split.port or _SENTINEL_PORT


def _secured(more: Mapping[str, Any]) -> dict[str, Any]:
    return {"ssl": True} if more.get("ssl") else {}


def _login(settings: RegistrySettings, more: Mapping[str, Any]) -> dict[str, Any]:
    """The sentinels' own: that of the server, where they ask for one."""
    return {name: more[name] for name in ("username", "password") if name in more} if settings.sentinel_login else {}
