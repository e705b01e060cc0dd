"""What kafka-python leaves undone, done from outside; its version is pinned.

Gives a way to connect whose sockets are always closed, and a consumer that keeps what it joined; each says what is wrong without.
"""

from __future__ import annotations

from typing import Any

from kafka.net.inet import KafkaNetSocket


class Direct(KafkaNetSocket):  # type: ignore[misc,unused-ignore]
    """How to connect without a proxy: as kafka-python does, but a socket that nobody answers is closed."""

    SCHEMES = ("direct",)

    async def sock_connect(self, net: Any, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        """`sock`, connected to `sockaddr`. Raises what kafka-python raises."""
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


DIRECT = {"proxy_url": f"{Direct.SCHEMES[0]}://"}
"""The setting by which a client connects so."""


def keep_what_is_joined(consumer: Any) -> None:
    """See to it that a rebalance counts which ended while nobody waited for it.

    A poll that is short gives up waiting and leaves the join under way; if it ends before the next poll, kafka-python throws the
    answer away and joins anew, and with that makes all others join anew. Two members that take turns may do so for ever, and
    nobody reads meanwhile.
    """
    coordinator = consumer._coordinator
    join = coordinator.join_group_async

    async def join_group(timeout_ms: float | None = None) -> Any:
        if has_ended():  # only what has not is waited for; this ends at once, as the other did
            coordinator._join_task = coordinator._manager.call_soon(coordinator._join_task)
        try:
            return await join(timeout_ms=timeout_ms)
        except Exception:
            if has_ended():  # else the next poll would hear the same error again
                coordinator._join_task = None
            raise

    def has_ended() -> bool:
        return coordinator._join_task is not None and coordinator._join_task.is_done

    coordinator.join_group_async = join_group
