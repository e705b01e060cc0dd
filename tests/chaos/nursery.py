"""Begets the processes of a chaos run. Everything heavy is imported here once, and each process is a fork of this one.

    python -m tests.chaos.nursery FOLDER

Reads a JSON line for each process to beget: its name, its arguments for `rtadapt`, its environment. Says `{"begot": pid}` for
each, and `{"ended": pid, "status": n}` for each that ended (-9: by SIGKILL). Ends when its input does, and its children with it.
What a process writes goes through a pipe into FOLDER/name.log, so that a limit on the size of its files does not silence it.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.chaos import injected

_SAID = os.dup(1)
"""Where this process speaks; what libraries print goes elsewhere."""


def beget(folder: Path, wanted: dict[str, Any]) -> int:
    """Fork a process that runs the wanted command; gives its id."""
    with (folder / f"{wanted['name']}.log").open("ab") as out:
        written = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=out)
    assert written.stdin is not None
    child = os.fork()
    if child:
        written.stdin.close()
        return child
    status = 1
    try:
        from rtadapt.serving.plugin import end_with_parent

        end_with_parent()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, target in ((nothing, 0), (written.stdin.fileno(), 1), (written.stdin.fileno(), 2)):
            os.dup2(number, target)
        os.environ.update(wanted["environment"])
        injected.install(folder, wanted["name"])
        status = run(wanted["command"])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - what a process ends of is written down, whatever it is
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def run(command: list[str]) -> int:
    """What the process does."""
    if command == ["replica"]:
        from tests.chaos.replica import serve

        return serve()
    from rtadapt.cli import main

    return main(command)


def build_model(folder: Path) -> None:
    """A tiny random base model, made in a process of its own: what begets others should have one thread only."""
    child = os.fork()
    if child == 0:
        from tests.support.tiny_model import build_qwen

        build_qwen(folder)
        os._exit(0)
    os.waitpid(child, 0)


def main(folder: Path) -> None:
    """Serve until the input ends."""
    import rtadapt.api.app
    import rtadapt.work.worker  # noqa: F401
    import tests.chaos.replica  # noqa: F401
    from rtadapt.grammar.reader import GrammarReader

    GrammarReader()
    build_model(folder / "model")
    say({"ready": os.getpid()})
    lines = b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.05)
        if ready:
            read = os.read(0, 65536)
            if not read:
                return
            *whole, lines = (lines + read).split(b"\n")
            for line in whole:
                say({"begot": beget(folder, json.loads(line))})
        while (ended := reaped()) is not None:
            say({"ended": ended[0], "status": os.waitstatus_to_exitcode(ended[1])})


def reaped() -> tuple[int, int] | None:
    """A child that has ended, or None."""
    try:
        child, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (child, status) if child else None


def say(what: dict[str, Any]) -> None:
    os.write(_SAID, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    os.dup2(2, 1)
    main(Path(sys.argv[1]))
