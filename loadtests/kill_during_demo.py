"""Kill one process with SIGKILL in the middle of the demo, for each process in turn, and see that the demo ends correct.

    python loadtests/kill_during_demo.py                       # registry, serve, engine, work, up: one demo each
    python loadtests/kill_during_demo.py --victims work up --events 12

Each demo runs in a folder of its own; the victim is found among the demo's descendants and killed by its process id once a third
of the events were answered from. Prints a line for each victim; exits 1 if any demo did not end correct.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MARKS = {"registry": "-server ", "serve": "rtadapt serve", "engine": "EngineCore", "work": "rtadapt work", "up": "rtadapt up"}
ANSWERED = re.compile(r"^ +(\d+)/(\d+) ")


def main() -> int:
    """Run the demos; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--victims", nargs="+", choices=list(MARKS), default=list(MARKS))
    parser.add_argument("--events", type=int, default=12, help="events that each demo pushes")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for one demo")
    options = parser.parse_args()
    outcomes = [demo_without(victim, options.events, options.timeout) for victim in options.victims]
    print(f"\n{sum(outcomes)} of {len(outcomes)} demos ended correct")
    return 0 if all(outcomes) else 1


def demo_without(victim: str, events: int, timeout_seconds: float) -> bool:
    """One demo in which `victim` is killed; whether it ended correct."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rtadapt-kill-") as folder:
        command = [sys.executable, "-u", "-m", "rtadapt", "demo", "--keep", folder, "--events", str(events)]
        killed = None
        lines: list[str] = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as demo:
            assert demo.stdout is not None
            for line in demo.stdout:
                lines.append(line.rstrip())
                answered = ANSWERED.match(line)
                if killed is None and answered and int(answered[1]) * 3 >= int(answered[2]):
                    killed = find(victim, demo.pid)
                    os.kill(killed, signal.SIGKILL)
                if time.monotonic() - began > timeout_seconds:
                    demo.send_signal(signal.SIGINT)
                    break
        correct = demo.returncode == 0 and killed is not None
    totals = [line for line in lines if "right afterwards:" in line or "from push to answer:" in line]
    verdict = "ended correct" if correct else "did NOT end correct"
    print(
        f"{victim:<9} killed (process {killed}): {verdict} in {time.monotonic() - began:.0f} s; {'; '.join(totals)}", flush=True
    )
    if not correct:
        print("\n".join(f"    {line}" for line in lines[-40:]))
    return correct


def find(victim: str, demo: int) -> int:
    """The process id of the victim among the descendants of the demo. Raises LookupError when it isn't there."""
    parents, commands = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                commands[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has just ended
                continue

    def descends(process: int) -> bool:
        while process in parents and process != demo:
            process = parents[process]
        return process == demo

    found = [process for process, command in commands.items() if MARKS[victim] in f"{command} " and descends(process)]
    if not found:
        raise LookupError(f"no process of {victim} was found")
    return min(found)


if __name__ == "__main__":
    sys.exit(main())
