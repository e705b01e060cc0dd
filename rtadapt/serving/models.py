"""The list of models, in OpenAI's format: what may be asked for here, and what answers under each name now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rtadapt.errors import ModelNotFound
from rtadapt.records import version_name
from rtadapt.serving.routing import FeedView, ServingView


def models(view: ServingView, may_use: Callable[[str], bool], asked: str, more: dict[str, Any]) -> dict[str, Any]:
    """All models of feeds that the caller `may_use`, or the one `asked` for; each card has `more`. Raises ModelNotFound."""
    named: list[tuple[str, str, str | None]] = [(view.base_model, view.base_model, None)]
    for feed in view.feeds.values():
        if may_use(feed.feed):
            named += [(name, root, view.base_model) for name, root in _names(feed)]
    ours = {"object": "model", "owned_by": "rtadapt"} | more
    cards = [{"id": name, "root": root, "parent": parent} | ours for name, root, parent in named]
    if not asked:
        return {"object": "list", "data": cards}
    for card in cards:
        if card["id"] == asked:
            return card
    raise ModelNotFound(f"there is no model {asked[:80]!r} here", field="model")


def _names(feed: FeedView) -> Iterator[tuple[str, str]]:
    """The alias, also of a feed that would have to be brought in, and the versions that are loaded."""
    answering = feed.stable if feed.away is None else feed.away
    if answering is not None:
        yield feed.feed, version_name(feed.feed, answering)
    for number in sorted(feed.loaded):
        yield version_name(feed.feed, number), version_name(feed.feed, number)
