"""What runs first in every process of the engine: a vLLM general plugin (entry point `vllm.general_plugins`).

vLLM loads it in the API server, in the engine's core and in its workers. It does nothing unless `launch.serve` started
that server. Then it

- ends the process when the one that started it ends, even by SIGKILL: vLLM 0.32's engine core outlives a killed API
  server otherwise, with all its memory and threads;
- asks the kernel for the AMX tiles where the CPU has them: vLLM's bfloat16 attention uses them without asking, which is
  an illegal instruction until some other library happened to ask;
- keeps adapters out of the base model's answers on the CPU, where vLLM 0.32 reads "no adapter" (slot -1) as the last slot: a
  request to the base in one step with adapters is answered with one of them once all slots are in use;
- multiplies by adapters as `cpu_adapters` does, where vLLM would copy them for each token;
- sends the engine's log to ours.
"""

from __future__ import annotations

import ctypes
import functools
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from rtadapt.observe.logs import adopt, start_logs
from rtadapt.serving import cpu_adapters

PLUGIN = "rtadapt"
"""The entry point's name."""

SERVER_PID = "RTADAPT_SERVER_PID"
"""Environment variable with the process id of the API server that `launch.serve` runs in."""

_PR_SET_PDEATHSIG = 1
_SYS_ARCH_PRCTL = 158  # x86-64
_ARCH_REQ_XCOMP_PERM = 0x1023
_XFEATURE_XTILEDATA = 18

_LOADING = ("vllm.model_executor.model_loader", "vllm.v1.worker", "vllm.v1.core.kv_cache_utils", "vllm.compilation")

logger = logging.getLogger(__name__)


def prepare() -> None:
    """Make this process one of ours. Safe to call again."""
    server = os.environ.get(SERVER_PID, "")
    if not server.isdigit():
        return
    request_tiles()
    if int(server) == os.getpid():
        keep_base_apart()
        return
    end_with_parent()
    level = os.environ.get("VLLM_LOGGING_LEVEL", "WARNING")
    start_logs("engine", level)
    adopt_engine(level)
    keep_base_apart()


def keep_base_apart() -> None:
    """Have the CPU's LoRA operators leave rows without an adapter as they are, and be quick. Outside vLLM there are none."""
    if "vllm" not in sys.modules:
        return
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return
    from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

    cpu_adapters.install(PunicaWrapperCPU)
    for name in ("_shrink_prefill", "_shrink_decode"):
        shrink = getattr(PunicaWrapperCPU, name)
        if not hasattr(shrink, "__wrapped__"):
            setattr(PunicaWrapperCPU, name, _without_base(shrink))


def _without_base(shrink: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(shrink)
    def shrink_without_base(self: Any, y: Any, *rest: Any) -> None:
        shrink(self, y, *rest)
        # What an adapter adds is expanded from y [rows, rank]: nothing comes of zeros.
        y.masked_fill_((self.token_lora_indices < 0).unsqueeze(1), 0)

    return shrink_without_base


def adopt_engine(level: str) -> None:
    """Send vLLM's log to ours. The parts of it that only load say at any level what they do: a start is not silent then."""
    adopt("vllm", level)
    for name in _LOADING:
        logging.getLogger(name).setLevel(min(logging.INFO, logging.getLogger("vllm").level))


def end_with_parent() -> None:
    """Let the kernel kill this process when the thread that started it ends. Linux only; elsewhere nothing happens."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        logger.warning("the kernel would not tie this process to its parent", extra={"errno": ctypes.get_errno()})
    if os.getppid() != parent or parent == 1:  # it ended before the kernel knew
        os.kill(os.getpid(), signal.SIGKILL)


def request_tiles() -> None:
    """Ask for permission to use AMX tiles, for this process and the threads it starts. Without AMX nothing happens."""
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        return
    ctypes.CDLL(None, use_errno=True).syscall(_SYS_ARCH_PRCTL, _ARCH_REQ_XCOMP_PERM, _XFEATURE_XTILEDATA)
