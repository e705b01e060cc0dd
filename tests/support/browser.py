"""A headless Chromium of Debian's package, spoken to over its own debugging protocol."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_START_SECONDS = 60.0


class Browser:
    """One page, while the `with` block runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: ClientConnection | None = None
        self._open = ExitStack()

    def __enter__(self) -> Browser:
        assert CHROMIUM is not None
        said = self._folder / "chromium.log"
        with said.open("wb") as out:
            flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0"]
            self._process = subprocess.Popen(
                [CHROMIUM, *flags, f"--user-data-dir={self._folder / 'profile'}", "about:blank"], stdout=out, stderr=out
            )
        deadline = time.monotonic() + _START_SECONDS
        while not (found := re.search(r"ws://127\.0\.0\.1:(\d+)/", said.read_text())):
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        pages = httpx.get(f"http://127.0.0.1:{found[1]}/json", timeout=30, trust_env=False).json()
        (page,) = [page for page in pages if page["type"] == "page"]
        self._wire = self._open.enter_context(connect(page["webSocketDebuggerUrl"], max_size=None, proxy=None))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        assert self._wire is not None
        self._number += 1
        self._wire.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._wire.recv(timeout=60))
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        result = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, script: str) -> None:
        """Return once the expression is true; a page that isn't there yet, so that it throws, is waited for too."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            result = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
            if "exceptionDetails" not in result and result["result"].get("value"):
                return
            assert time.monotonic() < deadline, (script, result)
            time.sleep(0.1)

    def mouse(self, kind: str, x: float, y: float) -> None:
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self) -> bytes:
        import base64

        return base64.b64decode(self.ask("Page.captureScreenshot")["data"])
