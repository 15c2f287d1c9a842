"""The extension in Visual Studio Code itself, in a browser: what is wrong is underlined and mended, words are completed
and the lenses run and debug."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from code_server import CodeServer, install
from test_vscode import built, packed

playwright = pytest.importorskip("playwright.sync_api", reason="playwright has no wheel for this Python")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on PATH")]
LOGBOOK = Path(__file__).parents[1] / "samples" / "logbook"

__all__ = ["built"]

TIDES = """function tides {
  description = "How high the water stands, hour by hour."

  input {
    int hours?=3
  }

  stack {
    var $heights {
      value = []
    }

    for ($input.hours) {
      each as $hour {
        array.push $heights {
          value = $hour|multiply:1.5
        }
      }
    }
  }

  response = $heights
}
"""


@pytest.fixture(scope="module")
def editor(built: Path, tmp_path_factory: pytest.TempPathFactory) -> CodeServer:
    """The editor with the extension; the folder that XSRUN_CODE_SERVER names keeps it for the next time."""
    kept = os.environ.get("XSRUN_CODE_SERVER")
    place = Path(kept) if kept else tmp_path_factory.mktemp("code-server")
    made = CodeServer(place) if (place / "node_modules").is_dir() else install(place)
    words = [sys.executable, "-m", "xsrun"]
    settings = {"xsrun.command": words, "workbench.startupEditor": "none", "editor.minimap.enabled": False}
    # a terminal that is drawn as text can be read
    made.set_up(packed(built), {**settings, "terminal.integrated.gpuAcceleration": "off"})
    return made


@pytest.fixture
def page(editor: CodeServer, tmp_path: Path) -> Iterator[Any]:
    """The editor with a function open, once the language server has looked at it."""
    folder = tmp_path / "logbook"
    shutil.copytree(LOGBOOK, folder, ignore=shutil.ignore_patterns(".xsrun"))
    (folder / "function" / "tides.xs").write_text(TIDES, encoding="utf-8")
    with editor.open(folder, "function/tides.xs") as address, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        made = browser.new_context(viewport={"width": 1100, "height": 660}).new_page()
        made.set_default_timeout(120_000)
        made.goto(address)
        lens(made, "Run").wait_for()
        yield made
        browser.close()


def lens(page: Any, name: str) -> Any:
    return page.locator(".codelens-decoration a", has_text=name).first


def line(page: Any, text: str) -> Any:
    """A line of the open file."""
    return page.locator(".monaco-editor .view-line", has_text=text).first


def picture(page: Any, name: str) -> None:
    """Keep what is seen, in the folder that XSRUN_PICTURES names."""
    if folder := os.environ.get("XSRUN_PICTURES"):
        page.screenshot(path=Path(folder) / name)


def test_a_mistake_is_underlined_and_mended(page: Any) -> None:
    line(page, "multiply:").click()
    page.keyboard.press("End")
    page.keyboard.type("|roun")
    page.locator(".suggest-widget .monaco-list-row", has_text="round").first.wait_for()
    picture(page, "completion.png")
    page.keyboard.press("Escape")
    page.keyboard.type("d > 1")
    page.locator(".squiggly-error").wait_for()
    page.keyboard.press("F8")
    page.locator(".marker-widget", has_text="XS130").wait_for()
    picture(page, "diagnostic.png")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+.")
    page.locator(".action-widget").get_by_text("($hour|multiply:1.5|round)").first.wait_for()
    page.keyboard.press("Enter")
    line(page, "value = ($hour").wait_for()
    page.locator(".squiggly-error").wait_for(state="detached")


def test_a_lens_runs_a_function(page: Any) -> None:
    """Its answer is still there when it has ended."""
    lens(page, "Run").click()
    page.locator(".xterm-rows", has_text="press any key").wait_for()
    rows = page.locator(".xterm-rows").inner_text().replace("\xa0", " ").splitlines()
    assert "[ 0, 1.5, 3 ]" in " ".join(one.strip() for one in rows)


def test_a_lens_debugs_a_function_forwards_and_backwards(page: Any) -> None:
    line(page, "array.push").click()
    page.keyboard.press("F9")
    lens(page, "Debug").click()
    page.get_by_text("Paused on breakpoint").wait_for()
    values = page.locator(".debug-variables")
    values.locator(".monaco-list-row", has_text=re.compile(r"heights.*\[\]$")).wait_for()
    page.keyboard.press("F5")
    once = values.locator(".monaco-list-row", has_text=re.compile(r"heights.*\[0\]$"))
    once.wait_for()
    page.keyboard.press("F5")
    values.locator(".monaco-list-row", has_text=re.compile(r"heights.*\[0,1\.5\]$")).wait_for()
    picture(page, "debugger.png")
    page.get_by_role("button", name="Step Back").click()
    page.get_by_role("button", name="Reverse").click()
    once.wait_for()
    page.keyboard.press("Shift+F5")
    page.locator(".debug-toolbar").wait_for(state="hidden")
