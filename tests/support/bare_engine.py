"""vLLM's own server without anything of ours, with runtime LoRA."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.support.redis_server import free_port
from tests.support.running import READY_SECONDS, eventually

_ENVIRONMENT = {
    "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_PLUGINS": "",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
}


@contextlib.contextmanager
def bare_engine(folder: Path, model: Path, *, slots: int) -> Iterator[str]:
    """Its URL, once it is healthy. It serves in float32, where greedy answers do not depend on who else is in the batch."""
    port = free_port()
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model), "--served-model-name", "tiny"]
    command += ["--port", str(port), "--host", "127.0.0.1", "--dtype", "float32", "--enforce-eager", "--enable-lora"]
    command += ["--max-loras", "2", "--max-cpu-loras", str(slots), "--max-lora-rank", "8"]
    command += ["--distributed-executor-backend", "uni", "--max-model-len", "512"]
    output = folder / "vllm.out"
    with output.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | _ENVIRONMENT, start_new_session=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5.0, trust_env=False) as client:
            assert eventually(lambda: process.poll() is not None or healthy(client), READY_SECONDS), output.read_text()[-3000:]
        assert process.poll() is None, output.read_text()[-3000:]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.HTTPError:
        return False
