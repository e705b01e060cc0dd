"""How a chat becomes the text that the model answers: the model's own template, asked as the engine asks it.

Owns the rendering. Takes chats; gives their text up to where the answer begins, and what the template puts after an
answer. A template may lack things: a system role, plain strings as content, a way to leave thinking out, or be lacking itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rtadapt.errors import InvalidSettings
from rtadapt.records import Message
from rtadapt.training.families import THOUGHTS

_SENTINEL = "zqxjkv"


class Template:
    """One model's way of writing chats.

    A date in a template is that of the process's start for as long as it runs: rows must not change under an update. Where
    the template has a way to leave thinking out, it is left out; where it opens a thought all the same, the thought is
    closed, empty, before the answer: what is taught is said, not thought.
    """

    def __init__(self, tokenizer: Any) -> None:
        """Raises InvalidSettings when the template does not print what a user says."""
        self._render: Callable[..., Any] = tokenizer.apply_chat_template
        started = datetime.now(UTC).astimezone()
        self._given = {"enable_thinking": False, "strftime_now": started.strftime}
        self.is_there = bool(tokenizer.chat_template)
        self._in_parts = False
        self._folds_system = False
        self._names_developer = any(word in str(tokenizer.chat_template) for word in ("'developer'", '"developer"'))
        if self.is_there:
            self._in_parts = self._takes_parts(_chosen(tokenizer.chat_template))
            self._folds_system = not self._prints([Message("system", _SENTINEL), Message("user", "hi")])

    @property
    def may_think(self) -> bool:
        """Whether the template has a way to let the model think, and one to leave it out."""
        asked = [Message("user", "hi")]
        return self.is_there and self.text(asked, thinking=True) != self.text(asked)

    def text(self, messages: Sequence[Message], *, thinking: bool = False) -> str:
        """A chat up to where the answer begins; plain lines where the model has no template.

        What is taught never follows a thought; `thinking` is for comparing with what the engine makes.
        """
        if not messages or not self.is_there:
            return "".join(f"{message.content}\n" for message in messages)
        if not self._names_developer:  # the engine says so too
            messages = [Message("system", one.content) if one.role == "developer" else one for one in messages]
        chat = _folded(messages) if self._folds_system else messages
        if thinking:
            return self._of(chat, add_generation_prompt=True, enable_thinking=True)
        text = self._of(chat, add_generation_prompt=True)
        for opening, closing in THOUGHTS:
            if text.rstrip().endswith(opening):
                return f"{text.rstrip()}\n{closing}\n\n"
        return text

    def closing(self) -> str:
        """What the template puts after an answer; nothing where there is no template."""
        if not self.is_there:
            return ""
        return self._of([Message("user", "hi"), Message("assistant", _SENTINEL)]).rpartition(_SENTINEL)[2]

    def _of(self, messages: Sequence[Message], **more: bool) -> str:
        chat = [
            {"role": message.role, "content": [{"type": "text", "text": message.content}] if self._in_parts else message.content}
            for message in messages
        ]
        return str(self._render(chat, tokenize=False, **{**self._given, **more}))

    def _takes_parts(self, template: str) -> bool:
        """Whether content goes in as a list of parts: where the template walks over it, as the engine decides it too."""
        for in_parts in (True, False) if _walks_over_content(template) else (False, True):
            self._in_parts = in_parts
            if self._prints([Message("user", _SENTINEL)]):
                return in_parts
        raise InvalidSettings("the model's chat template does not print what a user says", field="model")

    def _prints(self, messages: Sequence[Message]) -> bool:
        try:
            return _SENTINEL in self._of(messages)
        except (jinja2.TemplateError, TypeError, ValueError):
            return False


def _folded(messages: Sequence[Message]) -> list[Message]:
    """A system line put before the first thing that the user says, as is done with models that know no system role."""
    folded: list[Message] = []
    lines = ""
    for message in messages:
        if message.role == "system":
            lines += f"{message.content}\n\n"
        else:
            folded.append(Message(message.role, lines + message.content))
            lines = ""
    return folded or [Message("user", lines.strip())]


def _chosen(template: Any) -> str:
    return str(template.get("default", next(iter(template.values()))) if isinstance(template, dict) else template)


def _walks_over_content(template: str) -> bool:
    """Whether a template has a loop over the content of a message, directly or by a name that was given to it."""
    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"])
    try:
        tree = environment.parse(template)
    except jinja2.TemplateSyntaxError:  # a tag of transformers' own
        return False
    names = {
        node.target.name for node in tree.find_all(nodes.Assign) if isinstance(node.target, nodes.Name) and _is_content(node.node)
    }
    loops = tree.find_all(nodes.For)
    return any(_is_content(loop.iter) or (isinstance(loop.iter, nodes.Name) and loop.iter.name in names) for loop in loops)


def _is_content(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter) and node.node is not None:
        return _is_content(node.node)
    if isinstance(node, nodes.Getattr):
        return node.attr == "content"
    return isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and node.arg.value == "content"
