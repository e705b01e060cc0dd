"""What the registry's client may raise, and what becomes of it."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from redis.exceptions import ClusterError, InvalidResponse, RedisClusterException, RedisError, ResponseError

from rtadapt.config import RegistrySettings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.registry.client import check_url
from rtadapt.registry.registry import Registry


@pytest.mark.parametrize(
    "error",
    [
        ClusterError("TTL exhausted."),
        RedisClusterException("no node answers"),
        InvalidResponse("rubbish"),
        ResponseError("OOM command not allowed"),
        RedisError("whatever comes"),
    ],
)
def test_whatever_the_client_raises_is_unavailable(error: Exception) -> None:
    registry = Registry(RegistrySettings(url="redis://127.0.0.1:1/0"))
    registry.connection._client = Mock(hgetall=Mock(side_effect=error), evalsha=Mock(side_effect=error))
    with pytest.raises(Unavailable):
        registry.head("news")
    with pytest.raises(Unavailable):
        registry.claim("news", "worker")


@pytest.mark.parametrize("error", [ValueError("I/O operation on closed file."), AttributeError("no sendall")])
def test_a_client_that_another_thread_left_under_a_command_is_unavailable(error: Exception) -> None:
    registry = Registry(RegistrySettings(url="redis://127.0.0.1:1/0"))

    def left(*_: object) -> None:
        registry.connection._client = Mock()
        raise error

    registry.connection._client = Mock(hgetall=left)
    with pytest.raises(Unavailable, match="was left"):
        registry.head("news")
    registry.connection._client = Mock(hgetall=Mock(side_effect=error))
    with pytest.raises(type(error)):  # nobody left this one: what is wrong is ours
        registry.head("news")


@pytest.mark.parametrize("password", ["ab/cd+ef=", "ab#cd", "ab?cd"])
def test_a_password_that_is_not_encoded_is_refused_with_what_to_do_and_not_repeated(password: str) -> None:
    with pytest.raises(InvalidSettings, match="percent-encode") as refused:
        check_url(RegistrySettings(url=f"redis://:{password}@127.0.0.1:6379/0"))
    assert password not in str(refused.value)


@pytest.mark.parametrize("place", ["redis://redis:6379/news", "rediss://redis/1x", "redis://redis:6379/0/1"])
def test_a_database_that_is_no_number_is_refused_and_not_taken_for_the_first(place: str) -> None:
    with pytest.raises(InvalidSettings, match="the number of a database"):
        check_url(RegistrySettings(url=place))


@pytest.mark.parametrize(
    "place", ["redis://redis:6379", "redis://redis:6379/", "rediss://user:word@redis/12?timeout=1", "unix:///run/a.sock?db=2"]
)
def test_a_database_may_be_named_or_not(place: str) -> None:
    check_url(RegistrySettings(url=place))
