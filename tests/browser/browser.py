# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's Chromium through its driver: a page at a width and in a scheme, and what it did."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import shutil
import typing as t
from dataclasses import dataclass

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.run.debian import require

PACKAGES = ("chromium", "chromium-driver")
HEIGHT = 900
TALLEST = 4000
"""Of a picture; a long list of findings is no sight to see."""


@dataclass(frozen=True)
class Sight:
    """What a page was like."""

    width: int
    """Of what would have to be scrolled to."""
    complaints: list[str]
    """Of the console: script errors, and what the page's own policy refused."""
    requests: set[str]


class Browser:
    """One process of the browser for all pages."""

    def __init__(self) -> None:
        require(("chromium", "chromedriver"), PACKAGES)
        options = Options()
        options.binary_location = str(shutil.which("chromium"))
        for flag in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
            options.add_argument(flag)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))

    def close(self) -> None:
        self.driver.quit()

    def look(self, page: pathlib.Path, width: int, scheme: str = "light", medium: str = "") -> Sight:
        """Open a page; the same sight lasts until the next look."""
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": medium, "features": features})
        for log in ("browser", "performance"):
            self.driver.get_log(log)  # type: ignore[no-untyped-call]
        self.driver.get(page.as_uri())
        said, sent = (self.driver.get_log(log) for log in ("browser", "performance"))  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in sent]
        return Sight(
            width=self.run("return document.documentElement.scrollWidth"),
            complaints=[entry["message"] for entry in said],
            requests={m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"},
        )

    def run(self, script: str) -> t.Any:
        return self.driver.execute_script(script)

    def picture(self, path: pathlib.Path, width: int) -> None:
        """The whole page as it is now, up to a height."""
        height = min(self.run("return document.documentElement.scrollHeight"), TALLEST)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip}
        )
        path.write_bytes(base64.b64decode(shot["data"]))
