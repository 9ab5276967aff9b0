"""A headless Chromium, driven by chromedriver as WebDriver has it; no library.

Whatever a page asks for is noted, and it gets nothing: its network is off.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")


class Browser:
    """One window."""

    def __init__(self, port: int, folder: Path) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._session = ""
        arguments = [
            *("--headless=new", "--no-sandbox", "--disable-gpu"),
            *("--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *("--disable-background-networking", f"--user-data-dir={folder}"),
        ]
        wanted = {
            "goog:chromeOptions": {"binary": CHROMIUM, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        until_it_answers(f"{self._base}/status")
        made = self._post("/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{made['sessionId']}"
        offline = {"offline": True, "latency": 0}
        offline |= {"downloadThroughput": 0, "uploadThroughput": 0}
        self.cdp("Network.enable", {})
        self.cdp("Network.emulateNetworkConditions", offline)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            f"{self._base}{self._session}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def close(self) -> None:
        """End it."""
        address = f"{self._base}{self._session}"
        request = urllib.request.Request(address, method="DELETE")
        urllib.request.urlopen(request, timeout=60).close()

    def cdp(self, name: str, params: dict[str, Any]) -> Any:
        return self._post("/goog/cdp/execute", {"cmd": name, "params": params})

    def open(self, path: Path) -> None:
        self._post("/url", {"url": path.as_uri()})

    def width(self, pixels: int) -> None:
        """Be as wide as that, and 900 high, whatever a window may be."""
        metrics = {"width": pixels, "height": 900, "deviceScaleFactor": 1}
        self.cdp("Emulation.setDeviceMetricsOverride", {**metrics, "mobile": False})

    def run(self, script: str) -> Any:
        """Run a function's body, and return what it returns."""
        return self._post("/execute/sync", {"script": script, "args": []})

    def until(self, script: str, seconds: float = 30) -> None:
        """Wait until a function's body returns something."""
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, script
            time.sleep(0.05)

    def messages(self) -> list[str]:
        """What its console has said since it was asked last."""
        return [one["message"] for one in self._post("/se/log", {"type": "browser"})]

    def asked_for(self) -> list[str]:
        """Addresses that it wanted since it was asked last."""
        found = []
        for one in self._post("/se/log", {"type": "performance"}):
            message = json.loads(one["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Write what it shows as a PNG, all of the page or what is seen of it."""
        found = self.cdp(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole}
        )
        path.write_bytes(base64.b64decode(found["data"]))


def until_it_answers(address: str) -> None:
    """Wait until somebody listens."""
    end = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            assert time.monotonic() < end, address
            time.sleep(0.1)


@contextmanager
def started(folder: Path) -> Iterator[Browser]:
    """Start one, with a home of its own."""
    assert DRIVER is not None
    process = subprocess.Popen(
        [DRIVER, "--port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
    )
    assert process.stdout is not None
    try:
        port = 0
        for line in process.stdout:
            if "started successfully on port" in line:
                port = int(line.rpartition("port")[2].strip(" .\n"))
                break
        browser = Browser(port, folder / "profile")
        yield browser
        browser.close()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
