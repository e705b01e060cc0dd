"""What this replica follows of each feed, and the view that this makes together with what is loaded.

Owns heads and routes as they are followed, and what each alias answers from. Follower and residency both put views in force
through it: the one when the registry says something new, the other when a version came or went. Nothing here waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from rtadapt.observe import metrics
from rtadapt.records import Head, Route, Version
from rtadapt.serving import plan
from rtadapt.serving.flips import Flips
from rtadapt.serving.identity import Said, engine_name
from rtadapt.serving.live import Live
from rtadapt.serving.routing import FeedView, ServingView

logger = logging.getLogger(__name__)


class Views:
    """Of all feeds. Lives on one event loop."""

    def __init__(self, live: Live, loaded: Callable[[str], Mapping[int, Version]], flips: Flips) -> None:
        """`loaded(feed)` gives the versions that the engine knows, by number."""
        self._live = live
        self._loaded = loaded
        self._flips = flips
        self.feeds: dict[str, Said] = {}
        self.offered: dict[str, frozenset[int]] = {}
        self.records: dict[str, dict[int, Version]] = {}
        self.changed = asyncio.Event()
        self.kept: set[str] = set()
        """The feeds that this replica has room for; of the others it knows what the registry says."""
        self.here: set[str] = set()
        """Those of them that it answers from."""
        self.to_begin: set[str] = set()
        """The feeds with a trial that has not begun."""
        self.coming: dict[str, set[int]] = {}
        """What was recent when this replica started and is still to be loaded, for whoever pins it."""
        self.edition = 0
        """Grows with every change."""
        self._unvouched: set[str] = set()
        self._touched: set[str] = set()
        self._serving: dict[str, int] = {}

    def follow(self, said: Said, records: dict[int, Version], vouched: bool) -> None:
        """Follow what the registry says of a feed from now on. `records` are those of the versions that matter here; without
        somebody who `vouched` for the head's positions only theirs count."""
        feed = said.head.feed
        self.records[feed] = records
        if not vouched and feed not in self._unvouched:
            logger.warning("a head's positions don't count: no key that is trusted here signed them", extra={"feed": feed})
        (self._unvouched.discard if vouched else self._unvouched.add)(feed)
        self._live.not_followed.pop(feed, None)
        if self.feeds.get(feed) != said:
            self.feeds[feed] = said
            waits = said.route.canary is not None and not said.route.begun
            (self.to_begin.add if waits else self.to_begin.discard)(feed)
            self.touch(feed)
        self.publish(feed)

    def touch(self, feed: str) -> None:
        """Something about the feed is new that may change what should be loaded."""
        self._touched.add(feed)
        self.edition += 1
        self.changed.set()

    def touched(self) -> list[str]:
        """The feeds of which something is new since this was asked last."""
        touched, self._touched = self._touched, set()
        return sorted(touched)

    def drop(self, feed: str) -> None:
        """The feed was deleted: nothing answers to its name any more."""
        for known in (self.feeds, self.offered, self.records, self.coming, self._serving, self._live.not_followed):
            known.pop(feed, None)
        self._live.asked_at.pop(feed, None)
        self.kept.discard(feed)
        self.here.discard(feed)
        self.to_begin.discard(feed)
        self._unvouched.discard(feed)
        rest = {name: view for name, view in self._live.view.feeds.items() if name != feed}
        self._live.replace(replace(self._live.view, feeds=rest))
        self.touch(feed)

    def settle(self, feed: str, number: int) -> None:
        """The version that was coming is there, or will not be loaded."""
        left = self.coming.get(feed, set()) - {number}
        if left:
            self.coming[feed] = left
        else:
            self.coming.pop(feed, None)
        self.publish(feed)

    def stay(self, feed: str, reason: str) -> bool:
        """Go on with what was followed of `feed` until now. Gives whether that is new."""
        new = self._live.not_followed.get(feed) != reason
        self._live.not_followed[feed] = reason
        self.publish(feed)
        return new

    def know_all(self) -> None:
        """The registry has named all feeds."""
        if not self._live.view.complete:
            self._live.replace(replace(self._live.view, complete=True))
            self.changed.set()
        metrics.FEEDS_NOT_FOLLOWED.set(len(self._live.not_followed))

    def publish(self, feed: str) -> None:
        """Put this feed's part of the view in force, and account for what that flips; nothing for one that was deleted."""
        if feed not in self.feeds:
            return
        head, route, loaded = self.feeds[feed].head, self.feeds[feed].route, self._loaded(feed)
        before = self._serving.get(feed)
        is_here = feed in self.here
        if not is_here:
            self._serving.pop(feed, None)
        elif route.stable == 0 or route.stable in loaded:
            self._serving[feed] = route.stable
        elif before and before not in loaded:
            del self._serving[feed]
            self.here.discard(feed)  # requests wait until what the route names is loaded
            is_here = False
        stable = self._serving.get(feed)
        believed = feed not in self._live.not_followed
        view = FeedView(
            feed=feed,
            stable=stable,
            canary=route.canary if route.begun and (route.canary == 0 or route.canary in loaded) else None,
            canary_share=route.canary_share,
            shadow=route.shadow,
            trial=route.trial if route.begun else 0,
            head=head,
            vouched=feed not in self._unvouched,
            loaded={0: {}} | {number: version.positions for number, version in loaded.items()},
            names={number: engine_name(version) for number, version in loaded.items()},
            incarnation=head.incarnation,
            follows=route.follow and believed,
            pending=is_here and believed and _is_pending(head, route, loaded),
            away=None if is_here else route.stable,
            coming=self.coming.get(feed, set()) - loaded.keys(),
        )
        if self._live.view.feeds.get(feed) != view:
            current: ServingView = self._live.view
            self._live.replace(replace(current, feeds={**current.feeds, feed: view}))
            self.edition += 1
        self._flips.see(feed, before, stable, route.stable)

    def serving(self, feed: str) -> int | None:
        """What the alias answers from here."""
        return self._serving.get(feed)

    def state(self, feed: str) -> plan.FeedState:
        """The feed as plans are made from it."""
        said, loaded = self.feeds[feed], self._loaded(feed)
        published = {number: version.created_at for number, version in loaded.items()}
        offered = self.offered.get(feed, frozenset())
        return plan.FeedState(said.route, said.head, published, self._serving.get(feed), offered)

    def states(self, feeds: Iterable[str]) -> dict[str, plan.FeedState]:
        """Those of `feeds` that there are."""
        return {feed: self.state(feed) for feed in feeds if feed in self.feeds}


def _is_pending(head: Head, route: Route, loaded: Mapping[int, Version]) -> bool:
    """Whether the route may name something newer by now that can answer here: it moves only to what every replica holds, and a
    trial only begins, or promotes its canary by itself, where every replica holds that."""
    if route.canary is not None and (not route.begun or route.decide) and (route.canary == 0 or route.canary in loaded):
        return True
    return route.follow and any(number > route.stable and not head.has_abandoned(number) for number in loaded)
