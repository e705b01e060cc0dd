"""The registry: what each feed has learned, what its alias answers from, and who may move either.

Owns the keys below `rtadapt:` of a Redis-protocol server. Workers commit, replicas report readiness, operators move
routes, and everybody follows. What holds, whatever crashes and however many processes write:

- **The head is the only commit point.** `commit` checks the owner's epoch, the parent version and the positions, and
  writes head, version record and event statuses in one script: all or nothing. Of many commits on one parent exactly
  one wins, and none with an earlier epoch than the newest `claim`.
- **Numbers only grow.** A version gets the number after the last one ever given, and none is reused; a rejected batch moves the
  positions and keeps the version; a rollback moves the route and leaves the head; a rewind moves the head back too, and the
  versions since are abandoned: nothing goes to them any more.
- **Positions never go back**, in any partition.
- **A repeated command happens once.** Commits and route changes carry an id, so a command that is sent again because
  its answer was lost is answered as if it had not been. After Unavailable a commit may or may not have happened: the
  worker reads the head and sees.
- **Routes move forward by readiness, anywhere by word.** A version becomes stable once every live replica that
  has not stalled holds it or has failed to load it, and at least one holds it; the newest such version, and only while
  the route follows. Resume alone makes it follow; canary, rollback, pause, and promoting any but the newest version stop that. A
  route can only be moved to a version that exists and whose adapter is kept (0, the base model, always is).
- **A feed is known by its incarnation**, drawn when it is made. One that was lost and made again has another, and
  `trust` gives it a new one by an operator's word. Signatures are for the first one, its origin.
- **State in keys, news by stream.** `changes` only says where to look: an entry that was lost or trimmed is a delay,
  because followers also read the keys again now and then.
- **Cluster-safe.** One script touches keys of one feed only (or one global key); the rest is separate and repeatable.

How safe an acknowledged commit is from the server's own end is the server's setting: see embedded.py for ours.
"""

from __future__ import annotations

from rtadapt.config import RegistrySettings
from rtadapt.registry.connection import Connection
from rtadapt.registry.feeds import Change, Feeds
from rtadapt.registry.heads import Heads
from rtadapt.registry.progress import Progress
from rtadapt.registry.rewinding import Rewinding
from rtadapt.registry.routes import Action, Routes
from rtadapt.registry.signing import Signatures
from rtadapt.registry.statuses import Statuses
from rtadapt.registry.tallies import Tallies
from rtadapt.registry.workers import Workers

__all__ = ["Action", "Change", "Registry"]


class Registry:
    """All of it: one connection, the parts that share it, and what each of them can be asked.

    Thread-safe. Every method raises Unavailable when the server does not answer in time, and InvalidInput for a name
    that cannot be a feed's.
    """

    def __init__(self, settings: RegistrySettings, *, log_name: str = "events") -> None:
        """`log_name` names the event log whose floors are kept. Raises InvalidSettings for a URL that is none, and for files of
        keys that hold none.
        """
        self.settings = settings
        self.connection = connection = Connection(settings)
        self.ping, self.clock, self.close = connection.ping, connection.clock, connection.close
        feeds = Feeds(connection)
        self.signatures = Signatures(settings)
        heads, routes = Heads(connection, feeds, self.signatures), Routes(connection, feeds)
        rewinding, tallies = Rewinding(connection, heads), Tallies(connection)
        statuses, workers, progress = Statuses(connection), Workers(connection), Progress(connection, log_name)

        self.ensure_feed, self.delete_feed, self.gone = feeds.ensure_feed, feeds.delete_feed, feeds.gone
        self.deleted_feeds, self.forget_deleted = feeds.deleted_feeds, feeds.forget_deleted
        self.feed_count, self.feeds, self.feed_config = feeds.feed_count, feeds.feeds, feeds.feed_config
        self.feed_policy, self.note_trouble, self.trouble = feeds.feed_policy, feeds.note_trouble, feeds.trouble
        self.troubles, self.changes = feeds.troubles, feeds.changes

        self.claim, self.head, self.heads = heads.claim, heads.head, heads.heads
        self.commit, self.version, self.records = heads.commit, heads.version, heads.records
        self.versions, self.retire = heads.versions, heads.retire

        self.route, self.routes, self.change_route = routes.route, routes.routes, routes.change_route
        self.decide, self.decision, self.report = routes.decide, routes.decision, routes.report
        self.leave, self.holdings, self.ready = routes.leave, routes.holdings, routes.ready
        self.account, self.heartbeat, self.forget = routes.account, routes.heartbeat, routes.forget
        self.live_replicas = routes.live_replicas

        self.rewind, self.again, self.done = rewinding.rewind, rewinding.again, rewinding.done

        self.receipt_key, self.feedback, self.count = tallies.receipt_key, tallies.feedback, tallies.count
        self.tally = tallies.tally

        self.note_events, self.event_status = statuses.note_events, statuses.event_status

        self.note_worker, self.forget_worker = workers.note_worker, workers.forget_worker
        self.live_workers, self.note_reading, self.readings = workers.live_workers, workers.note_reading, workers.readings

        self.log_number, self.begin_log, self.begin_attempt = progress.log_number, progress.begin_log, progress.begin_attempt
        self.end_attempt, self.attempts, self.floor = progress.end_attempt, progress.attempts, progress.floor
        self.noted, self.set_floor, self.read_up_to = progress.noted, progress.set_floor, progress.read_up_to
