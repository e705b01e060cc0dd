"""Routing: which version answers, and what is said when none can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtadapt.errors import InvalidRequest, ModelNotFound, Unavailable
from rtadapt.records import Head, Position, Token
from rtadapt.serving.routing import Coverage, FeedView, ServingView, TargetKind, check_token, coverage, falls_in, never, resolve


def view_of(feed: FeedView | None = None) -> ServingView:
    feed = feed or FeedView("news", stable=2, head=Head("news", 3, {0: 9}, 1), loaded={0: {}, 2: {0: 5}, 3: {0: 8}})
    return ServingView("tiny", {feed.feed: feed})


def test_an_alias_is_answered_by_the_stable_version() -> None:
    target = resolve(view_of(), "news", "someone")
    assert (target.kind, target.version, target.engine_model, target.number) == (TargetKind.STABLE, "news@2", "news@2", 2)


def test_a_pinned_version_is_answered_by_exactly_that_one() -> None:
    target = resolve(view_of(), "news@3", "someone")
    assert (target.kind, target.version, target.engine_model) == (TargetKind.PINNED, "news@3", "news@3")


def test_version_zero_is_the_base_model_under_the_feeds_name() -> None:
    target = resolve(view_of(), "news@0", "someone")
    assert (target.version, target.engine_model, target.number) == ("news@0", "tiny", 0)


def test_the_base_model_answers_to_its_own_name_and_says_so() -> None:
    target = resolve(view_of(), "tiny", "someone")
    assert (target.kind, target.version, target.engine_model, target.feed, target.position) == (
        TargetKind.BASE,
        "tiny",
        "tiny",
        None,
        "",
    )


@pytest.mark.parametrize("model", ["sport", "news@1", "news@9", "news@", "news@02", "tiny@1", "", "NEWS", "news@-1", "x" * 5000])
def test_a_model_that_is_not_there_is_refused_and_never_becomes_the_base(model: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        resolve(view_of(), model, "someone")
    assert caught.value.field == "model"
    assert len(str(caught.value)) < 300


def test_an_alias_whose_version_is_not_loaded_is_unavailable_and_not_the_base() -> None:
    with pytest.raises(Unavailable):
        resolve(view_of(FeedView("news", stable=None)), "news", "someone")


def canary_view(share: float, canary: int = 3) -> FeedView:
    return FeedView("news", 2, canary, share, loaded={0: {}, 2: {0: 5}, 3: {0: 8}})


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_a_canary_gets_its_share_of_keys(share: float) -> None:
    feed = canary_view(share)
    hits = sum(resolve(view_of(feed), "news", f"user-{n}").kind is TargetKind.CANARY for n in range(4000))
    assert hits / 4000 == pytest.approx(share, abs=0.03)


@given(st.text(max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_a_key_keeps_its_side_and_a_growing_share_keeps_who_was_in(key: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert falls_in(canary_view(small), key) == falls_in(canary_view(small), key)
    assert not falls_in(canary_view(small), key) or falls_in(canary_view(large), key)


def test_another_trial_draws_other_keys() -> None:
    keys = [f"user-{n}" for n in range(500)]
    assert [falls_in(canary_view(0.5, 3), key) for key in keys] != [falls_in(canary_view(0.5, 4), key) for key in keys]


def test_a_canary_that_is_not_loaded_leaves_everything_to_the_stable_version() -> None:
    assert resolve(view_of(canary_view(1.0, canary=7)), "news", "someone").number == 2


def test_whoever_has_to_see_an_event_is_not_sent_to_a_canary_that_has_not() -> None:
    feed = FeedView("news", 3, 2, 1.0, loaded={0: {}, 2: {0: 5}, 3: {0: 8}})
    assert resolve(view_of(feed), "news", "someone").kind is TargetKind.CANARY
    assert resolve(view_of(feed), "news", "someone", Token.parse("news.0.6")).kind is TargetKind.STABLE
    assert resolve(view_of(feed), "news", "someone", Token.parse("news.0.4")).kind is TargetKind.CANARY


def test_a_version_covers_its_own_positions() -> None:
    target = resolve(view_of(), "news", "someone")
    assert coverage(view_of(), target, Token.parse("news.0.4")) is Coverage.COVERED
    assert coverage(view_of(), target, Token.parse("news.0.5")) is Coverage.NOT_YET
    assert coverage(view_of(), target, Token.parse("news.1.0")) is Coverage.NOT_YET


def test_the_newest_version_covers_what_was_decided_after_it_without_a_version() -> None:
    view = view_of(FeedView("news", stable=3, head=Head("news", 3, {0: 9, 1: 2}, 1), loaded={0: {}, 3: {0: 8}}))
    target = resolve(view, "news", "someone")
    assert coverage(view, target, Token.parse("news.0.8")) is Coverage.COVERED
    assert coverage(view, target, Token.parse("news.1.1")) is Coverage.COVERED
    assert target.position == "news.0.8,news.1.1"


def test_the_base_covers_what_was_refused_before_the_first_version() -> None:
    view = view_of(FeedView("news", stable=0, head=Head("news", 0, {2: 4}, 1)))
    target = resolve(view, "news", "someone")
    assert target.engine_model == "tiny"
    assert coverage(view, target, Token.parse("news.2.3")) is Coverage.COVERED
    assert target.position == "news.2.3"


def test_a_pinned_old_version_never_covers_a_later_event_but_the_newest_still_may() -> None:
    view = view_of()
    token = Token.parse("news.0.100")
    old, newest = resolve(view, "news@2", "x"), resolve(view, "news@3", "x")
    assert coverage(view, old, token) is Coverage.NEVER
    assert coverage(view, newest, token) is Coverage.NOT_YET
    assert "news@2" in str(never(old, token))


@pytest.mark.parametrize("model", ["tiny", "sport", "sport@3"])
def test_a_token_of_another_feed_is_refused_by_name_of_its_header(model: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_token(model, Token.parse("news.0.1"))
    assert caught.value.field == "x-rtadapt-after"


def test_a_token_fits_its_feeds_alias_and_versions() -> None:
    check_token("news", Token.parse("news.0.1"))
    check_token("news@3", Token.parse("news.0.1"))


def test_the_position_says_the_last_event_covered_of_each_partition() -> None:
    view = view_of(FeedView("news", stable=5, loaded={0: {}, 5: {3: 2, 0: 7, 1: 0}}))
    assert resolve(view, "news", "x").position == "news.0.6,news.3.1"


def test_the_engine_is_asked_by_a_name_with_the_digest_and_so_may_a_caller() -> None:
    name = "news@2-0a1b2c3d"
    view = view_of(FeedView("news", 2, loaded={0: {}, 2: {0: 5}}, names={2: name}, incarnation="abc"))
    for model, kind in (("news", TargetKind.STABLE), ("news@2", TargetKind.PINNED), (name, TargetKind.PINNED)):
        target = resolve(view, model, "someone")
        assert (target.kind, target.version, target.engine_model, target.incarnation) == (kind, "news@2", name, "abc")
    for other in ("news@2-0a1b2c3e", "news@3-0a1b2c3d", "news@2-0a1b", "news@2-0A1B2C3D"):
        with pytest.raises(ModelNotFound):
            resolve(view, other, "someone")
    check_token(name, Token("news", Position(0, 1)))


def test_before_anything_is_known_nothing_is_called_missing() -> None:
    for model in ("news", "news@4", "nothing at all"):
        with pytest.raises(Unavailable):
            resolve(ServingView("tiny", complete=False), model, "someone")
