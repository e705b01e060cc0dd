"""`rtadapt completion bash|zsh|fish`: a script that lets a shell complete commands, flags and their choices.

Owns the scripts. They are made from the parser, so that they know what it knows.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

SHELLS = ("bash", "zsh", "fish")


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """What the shell is to read: `source <(rtadapt completion bash)`, `rtadapt completion fish | source`."""
    words = {name: sorted(_words(command)) for name, command in _commands(parser).items()}
    return "\n".join(_fish(words) if shell == "fish" else _bash(words, shell)) + "\n"


def _bash(words: Mapping[str, list[str]], shell: str) -> Iterator[str]:
    if shell == "zsh":
        yield "autoload -Uz compinit bashcompinit && compinit && bashcompinit"
    yield "_rtadapt() {"
    yield '    local word="${COMP_WORDS[COMP_CWORD]}" words'
    yield '    case "${COMP_WORDS[1]}" in'
    for name, those in words.items():
        yield f'    {name}) words="{" ".join(those)}" ;;'
    yield f'    *) words="{" ".join(words)}" ;;'
    yield "    esac"
    yield f'    ((COMP_CWORD > 1)) || words="{" ".join(words)}"'
    yield "    local IFS=$' \\t\\n'"
    yield '    COMPREPLY=($(compgen -W "$words" -- "$word"))'
    yield "}"
    yield "complete -o default -F _rtadapt rtadapt"


def _fish(words: Mapping[str, list[str]]) -> Iterator[str]:
    yield f"complete -c rtadapt -n __fish_use_subcommand -f -a '{' '.join(words)}'"
    for name, those in words.items():
        yield f"complete -c rtadapt -n '__fish_seen_subcommand_from {name}' -a '{' '.join(those)}'"


def _commands(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found: Mapping[str, argparse.ArgumentParser] = action.choices
            return found
    return {}


def _words(command: argparse.ArgumentParser) -> Iterator[str]:
    for action in command._actions:
        yield from action.option_strings
        yield from map(str, action.choices or ())
