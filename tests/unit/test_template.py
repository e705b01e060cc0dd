"""Chats become the text that the engine would make of them, whatever a template knows or lacks."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer

from rtadapt.errors import InvalidSettings
from rtadapt.records import Example, Message
from rtadapt.training.rows import Encoder
from rtadapt.training.template import Template
from tests.support.tiny_model import build_llama, build_qwen

USER = Message("user", "Who is the coach?")
SYSTEM = Message("system", "Be brief.")
TURN = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
ASK = "{% if add_generation_prompt %}<|im_start|>assistant\n"
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
PARTS = TURN.replace("{{ m.content }}", "{% for c in m.content %}{{ c.text }}{% endfor %}")
EITHER = TURN.replace(
    "{{ m.content }}",
    "{% if m.content is string %}S{{ m.content }}{% else %}{% for c in m.content %}P{{ c.text }}{% endfor %}{% endif %}",
)
SWITCH = "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_qwen(tmp_path_factory.mktemp("qwen"))


def tokenizer(folder: Path, template: str | None, **more: Any) -> Any:
    made = AutoTokenizer.from_pretrained(folder, **more)
    made.chat_template = template
    return made


def text(folder: Path, template: str, *messages: Message) -> str:
    return Template(tokenizer(folder, template)).text(messages)


def test_a_plain_template_is_used_as_it_is(qwen: Path) -> None:
    said = text(qwen, TURN + ASK + "{% endif %}", SYSTEM, USER)
    assert (
        said == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWho is the coach?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_without_a_system_role_the_line_stands_before_what_the_user_says(qwen: Path) -> None:
    said = text(qwen, NO_SYSTEM + TURN + ASK + "{% endif %}", SYSTEM, USER)
    assert said.startswith("<|im_start|>user\nBe brief.\n\nWho is the coach?<|im_end|>")


@pytest.mark.parametrize(("template", "said"), [(PARTS, "\nWho is the coach?<"), (EITHER, "\nPWho is the coach?<")])
def test_a_template_over_content_parts_gets_parts_as_from_the_engine(qwen: Path, template: str, said: str) -> None:
    assert said in text(qwen, template + ASK + "{% endif %}", USER)


def test_the_engine_sees_content_parts_where_we_do() -> None:
    chat_utils = pytest.importorskip("vllm.renderers.hf")
    for template in (TURN, PARTS, EITHER, NO_SYSTEM + TURN):
        from rtadapt.training.template import _walks_over_content

        theirs = chat_utils._detect_content_format(template, default="string")
        assert _walks_over_content(template) is (theirs == "openai")


def test_a_template_that_drops_the_question_is_refused(qwen: Path) -> None:
    with pytest.raises(InvalidSettings, match="does not print what a user says"):
        Template(tokenizer(qwen, "{% for m in messages %}{{ m.role }}{% endfor %}"))


def test_thinking_is_left_out_where_the_template_can(qwen: Path) -> None:
    assert text(qwen, TURN + ASK + SWITCH, USER).endswith("assistant\n<think>\n\n</think>\n\n")


def test_a_thought_that_the_template_opens_is_closed_before_the_answer(qwen: Path) -> None:
    assert text(qwen, TURN + ASK + "<think>\n{% endif %}", USER).endswith("assistant\n<think>\n</think>\n\n")


def test_a_date_does_not_change_while_the_process_runs(qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = Template(tokenizer(qwen, "{{ strftime_now('%H:%M:%S.%f %d %b %Y') }}" + TURN))
    assert template.text([USER]) == template.text([USER])
    assert str(datetime.now().year) in template.text([USER])


def test_a_model_without_a_template_reads_what_a_completion_reads(tmp_path: Path) -> None:
    made = tokenizer(build_llama(tmp_path), None)
    made.backend_tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    encoder = Encoder(made, 64)
    assert encoder.prompts([[USER]]) == [made("Who is the coach?\n")["input_ids"]]
    assert encoder.prompts([[USER]])[0][0] == made.bos_token_id
    row = encoder.encode([Example("e", (Message("user", "why " * 200),), "so")])[0]
    assert row.ids[0] == made.bos_token_id
    assert len(row.ids) == 64


def test_an_answer_ends_with_what_the_template_closes_a_turn_with(qwen: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = tokenizer(qwen, TURN + ASK + "{% endif %}", eos_token="<|endoftext|>")
    encoder = Encoder(made, 64)
    assert encoder.end_id == made.convert_tokens_to_ids("<|im_end|>")
    assert encoder.stop_ids == {encoder.end_id, made.eos_token_id}
    assert "none at which the engine stops" in caplog.text


def test_bos_pad_and_eos_may_be_missing_but_something_must_end_an_answer(qwen: Path) -> None:
    bare = tokenizer(qwen, TURN + ASK + "{% endif %}", eos_token=None, pad_token=None, bos_token=None)
    assert bare.eos_token_id is None
    assert Encoder(bare, 64).end_id == bare.convert_tokens_to_ids("<|im_end|>")
    with pytest.raises(InvalidSettings, match="no token that ends an answer"):
        Encoder(tokenizer(qwen, "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}", eos_token=None), 64)


def test_a_developers_line_is_a_system_line_where_the_template_knows_none(qwen: Path) -> None:
    said = Message("developer", "Be brief.")
    assert text(qwen, TURN + ASK + "{% endif %}", said, USER).startswith("<|im_start|>system\nBe brief.")
    knows = TURN + ASK + "{% endif %}{% if messages[0].role == 'developer' %}{% endif %}"
    assert text(qwen, knows, said, USER).startswith("<|im_start|>developer\nBe brief.")


def test_a_template_that_may_think_is_known_by_it(qwen: Path) -> None:
    switch = Template(tokenizer(qwen, TURN + ASK + SWITCH))
    assert switch.may_think
    assert switch.text([USER], thinking=True).endswith("assistant\n")
    assert not Template(tokenizer(qwen, TURN + ASK + "{% endif %}")).may_think
