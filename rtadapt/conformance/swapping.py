"""Checks of what callers see while adapters come and go: steady load, swaps, order, a stop in the middle."""

from __future__ import annotations

import asyncio
import re
import time
from itertools import pairwise

from rtadapt.conformance.answers import Answer
from rtadapt.conformance.suite import Outcome, Suite, percentile
from rtadapt.conformance.systems import IN_FORCE_SECONDS, Feed, Plain, until_healthy
from rtadapt.errors import Unavailable

_LONGER = 4
_ROUNDS = 5
_PATIENCE_SECONDS = 3 * IN_FORCE_SECONDS


async def steady(suite: Suite) -> Outcome:
    """Many callers at once and no swap: what the swaps are compared with."""
    found = Outcome("steady")
    await suite.system.swap(0)
    async with suite.load() as answers:
        await suite.until_more(answers, 4 * suite.extent.streams)
    suite.judge(found, answers)
    found.figures |= _pace(answers)
    return found


async def swaps(suite: Suite) -> Outcome:
    """Swap after swap under load: nothing fails, and every answer is word for word that of the version it names."""
    found = Outcome("swaps")
    taken: list[float] = []
    await suite.system.swap(0)
    async with suite.load() as answers:
        for number in range(1, suite.extent.swaps + 1):
            began = time.monotonic()
            await suite.system.swap(number % len(suite.adapters))
            taken.append(time.monotonic() - began)
            if not await suite.until_more(answers, 1):
                found.problems.append(f"nothing was answered after swap {number}")
                break
            await asyncio.sleep(max(0.0, began + suite.extent.every_seconds - time.monotonic()))
    suite.judge(found, answers)
    found.figures |= _pace(answers) | {"swaps": len(taken), "versions": len({answer.version for answer in answers})}
    found.figures |= {"swap_seconds_p50": percentile(taken, 0.5), "swap_seconds_p99": percentile(taken, 0.99)}
    return found


async def own_writes(suite: Suite) -> Outcome:
    """Who was told that a version is there is answered by it, on every server, at once."""
    found = Outcome("own_writes")
    late = 0
    for number in range(_ROUNDS):
        adapter = number % len(suite.adapters)
        if isinstance(suite.system, Feed):
            version, token = await suite.system.publish(adapter)
            headers = {"x-rtadapt-after": token}
        else:
            version, headers = await suite.system.swap(adapter), {}
        asked = [
            suite.asker.ask(url, suite.system.model(), suite.short[0], suite.extent.tokens, headers=headers)
            for url in suite.system.urls
        ]
        answers = await asyncio.gather(*asked)
        suite.judge(found, answers)
        if suite.system.has_routes:
            late += sum(answer.version != version for answer in answers if not answer.failure)
    if late:
        found.problems.append(f"{late} answers came from a version before the one that was asked for")
    found.figures["rounds"] = _ROUNDS
    return found


async def monotonic(suite: Suite) -> Outcome:
    """A caller that goes from server to server, and remembers nothing, never goes back to an earlier version."""
    found = Outcome("monotonic")
    if not isinstance(suite.system, Feed):
        found.skipped = "the engine has no alias that moves by itself"
        return found
    await suite.system.swap(0)
    async with suite.load() as answers:
        for number in range(1, min(suite.extent.swaps, 200) + 1):
            await suite.system.publish(number % len(suite.adapters))  # nobody waits: servers may move one after the other
            # At times each caller asks every server meanwhile, and at times another version comes before it could.
            await suite.until_more(answers, (1 + number % (1 + len(suite.system.urls))) * suite.extent.streams)
    suite.judge(found, answers)
    back = 0
    for caller in sorted({answer.caller for answer in answers}):
        mine = sorted((answer for answer in answers if answer.caller == caller and not answer.failure), key=_began)
        back += sum(_number(later) < _number(earlier) for earlier, later in pairwise(mine))
    versions = len({answer.version for answer in answers if not answer.failure})
    if back:
        found.problems.append(f"{back} times a caller went back to an earlier version")
    if versions < 2:
        found.problems.append("no version that was published meanwhile was answered from")
    found.figures |= {"servers": len(suite.system.urls), "versions": versions, "went_back": back}
    return found


async def rollback(suite: Suite) -> Outcome:
    """An operator's rollback is in force within a second on every server, and stays so; when resumed, publishing goes on.

    The second begins when the registry has answered the word, and ends with the first answer by an earlier version to one who
    asks for a token again and again. What asking costs is added, twice: an answer may be under way when the word comes in force,
    and the next one takes as long, both as long as the slowest server took just before. An answer that was begun before the word
    does not count. Callers go on meanwhile: what they ask once the second is over must not be answered by the later version.
    """
    found = Outcome("rollback")
    if not isinstance(suite.system, Feed):
        found.skipped = "the engine has no routes"
        return found
    system, streams = suite.system, suite.extent.streams
    await system.swap(0)
    later = await system.swap(1)
    async with suite.load() as answers:
        await suite.until_more(answers, streams)
        before = await asyncio.gather(*(_one_token(suite, url) for url in system.urls))
        asking = max(answer.ended - answer.began for answer in before)
        await system.change_route("rollback")
        said = time.monotonic()
        first = await asyncio.gather(*(_first_before(suite, url, later) for url in system.urls))
        await asyncio.sleep(max(0.0, said + IN_FORCE_SECONDS - time.monotonic()))
        if not await suite.until_more(answers, (1 + len(system.urls)) * streams):
            found.problems.append("nothing was answered after the rollback")
        over = time.monotonic()
        await system.change_route("resume")
        resumed = await system.swap(0)
        await suite.until_more(answers, 2 * streams)
    suite.judge(found, answers)
    found.problems += [f"{answer.url} did not answer: {answer.failure}" for answer in (*before, *first) if answer.failure]
    seconds = round(max(answer.ended for answer in first) - said, 3)
    if seconds > IN_FORCE_SECONDS + 2 * asking:
        found.problems.append(f"the rollback was in force after {seconds} s, and asking takes {asking:.3f} s")
    stale = [answer for answer in answers if answer.began > said + IN_FORCE_SECONDS and answer.ended < over]
    if late := sum(answer.version == later for answer in stale):
        found.problems.append(f"{late} answers came from {later} although it had been rolled back for {IN_FORCE_SECONDS:g} s")
    if not any(answer.version == resumed for answer in answers):
        found.problems.append(f"nobody was answered by {resumed}, which was published after the route was resumed")
    found.figures |= {"in_force_seconds": seconds, "asking_seconds": round(asking, 3)}
    return found


