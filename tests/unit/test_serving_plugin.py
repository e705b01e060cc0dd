"""What runs first in the engine's processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from rtadapt.config import Settings
from rtadapt.serving import plugin
from rtadapt.serving.launch import environment
from tests.support.running import eventually

_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
child.wait()
"""
_CHILD = """
import os, time
os.environ["RTADAPT_SERVER_PID"] = str(os.getppid())
from rtadapt.serving.plugin import prepare
prepare(); prepare()
print("prepared", flush=True)
time.sleep(600)
"""


_MIXED_STEP = """
import os, torch, vllm
os.environ["RTADAPT_SERVER_PID"] = str(os.getpid())
from rtadapt.serving.plugin import prepare
prepare(); prepare()
from vllm.lora.layers import LoRAMapping
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU
wrapper = PunicaWrapperCPU(8, 8, "cpu")
mapping = LoRAMapping(index_mapping=(1, 1, 0, 2), prompt_mapping=(1, 0, 2), is_prefill=True)
wrapper.update_metadata(mapping, [1, 2], 2, 32)
added = torch.zeros(4, 6)
shrinks, expands = torch.ones(2, 1, 3, 5), torch.ones(2, 1, 6, 3)
wrapper.add_lora_linear(added, torch.ones(4, 5), (shrinks,), (expands,), 1.0, (6,))
print(*added[:, 0].tolist())
"""


def test_the_base_gets_nothing_of_adapters_that_are_asked_in_the_same_step_with_all_slots_in_use() -> None:
    done = subprocess.run([sys.executable, "-c", _MIXED_STEP], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.split()[-4:] == ["15.0", "15.0", "0.0", "15.0"]


def test_it_is_found_by_vllm_under_its_name() -> None:
    (found,) = entry_points(group="vllm.general_plugins", name=plugin.PLUGIN)
    assert found.load() is plugin.prepare


def test_a_process_of_the_engine_ends_when_its_server_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, _CHILD], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid, said = parent.stdout.readline().split()
        assert said == "prepared"
        parent.send_signal(signal.SIGKILL)
        parent.wait(timeout=30)
        assert eventually(lambda: not _lives(int(pid)))


def test_in_anybody_elses_vllm_it_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(plugin.SERVER_PID, raising=False)
    monkeypatch.setattr(plugin, "end_with_parent", _never)
    monkeypatch.setattr(plugin, "request_tiles", _never)
    plugin.prepare()


def test_the_server_itself_is_not_tied_to_whoever_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(plugin.SERVER_PID, str(os.getpid()))
    monkeypatch.setattr(plugin, "end_with_parent", _never)
    plugin.prepare()


def test_it_is_allowed_where_plugins_are_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VLLM_PLUGINS", "")
    assert environment(Settings(), model_path=str(tmp_path), model_name="m", cpu=True)["VLLM_PLUGINS"] == "rtadapt"
    monkeypatch.setenv("VLLM_PLUGINS", "theirs")
    assert environment(Settings(), model_path=str(tmp_path), model_name="m", cpu=True)["VLLM_PLUGINS"] == "rtadapt,theirs"


def _never() -> None:
    raise AssertionError("this must not be called")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
