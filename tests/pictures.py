"""Makes the picture of the console that the README shows: `python tests/pictures.py`.

It is that of `xsrun serve` on a copy of `samples/logbook` in which one query asks for the wrong row, in the
system's Chromium (as in test_console_browser.py). `editor.png`, beside it, was taken by hand: VS Code
1280 pixels wide, in its light theme, with the extension of `xsrun/editor/vscode` and two mistakes in a copy of
`samples/shop`. tests/test_readme.py keeps the pictures small.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from browser import CHROMIUM
from test_serve import PERSON, serving

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / ".github" / "pictures"
BROKEN = "api/logbook/entry_GET.xs"
WRONG, RIGHT = "sailor_id: $input.entry_id", "sailor_id: $auth.id"


def console(target: Path) -> None:
    """The console at a request that failed: its statements, its source, the values at the place."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        folder = Path(work, "logbook")
        shutil.copytree(ROOT / "samples" / "logbook", folder, ignore=shutil.ignore_patterns(".xsrun"))
        program = folder / BROKEN
        program.write_text(program.read_text(encoding="utf-8").replace(RIGHT, WRONG), encoding="utf-8")
        with serving(folder, "--trace-requests", "always") as (client, _):
            token = client.post("/api:account/signup", PERSON).json["authToken"]
            headers = {"Authorization": f"Bearer {token}"}
            for text in ("Set sail.", "Rounded the cape."):
                client.post("/api:logbook/entries", {"text": text}, headers=headers)
            client.get("/api:logbook/entries/2", headers=headers)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
            page.goto(f"http://127.0.0.1:{client.port}/xsrun/#/requests")
            page.locator(f"main[data-ready={json.dumps('#/requests')}]").wait_for()
            page.get_by_role("link", name="/api:logbook/entries/2").click()
            page.get_by_text("failed here").wait_for()
            page.screenshot(path=target)
            browser.close()


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    console(PICTURES / "console.png")
