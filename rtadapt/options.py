"""What the command line takes: its commands, their flags, and the settings that flags stand for.

Owns names, help and examples, and what was meant by a word that is none of them. Takes words; gives options, and settings as
nested dictionaries. What a command does is cli.py's.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from rtadapt import __version__
from rtadapt.access import Scope
from rtadapt.completion import SHELLS
from rtadapt.conformance.options import add_arguments as add_conformance
from rtadapt.errors import InvalidSettings
from rtadapt.naming import meant

_CONTROL_PLANE = "the control plane (default: that of the settings, by itself or under `rtadapt up`)"
EXIT_CODES = "exit status: 0 good, 1 failed, 2 wrong use or settings, 130 stopped by Ctrl-C"

_COMMANDS = {
    "up": ("everything on this machine, on one port, until Ctrl-C", "rtadapt up --model Qwen/Qwen3-0.6B"),
    "serve": (
        "one serving replica: vLLM with adapter routing inside",
        "rtadapt serve --set registry.url=redis://redis:6379/0",
    ),
    "work": (
        "one adaptation worker: reads the event log, publishes versions",
        "rtadapt work --set registry.url=redis://redis:6379/0 --set event_log.url=kafka://kafka:9092",
    ),
    "api": (
        "the control plane: events, feeds, versions, routes, console",
        "rtadapt api --set registry.url=redis://redis:6379/0 --set event_log.url=kafka://kafka:9092",
    ),
    "push": (
        "push files, text or standard input, and wait until it is learned if asked to",
        "rtadapt push story.txt --feed news --wait",
    ),
    "ask": ("ask a feed, a version or the base model; or two of them the same", "rtadapt ask news 'Who coaches Corvin Rovers?'"),
    "status": ("say how a running system is: what waits, feeds, workers, replicas", "rtadapt status --url http://127.0.0.1:8000"),
    "rewind": (
        "take back what a feed has learned since a version, or since it learned certain events",
        "rtadapt rewind news --without story-17 --relearn",
    ),
    "demo": ("start everything, push a morning of news and support, and show what is answered", "rtadapt demo --events 20"),
    "bench": ("measure on this machine how fast it learns, and where the time goes", "rtadapt bench update --rounds 3"),
    "conformance": (
        "find out whether a server swaps LoRA adapters without anybody noticing",
        "rtadapt conformance --url http://127.0.0.1:8000 --short",
    ),
    "config": (
        "print the settings in force, as JSON, without secrets; or what each of them means",
        "rtadapt config --set batch.max_events=16",
    ),
    "doctor": ("look whether this machine and these settings can run, and say what to do", "rtadapt doctor --config my.toml"),
    "keys": (
        "make a line for `keys_file`, or list what is in it, without the keys",
        "rtadapt keys new --scope push --id newsroom",
    ),
    "completion": ("print a script that completes commands and flags in a shell", "source <(rtadapt completion bash)"),
    "feeds": ("list the feeds, and why one stands still; or delete one", "rtadapt feeds delete news"),
    "dead-letters": (
        "list, show, replay or drop what was refused after it was accepted",
        "rtadapt dead-letters list --feed news",
    ),
    "log": (
        "say which event log it is and how it stands; or decide about one that does not fit the registry",
        "rtadapt log begin --read-from end",
    ),
}


class Parser(argparse.ArgumentParser):
    """An argparse parser that says what a misspelt command or flag may have meant."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        choice = re.match(r"argument COMMAND: invalid choice: '([^']*)'", message)
        if choice:
            message = f"there is no command {choice[1]!r}{meant(choice[1], _COMMANDS)}"
        unknown = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        if unknown:
            message = f"{message}{meant(unknown[1], self.flags())}"
        super().error(message)

    def flags(self) -> Iterator[str]:
        """Every flag of this parser and of its commands."""
        for action in self._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for command in action.choices.values():
                    yield from command.flags()


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    common = Parser(add_help=False)
    group = common.add_argument_group(
        "settings", "`rtadapt config` prints them all; RTADAPT_BATCH__MAX_EVENTS=16 in the environment is batch.max_events"
    )
    group.add_argument("--config", type=Path, metavar="FILE", help="a TOML file instead of ./rtadapt.toml")
    group.add_argument("--model", metavar="MODEL", help="'smollm2', a GGUF file, a local folder, or a Hugging Face hub id")
    group.add_argument("--data-dir", metavar="DIR", help="where one machine keeps everything (default: rtadapt-data)")
    group.add_argument(
        "--log-level", choices=["debug", "info", "warning", "error"], help="of the structured logs (default: info)"
    )
    group.add_argument(
        "--set", dest="assign", action="append", default=[], metavar="NAME=VALUE", help="any setting: --set batch.max_events=16"
    )
    parser = Parser(
        prog="rtadapt",
        description="An online real-time adaptation server: push an event, ask for it when it is learned.",
        epilog=f"begin with `rtadapt doctor`, then `rtadapt up`. {EXIT_CODES}",
    )
    parser.add_argument("--version", action="version", version=f"rtadapt {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (about, example) in _COMMANDS.items():
        described = f"{about[0].upper()}{about[1:]}."
        epilog = f"example: {example}\n\n{EXIT_CODES}"
        command = commands.add_parser(
            name,
            parents=[common],
            help=about,
            description=described,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _FLAGS[name](command)
    return parser


def _add_up(command: argparse.ArgumentParser) -> None:
    _add_address(command)
    command.add_argument("--quiet", action="store_true", help="do not print the commands to try")


def _add_serve(command: argparse.ArgumentParser) -> None:
    _add_address(command)
    command.add_argument("--with-api", action="store_true", help="answer the control plane's routes too")


def _add_demo(command: argparse.ArgumentParser) -> None:
    command.add_argument("--events", type=_above_zero, metavar="N", help="only the first N events")
    command.add_argument("--pace", type=_not_negative, default=4.0, metavar="SECONDS", help="time between two pushes (default 4)")
    command.add_argument("--report", type=Path, metavar="FILE", help="write the tables and totals as JSON too")
    command.add_argument("--keep", type=Path, metavar="DIR", help="run in this folder and keep it")


def _add_bench(command: argparse.ArgumentParser) -> None:
    command.add_argument("what", choices=["update"], help="one story: read, learned, judged and saved")
    command.add_argument("--rounds", type=_above_zero, default=3, metavar="N", help="so often (default 3)")


def _add_address(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="address to listen on")
    command.add_argument("--port", type=int, help="port to listen on")


def _add_rewind(command: argparse.ArgumentParser) -> None:
    command.add_argument("feed", metavar="FEED")
    command.add_argument("version", type=int, nargs="?", help="the version to go back to (default: the last before --without)")
    command.add_argument(
        "--without", action="append", default=[], metavar="ID", help="an event that is not learned again; as often as needed"
    )
    command.add_argument("--relearn", action="store_true", help="learn all other events again that later versions had learned")
    _add_control_plane(command)


def _add_control_plane(command: argparse.ArgumentParser, scope: str = "operate", who: str = _CONTROL_PLANE) -> None:
    command.add_argument("--url", metavar="URL", help=who)
    command.add_argument("--key-file", type=Path, metavar="FILE", help=f"a key of scope `{scope}`, where keys are asked for")


def _add_push(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="*", metavar="FILE", help="`-` is standard input; its ending says what a file is")
    command.add_argument("--text", help="push this text instead of files")
    command.add_argument("--feed", default="", help="of events that name none")
    command.add_argument("--type", default="", metavar="MEDIA", help="what the files are: application/feed+json, for one")
    command.add_argument("--wait", action="store_true", help="until each event is learned or refused")
    command.add_argument("--patience", type=_above_zero, default=600, metavar="SECONDS", help="of --wait (default 600)")
    _add_control_plane(command, "push")


def _add_ask(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="MODEL", help="a feed (news), a version (news@42), or the base model's name")
    command.add_argument("question", metavar="QUESTION")
    command.add_argument("--compare", default="", metavar="MODEL", help="ask this one too")
    command.add_argument("--after", default="", metavar="TOKEN", help="wait until the answer has learned this event")
    _add_control_plane(command, "complete", "the replica (default: `serve.host` and `serve.port`)")


def _add_status(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="all of it, as one JSON object")
    _add_control_plane(command, "view")


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument("--explain", action="store_true", help="every setting with its default and its meaning instead")


def _add_keys(command: argparse.ArgumentParser) -> None:
    command.add_argument("what", choices=["new", "list"], help="new: print a line with a new key in it")
    command.add_argument(
        "--scope", action="append", default=[], choices=list(Scope), help="as often as needed (default: complete)"
    )
    command.add_argument("--id", default="", help="what the log calls it; keys of one id share their limits")
    command.add_argument("--feeds", default="", metavar="NAMES", help="only these: news,support-*")


def _add_completion(command: argparse.ArgumentParser) -> None:
    command.add_argument("shell", choices=SHELLS)


def _add_feeds(command: argparse.ArgumentParser) -> None:
    _add_control_plane(command)
    command.add_argument("what", nargs="?", choices=["list", "delete"], default="list", help="(default: list)")
    command.add_argument("feed", nargs="?", default="", help="the feed to delete")


def _add_letters(command: argparse.ArgumentParser) -> None:
    _add_control_plane(command)
    command.add_argument("what", nargs="?", choices=["list", "show", "replay", "drop"], default="list", help="(default: list)")
    command.add_argument("place", nargs="?", default="", help="the letter's place, as listed: partition.offset")
    command.add_argument("--feed", default="", help="list only this feed's")
    command.add_argument("--reason", default="", help="list only those with this reason")
    command.add_argument("--limit", type=_above_zero, default=100, help="list at most so many (default 100)")


def _add_log(command: argparse.ArgumentParser) -> None:
    _add_control_plane(command)
    command.add_argument("what", nargs="?", choices=["show", "begin"], default="show", help="(default: show)")
    command.add_argument(
        "--read-from",
        choices=["beginning", "end"],
        help="begin: it counts as a new log; learn what is in it, or only what comes",
    )


def _nothing(_: argparse.ArgumentParser) -> None:
    """A command without flags of its own."""


_FLAGS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "up": _add_up,
    "serve": _add_serve,
    "work": _nothing,
    "api": _add_address,
    "push": _add_push,
    "ask": _add_ask,
    "status": _add_status,
    "rewind": _add_rewind,
    "demo": _add_demo,
    "bench": _add_bench,
    "conformance": add_conformance,
    "config": _add_config,
    "doctor": _nothing,
    "keys": _add_keys,
    "completion": _add_completion,
    "feeds": _add_feeds,
    "dead-letters": _add_letters,
    "log": _add_log,
}


def flags_of(options: argparse.Namespace) -> dict[str, Any]:
    """The settings given on the command line, as nested dictionaries. Raises InvalidSettings."""
    flags: dict[str, Any] = {}
    for name in ("model", "data_dir", "log_level"):
        if getattr(options, name, None) is not None:
            flags[name] = getattr(options, name)
    section = "api" if options.command == "api" else "serve"
    for name in ("host", "port"):
        if getattr(options, name, None) is not None:
            flags.setdefault(section, {})[name] = getattr(options, name)
    for assignment in options.assign:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise InvalidSettings(f"--set takes NAME=VALUE, not {assignment!r}", field="set")
        *sections, leaf = path.split(".")
        target = flags
        for part in sections:
            target = target.setdefault(part, {})
            if not isinstance(target, dict):
                raise InvalidSettings(f"--set {path}: {part} was given a value of its own before", field=path)
        target[leaf] = _value(text)
    return flags


def _value(text: str) -> Any:
    if text == "none":  # as in the environment: no value
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _above_zero(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def _not_negative(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
