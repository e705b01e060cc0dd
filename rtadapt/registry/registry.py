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
  `trust` gives it a new one by an operator's word.
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
        heads, routes = Heads(connection, feeds), Routes(connection, feeds)
        rewinding, tallies = Rewinding(connection, heads), Tallies(connection)
        statuses, workers, progress = Statuses(connection), Workers(connection), Progress(connection, log_name)

        self.ensure_feed = feeds.ensure_feed
        self.delete_feed = feeds.delete_feed
        self.gone = feeds.gone
        self.deleted_feeds = feeds.deleted_feeds
        self.forget_deleted = feeds.forget_deleted
        self.feed_count = feeds.feed_count
        self.feeds = feeds.feeds
        self.feed_config = feeds.feed_config
        self.feed_policy = feeds.feed_policy
        self.note_trouble = feeds.note_trouble
        self.trouble = feeds.trouble
        self.troubles = feeds.troubles
        self.changes = feeds.changes

        self.claim = heads.claim
        self.head = heads.head
        self.heads = heads.heads
        self.commit = heads.commit
        self.check_signature = heads.check_signature
        self.version = heads.version
        self.records = heads.records
        self.versions = heads.versions
        self.retire = heads.retire

        self.route = routes.route
        self.routes = routes.routes
        self.change_route = routes.change_route
        self.decide = routes.decide
        self.decision = routes.decision
        self.report = routes.report
        self.leave = routes.leave
        self.holdings = routes.holdings
        self.ready = routes.ready
        self.account = routes.account
        self.heartbeat = routes.heartbeat
        self.forget = routes.forget
        self.live_replicas = routes.live_replicas

        self.rewind = rewinding.rewind
        self.again = rewinding.again
        self.done = rewinding.done

        self.receipt_key = tallies.receipt_key
        self.feedback = tallies.feedback
        self.count = tallies.count
        self.tally = tallies.tally

        self.note_events = statuses.note_events
        self.event_status = statuses.event_status

        self.note_worker = workers.note_worker
        self.forget_worker = workers.forget_worker
        self.live_workers = workers.live_workers
        self.note_reading = workers.note_reading
        self.readings = workers.readings

        self.log_number = progress.log_number
        self.begin_log = progress.begin_log
        self.begin_attempt = progress.begin_attempt
        self.end_attempt = progress.end_attempt
        self.attempts = progress.attempts
        self.floor = progress.floor
        self.set_floor = progress.set_floor
        self.read_up_to = progress.read_up_to
