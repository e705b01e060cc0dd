"""The command line: `rtadapt up | serve | work | api | push | ask | status | demo | config | doctor | feeds | …`.

Owns what each command does and what goes to the terminal; options.py has its flags. Flags win over the environment, the
environment over rtadapt.toml.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rtadapt import __version__
from rtadapt.access import KeyTable, new_line, open_to_strangers
from rtadapt.basemodel import find_model
from rtadapt.completion import script
from rtadapt.config import Settings, load_settings
from rtadapt.errors import InvalidSettings, RtadaptError
from rtadapt.naming import EXTRAS
from rtadapt.observe.logs import adopt, start_logs
from rtadapt.options import build_parser, flags_of
from rtadapt.shown import explained, shown

logger = logging.getLogger(__name__)

_API_STOP_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Gives the exit status: 0 good, 1 failed, 2 wrong use or settings, 130 stopped by Ctrl-C."""
    options = build_parser().parse_args(arguments)
    try:
        settings = load_settings(options.config, **flags_of(options))
        status = _RUNS[options.command](settings, options)
        sys.stdout.flush()
        return status
    except InvalidSettings as error:
        print(f"rtadapt: {error}", file=sys.stderr)
        return 2
    except RtadaptError as error:
        print(f"rtadapt: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        print(f"rtadapt: {package} is not installed: {EXTRAS[package]}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read this, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is None:
            raise
        print(f"rtadapt: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _up(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.supervisor import Supervisor

    def say(message: str) -> None:
        print(f"rtadapt: {message}", flush=True)

    if open_to_strangers(settings.serve.host, settings.keys_file):
        say("everybody who reaches this port may do everything: set keys_file")
    supervisor = Supervisor(settings, say)
    supervisor.run(lambda: None if options.quiet else print(_WELCOME.format(url=supervisor.url), flush=True))
    if not options.quiet:
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
    from rtadapt.serving.launch import check_settings, serve

    start_logs("serve", settings.log_level)
    check_settings(settings)
    with _listening(settings.serve.host, settings.serve.port, "serve.port"):  # said before minutes are spent on a model
        pass
    _warn_if_open(settings.serve.host, settings)
    path, name = find_model(settings)
    middleware = ["rtadapt.mounted.ControlPlane"] if options.with_api else []
    serve(settings, model_path=path, model_name=name, middleware=middleware)
    return 0


def _work(settings: Settings, _: argparse.Namespace) -> int:
    from rtadapt.work.worker import work

    start_logs("work", settings.log_level)
    work(settings, find_model(settings)[0])
    return 0


def _api(settings: Settings, _: argparse.Namespace) -> int:
    import uvicorn

    from rtadapt.api.app import create_app
    from rtadapt.observe import metrics
    from rtadapt.observe.disk import watch_disk
    from rtadapt.web.connections import SERVER_KEEPS_SECONDS
    from rtadapt.web.edge import Edge

    start_logs("api", settings.log_level)
    metrics.BUILD.labels("api", __version__, settings.serve.model_name or settings.model).set(1)
    watch_disk(settings.data_dir)
    _warn_if_open(settings.api.host, settings)
    adopt("uvicorn", "warning")
    config = uvicorn.Config(
        Edge(create_app(settings), settings),
        http="h11",  # httptools bounds neither heads nor pipelined requests, and leaves what follows an offer to upgrade unread
        ws="none",
        log_config=None,
        access_log=False,
        timeout_keep_alive=SERVER_KEEPS_SECONDS,
        timeout_graceful_shutdown=_API_STOP_SECONDS,
    )
    with _listening(settings.api.host, settings.api.port, "api.port") as listener:
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _rewind(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.remote import ask

    body = {"version": options.version, "without": options.without, "relearn": options.relearn}
    urls = _control_planes(settings, options)
    print(json.dumps(ask(urls, f"/v1/feeds/{quote(options.feed, safe='')}/rewind", body, options.key_file), indent=2))
    return 0


def _demo(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.demo.run import run_demo

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its processes and its folder go with it
    return run_demo(settings, events=options.events, pace_seconds=options.pace, report=options.report, keep=options.keep)


def _bench(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.bench import Bench, report

    start_logs("bench", "warning")
    bench = Bench(settings, find_model(settings)[0])
    for line in report(bench, list(bench.rounds(max(1, options.rounds)))):
        print(line)
    return 0


def _config(settings: Settings, options: argparse.Namespace) -> int:
    for line in explained() if options.explain else [json.dumps(shown(settings), indent=2)]:
        print(line)
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

    return run(settings, options, lambda line: print(line, flush=True))


def _warn_if_open(host: str, settings: Settings) -> None:
    if open_to_strangers(host, settings.keys_file):
        logger.warning("everybody who reaches this port may do everything: set keys_file", extra={"host": host})


def _operate(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.operate import Operator

    operator = Operator(_control_planes(settings, options), options.key_file)
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
    said = 0
    for said, line in enumerate(lines, start=1):  # noqa: B007 - how many there were
        print(line)
    if not said:
        print(f"rtadapt: there are no {options.command}", file=sys.stderr)
    return 0


def _push(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.tell import Teller, body_of

    if bool(options.files) == (options.text is not None):
        raise InvalidSettings("name files, or - for standard input, or give --text", field="files")
    bodies: list[Any] = [{"text": options.text}] if options.text is not None else []
    for name in options.files:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        bodies.append(body_of(Path(name), content, options.type))
    teller = Teller(_control_planes(settings, options), options.key_file)
    good = True
    for body in bodies:
        items = teller.push(body, options.feed)
        for item in items:
            print(json.dumps(item, ensure_ascii=False), flush=True)
            good &= item["status"] == "accepted"
        for found in teller.decided(items, options.patience) if options.wait else ():
            print(json.dumps(found, ensure_ascii=False), flush=True)
            good &= found["status"] == "learned"
    return 0 if good else 1


def _ask(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.tell import Teller, question_of

    teller = Teller([options.url or f"http://{settings.serve.host}:{settings.serve.port}"], options.key_file)
    question = question_of(options.question)
    if not options.compare:
        print(teller.answer(options.name, question, options.after))
        return 0
    for number, name in enumerate((options.name, options.compare)):
        after = options.after if number == 0 else ""  # a token is of one feed
        print(f"{name}: {teller.answer(name, question, after)}", flush=True)
    return 0


def _status(settings: Settings, options: argparse.Namespace) -> int:
    from rtadapt.tell import Teller, is_well, status_lines

    page = Teller(_control_planes(settings, options), options.key_file).overview()
    for line in [json.dumps(page, ensure_ascii=False)] if options.json else status_lines(page):
        print(line)
    return 0 if is_well(page) else 1


def _keys(settings: Settings, options: argparse.Namespace) -> int:
    if options.what == "new":
        print(new_line(options.scope, options.id, options.feeds))
        return 0
    if settings.keys_file is None:
        raise InvalidSettings("there is no keys_file: nobody is asked for a key", field="keys_file")
    for line in KeyTable.load(settings.keys_file).shown():
        print(json.dumps(line))
    return 0


def _completion(_: Settings, options: argparse.Namespace) -> int:
    print(script(build_parser(), options.shell), end="")
    return 0


def _control_planes(settings: Settings, options: argparse.Namespace) -> list[str]:
    """Where it may be: by itself, or beside the engine as `rtadapt up` has it."""
    places = [(settings.api.host, settings.api.port), (settings.serve.host, settings.serve.port)]
    return [options.url] if options.url else [f"http://{host}:{port}" for host, port in places]


def _listening(host: str, port: int, field: str) -> socket.socket:
    """A socket that listens there. Raises InvalidSettings: uvicorn would end the process with a status of its own."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InvalidSettings(f"nothing can listen on {host}:{port}: {error.strerror}", field=field) from error


_RUNS: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
    "up": _up,
    "serve": _serve,
    "work": _work,
    "api": _api,
    "push": _push,
    "ask": _ask,
    "status": _status,
    "rewind": _rewind,
    "demo": _demo,
    "bench": _bench,
    "conformance": _conformance,
    "config": _config,
    "doctor": _doctor,
    "keys": _keys,
    "completion": _completion,
    "feeds": _operate,
    "dead-letters": _operate,
    "log": _operate,
}
