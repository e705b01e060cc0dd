"""What the registry promises where workers sign: a head says only what they have said, however it is moved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rtadapt.errors import ArtifactDamaged
from rtadapt.records import Head
from rtadapt.registry import codec
from rtadapt.registry.registry import Registry
from tests.support.registry_steps import Settings, move_on, publish
from tests.unit.test_signing import key_files


@pytest.fixture
def signing(settings: Settings, tmp_path: Path) -> Iterator[Registry]:
    """A worker's: it signs, and believes what it has signed."""
    private, public = key_files(tmp_path, "ours")
    opened = Registry(settings(signing_key_file=private, trusted_keys_file=public))
    yield opened
    opened.close()


def head(registry: Registry) -> Head:
    found = registry.head("news")
    assert found is not None
    return found


def forge(registry: Registry, positions: str) -> None:
    registry.connection.redis.hset(codec.feed_key("news", "head"), "positions", positions)


def test_every_commit_signs_where_the_head_stands(signing: Registry) -> None:
    epoch = signing.claim("news", "worker")
    first = publish(signing, 0, epoch=epoch, offset=3)
    signing.signatures.check_version(first, head(signing).origin)
    move_on(signing, epoch=epoch, parent=1, offset=7)  # a batch of which nothing was learned
    assert dict(head(signing).positions) == {0: 7}
    assert signing.signatures.vouch_for(head(signing))
    record = signing.version("news", 1)
    assert record == first


def test_a_head_that_somebody_else_moved_is_not_signed_by_the_next_commit(signing: Registry) -> None:
    epoch = signing.claim("news", "worker")
    publish(signing, 0, epoch=epoch, offset=3)
    forge(signing, '{"0":3,"1":99}')
    assert not signing.signatures.vouch_for(head(signing))
    for commit in (lambda: publish(signing, 1, epoch=epoch, offset=4), lambda: move_on(signing, epoch=epoch, parent=1, offset=4)):
        with pytest.raises(ArtifactDamaged, match="head"):
            commit()
    assert head(signing).version == 1
    forge(signing, '{"0":3}')
    publish(signing, 1, epoch=epoch, offset=4)
    assert signing.signatures.vouch_for(head(signing))


def test_a_commit_without_the_key_leaves_no_signature_of_an_earlier_one(signing: Registry, settings: Settings) -> None:
    publish(signing, 0, epoch=signing.claim("news", "worker"), offset=3)
    stranger = Registry(settings())
    move_on(stranger, epoch=stranger.claim("news", "stranger"), parent=1, offset=9)
    stranger.close()
    assert head(signing).signature == ""
    assert not signing.signatures.vouch_for(head(signing))


def test_a_rewind_and_trust_leave_what_was_signed_as_it_is(signing: Registry, settings: Settings) -> None:
    epoch = signing.claim("news", "worker")
    versions = [publish(signing, parent, epoch=epoch) for parent in range(3)]
    before = head(signing)
    operator = Registry(settings())  # without a key
    operator.rewind("news", 1)
    for _ in range(2):
        operator.change_route("news", "trust")
    operator.close()
    after = head(signing)
    assert after.incarnation != before.incarnation
    assert (after.version, after.positions, after.origin) == (1, before.positions, before.origin)
    assert signing.signatures.vouch_for(after)
    signing.signatures.check_version(versions[0], after.origin)
    signing.commit(
        "news",
        epoch=signing.claim("news", "worker"),
        parent=1,
        number=4,
        positions={0: 5},
        candidate=None,
        events=[],
        measures={},
        statuses=[],
    )
    assert signing.signatures.vouch_for(head(signing))


def test_what_was_signed_for_a_feed_that_was_deleted_is_not_for_the_one_that_is_made_again(signing: Registry) -> None:
    old = publish(signing, 0, epoch=signing.claim("news", "worker"), offset=3)
    signature = head(signing).signature
    signing.delete_feed("news", 0, 3)
    epoch = signing.claim("news", "worker")
    anew = head(signing)
    assert (dict(anew.positions), anew.signature) == ({0: 3}, "")
    signing.connection.redis.hset(codec.feed_key("news", "head"), "signed", signature)
    assert not signing.signatures.vouch_for(head(signing))
    signing.connection.redis.hdel(codec.feed_key("news", "head"), "signed")
    with pytest.raises(ArtifactDamaged):
        signing.signatures.check_version(old, anew.origin)
    publish(signing, 0, epoch=epoch, offset=4)
    assert signing.signatures.vouch_for(head(signing))