async def _one_token(suite: Suite, url: str) -> Answer:
    return await suite.ask(suite.system.model(), suite.short[0], url=url, tokens=1)


async def _first_before(suite: Suite, url: str, later: str) -> Answer:
    """The server's first answer that fails or comes from an earlier version than `later`; the last one after some patience."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        answer = await _one_token(suite, url)
        if answer.version != later or answer.failure or time.monotonic() > deadline:
            return answer


async def ends_as_begun(suite: Suite) -> Outcome:
    """Streams under way when their version goes end on it, or say that they could not; and what is not there is refused."""
    found = Outcome("ends_as_begun")
    system, tokens = suite.system, _LONGER * suite.extent.tokens
    version = await system.swap(0) if system.has_routes else await system.add(0)
    own = {prompt: await suite.own_output(version, prompt, tokens) for prompt in suite.short}
    model = system.model() if system.has_routes else system.pin(version)
    begun = [asyncio.Event() for _ in range(suite.extent.streams)]
    streams = [
        asyncio.create_task(suite.asker.ask(system.urls[0], model, suite.short[at % len(suite.short)], tokens, begun=event))
        for at, event in enumerate(begun)
    ]
    await asyncio.gather(*(event.wait() for event in begun))
    under_way = sum(not stream.done() for stream in streams)
    if system.has_routes:
        await system.swap(1)
    else:
        await system.remove(version)
    answers = await asyncio.gather(*streams)
    wrong = sum(not answer.failure and answer.text != own[answer.prompt] for answer in answers)
    failed = sum(bool(answer.failure) for answer in answers)
    if wrong:
        found.problems.append(f"{wrong} streams did not end on the version they began with")
    if failed and system.has_routes:
        found.problems.append(f"{failed} streams failed: {', '.join(sorted({answer.failure for answer in answers} - {''}))}")
    gone = ([] if system.has_routes else [system.pin(version)]) + [f"{system.pin(version)}9999"]
    for name in gone:
        answer = await suite.ask(name, suite.short[0])
        if not answer.is_refused:
            found.problems.append(f"{name} is not there and was answered all the same")
    found.figures = {"streams": len(answers), "under_way": under_way, "failed": failed}
    return found


async def restart(suite: Suite) -> Outcome:
    """A server that is started again in the middle: while it is away it fails openly, then it answers as before."""
    found = Outcome("restart")
    if not suite.extent.restart:
        found.skipped = "no --restart command was given"
        return found
    before = await suite.system.swap(0)
    async with suite.load() as answers:
        await suite.until_more(answers, suite.extent.streams)
        began = time.monotonic()
        await _run(suite.extent.restart, suite.extent.restart_seconds)
        await until_healthy(suite.system, suite.extent.restart_seconds)
        if isinstance(suite.system, Plain):
            suite.system.forget()
            before = await suite.system.swap(0)
        back = time.monotonic()
        await suite.until_more(answers, 3 * suite.extent.streams)
    suite.judge(found, answers, lambda answer: began <= answer.ended and answer.began <= back)
    if any(
        answer.version not in (before, suite.system.pin(before))
        for answer in answers
        if answer.began > back and not answer.failure
    ):
        found.problems.append(f"after the restart not everybody was answered by {before}")
    found.figures["away_seconds"] = round(back - began, 1)
    return found


async def _run(command: str, seconds: float) -> None:
    """The operator's own command. Raises Unavailable unless it succeeds in time."""
    process = await asyncio.create_subprocess_shell(command)
    try:
        async with asyncio.timeout(seconds):
            status = await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise Unavailable(f"the --restart command did not end within {seconds:.0f} s") from None
    if status:
        raise Unavailable(f"the --restart command ended with status {status}")


def _pace(answers: list[Answer]) -> dict[str, float]:
    first = [answer.pieces[0] - answer.began for answer in answers if answer.pieces]
    gaps = [later - earlier for answer in answers for earlier, later in pairwise(answer.pieces)]
    return {
        "first_token_seconds_p50": percentile(first, 0.5),
        "first_token_seconds_p99": percentile(first, 0.99),
        "between_tokens_seconds_p50": percentile(gaps, 0.5),
        "between_tokens_seconds_p99": percentile(gaps, 0.99),
    }


def _began(answer: Answer) -> float:
    return answer.began


def _number(answer: Answer) -> int:
    return _number_of(answer.version)


def _number_of(version: str) -> int:
    match = re.search(r"@(\d+)$", version)
    return int(match[1]) if match else 0
