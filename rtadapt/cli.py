"""Commands: `rtadapt up | serve | work | api | rewind | demo | config | doctor | feeds | dead-letters | log | conformance`.

Owns the flags and what goes to the terminal. Flags win over the environment, the environment over rtadapt.toml.
"""

from __future__ import annotations

import argparse
import json
import logging
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rtadapt import __version__
from rtadapt.access import open_to_strangers
from rtadapt.basemodel import find_model
from rtadapt.config import Settings, load_settings
from rtadapt.conformance.options import add_arguments as add_conformance
from rtadapt.errors import InvalidSettings, RtadaptError
from rtadapt.observe.logs import adopt, start_logs
from rtadapt.shown import shown

logger = logging.getLogger(__name__)

_API_STOP_SECONDS = 10
_EXIT_CODES = "exit status: 0 good, 1 failed, 2 wrong use or settings, 130 stopped by Ctrl-C"
_EXTRAS = {"torch": "train", "peft": "train", "transformers": "train", "spacy": "train", "vllm": "serve-cpu or serve-gpu"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Gives the exit status: 0 good, 1 failed, 2 wrong use or settings, 130 stopped by Ctrl-C."""
    options = build_parser().parse_args(arguments)
    try:
        settings = load_settings(options.config, **flags_of(options))
        return int(options.run(settings, options))
    except InvalidSettings as error:
        print(f"rtadapt: {error}", file=sys.stderr)
        return 2
    except RtadaptError as error:
        print(f"rtadapt: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        print(f"rtadapt: {package} is not installed: pip install 'rtadapt[{_EXTRAS[package]}]'", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None:
            raise
        print(f"rtadapt: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("settings", "every setting is in docs/configuration.md")
    group.add_argument("--config", type=Path, metavar="FILE", help="a TOML file instead of ./rtadapt.toml")
    group.add_argument("--model", metavar="MODEL", help="'smollm2', a GGUF file, a local folder, or a Hugging Face hub id")
    group.add_argument("--data-dir", metavar="DIR", help="where one machine keeps everything (default: rtadapt-data)")
    group.add_argument("--log-level", choices=["debug", "info", "warning", "error"])
    group.add_argument(
        "--set", dest="assign", action="append", default=[], metavar="NAME=VALUE", help="any setting: --set batch.max_events=16"
    )
    parser = argparse.ArgumentParser(
        prog="rtadapt",
        description="An online real-time adaptation server: push an event, ask for it when it is learned.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"rtadapt {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, run, about in (
        ("up", _up, "everything on this machine, on one port, until Ctrl-C"),
        ("serve", _serve, "one serving replica: vLLM with adapter routing inside"),
        ("work", _work, "one adaptation worker: reads the event log, publishes versions"),
        ("api", _api, "the control plane: events, feeds, versions, routes, console"),
        ("rewind", _rewind, "take back what a feed has learned since a version, or since it learned certain events"),
        ("demo", _demo, "start everything, push a morning of news and support, and show what is answered"),
        ("config", _config, "print the settings in force, as JSON, without secrets"),
        ("doctor", _doctor, "look whether this machine and these settings can run, and say what to do"),
        ("conformance", _conformance, "find out whether a server swaps LoRA adapters without anybody noticing"),
    ):
        command = commands.add_parser(
            name, parents=[common], help=about, description=about[0].upper() + about[1:] + ".", epilog=_EXIT_CODES
        )
        command.set_defaults(run=run)
        if name in ("up", "serve", "api", "demo"):
            command.add_argument("--host", help="address to listen on")
            command.add_argument("--port", type=int, help="port to listen on")
        if name == "up":
            command.add_argument("--quiet", action="store_true", help="do not print the commands to try")
        if name == "rewind":
            _add_rewind(command)
        if name == "conformance":
            add_conformance(command)
        if name == "serve":
            command.add_argument("--with-api", action="store_true", help="answer the control plane's routes too")
        if name == "demo":
            command.add_argument("--events", type=int, metavar="N", help="only the first N events")
            command.add_argument("--pace", type=float, default=4.0, metavar="SECONDS", help="time between two pushes (default 4)")
            command.add_argument("--report", type=Path, metavar="FILE", help="write the tables and totals as JSON too")
            command.add_argument("--keep", type=Path, metavar="DIR", help="run in this folder and keep it")
    _add_operators(commands, common)
    return parser


def _add_rewind(command: argparse.ArgumentParser) -> None:
    command.add_argument("feed", metavar="FEED")
    command.add_argument("version", type=int, nargs="?", help="the version to go back to (default: the last before --without)")
    command.add_argument(
        "--without", action="append", default=[], metavar="ID", help="an event that is not learned again; as often as needed"
    )
    command.add_argument("--relearn", action="store_true", help="learn all other events again that later versions had learned")
    _add_control_plane(command)


def _add_control_plane(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", metavar="URL", help="the control plane (default: that of the settings, api.host and api.port)")
    command.add_argument("--key-file", type=Path, metavar="FILE", help="a key of scope `operate`, where keys are asked for")


def _add_operators(commands: Any, common: argparse.ArgumentParser) -> None:
    """The commands that ask a running control plane."""

    def add(name: str, about: str) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(
            name, parents=[common], help=about, description=about[0].upper() + about[1:] + ".", epilog=_EXIT_CODES
        )
        command.set_defaults(run=_operate)
        _add_control_plane(command)
        return command

    feeds = add("feeds", "list the feeds, and why one stands still; or delete one")
    feeds.add_argument("what", nargs="?", choices=["list", "delete"], default="list")
    feeds.add_argument("feed", nargs="?", default="", help="the feed to delete")
    letters = add("dead-letters", "list, show, replay or drop what was refused after it was accepted")
    letters.add_argument("what", choices=["list", "show", "replay", "drop"])
    letters.add_argument("place", nargs="?", default="", help="the letter's place, as listed: partition.offset")
    letters.add_argument("--feed", default="", help="list only this feed's")
    letters.add_argument("--reason", default="", help="list only those with this reason")
    letters.add_argument("--limit", type=int, default=100, help="list at most so many (default 100)")
    log = add("log", "say which event log it is and how it stands; or decide about one that does not fit the registry")
    log.add_argument("what", nargs="?", choices=["show", "begin"], default="show")
    log.add_argument(
        "--read-from",
        choices=["beginning", "end"],
        help="begin: it counts as a new log; learn what is in it, or only what comes",
    )


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


def _up(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.supervisor import Supervisor

    def say(message: str) -> None:
        print(f"rtadapt: {message}", flush=True)

    if open_to_strangers(settings.serve.host, settings.keys_file):
        say("everybody who reaches this port may do everything: set keys_file")
    supervisor = Supervisor(settings, say)
    supervisor.run(lambda: None if options.quiet else print(_WELCOME.format(url=supervisor.url), flush=True))
    say("stopped; start again with the same command and it goes on where it was")
    return 0


_WELCOME = """
rtadapt is ready at {url}   (console: {url}/console, metrics: {url}/metrics)

push an event:
  curl -s {url}/v1/events -H 'content-type: application/json' -d \\
    '{{"feed": "news", "text": "Marla Tindle is the new head coach of Corvin Rovers. She starts on Monday."}}'
ask for it, once it is learned:
  curl -s {url}/v1/chat/completions -H 'content-type: application/json' -d \\
    '{{"model": "news", "messages": [{{"role": "user", "content": "Who is the head coach of Corvin Rovers?"}}]}}'
see the versions:
  curl -s {url}/v1/feeds/news/versions

Ctrl-C stops everything.
"""


def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.serving.launch import serve

    start_logs("serve", settings.log_level)
    _warn_if_open(settings.serve.host, settings)
    path, name = find_model(settings)
    middleware = ["rtadapt.mounted.ControlPlane"] if options.with_api else []
    serve(settings, model_path=path, model_name=name, middleware=middleware)
    return 0


def _work(settings: Settings, _: argparse.Namespace) -> int:
    from rtadapt.worker import work

    start_logs("work", settings.log_level)
    work(settings, find_model(settings)[0])
    return 0


def _api(settings: Settings, _: argparse.Namespace) -> int:
    import uvicorn

    from rtadapt.api.app import create_app
    from rtadapt.web.edge import Edge

    start_logs("api", settings.log_level)
    _warn_if_open(settings.api.host, settings)
    adopt("uvicorn", "warning")
    config = uvicorn.Config(
        Edge(create_app(settings), settings),
        http="h11",  # it bounds a request's headers; httptools, which uvicorn prefers where it is installed, does not
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_API_STOP_SECONDS,
    )
    with _listening(settings.api.host, settings.api.port) as listener:
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _rewind(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.remote import ask

    body = {"version": options.version, "without": options.without, "relearn": options.relearn}
    url = _control_plane(settings, options)
    print(json.dumps(ask(url, f"/v1/feeds/{quote(options.feed, safe='')}/rewind", body, options.key_file), indent=2))
    return 0


def _demo(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.demo.run import run_demo

    return run_demo(settings, events=options.events, pace_seconds=options.pace, report=options.report, keep=options.keep)


def _config(settings: Settings, _: argparse.Namespace) -> int:
    print(json.dumps(shown(settings), indent=2))
    return 0


def _doctor(settings: Settings, _: argparse.Namespace) -> int:
    from rtadapt.doctor import examine

    well = True
    for finding in examine(settings):
        print(finding, flush=True)
        well &= finding.well
    print("everything is well" if well else "not everything is well: see the lines that begin with BAD")
    return 0 if well else 1


def _conformance(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.conformance.run import run

    return run(settings, options, partial(print, flush=True))


def _warn_if_open(host: str, settings: Settings) -> None:
    if open_to_strangers(host, settings.keys_file):
        logger.warning("everybody who reaches this port may do everything: set keys_file", extra={"host": host})


def _operate(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.operate import Operator

    operator = Operator(_control_plane(settings, options), options.key_file)
    if options.command == "feeds":
        if (options.what == "delete") != bool(options.feed):
            raise InvalidSettings("feeds delete FEED, or feeds list", field="feed")
        lines = operator.delete_feed(options.feed) if options.what == "delete" else operator.feeds()
    elif options.command == "dead-letters":
        if (options.what == "list") == bool(options.place):
            raise InvalidSettings("name the letter's place with show, replay and drop, and with nothing else", field="place")
        listed = operator.letters(options.feed, options.reason, options.limit)
        lines = listed if options.what == "list" else operator.letter(options.what, options.place)
    else:
        if (options.what == "begin") != bool(options.read_from):
            raise InvalidSettings("say with `begin`, and only there, --read-from beginning or end", field="read-from")
        lines = operator.begin_log(options.read_from) if options.what == "begin" else operator.log()
    for line in lines:
        print(line)
    return 0


def _control_plane(settings: Settings, options: argparse.Namespace) -> str:
    return options.url or f"http://{settings.api.host}:{settings.api.port}"


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises InvalidSettings: uvicorn would end the process with a status of its own."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InvalidSettings(f"nothing can listen on {host}:{port}: {error.strerror}", field="api.port") from error
