"""The page of the API in a browser: nothing typed is lost, what is missing is said, requests can be taken away."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from browser import browser_page, needs_browser
from test_server_reload import serving, write

import xsrun

pytestmark = needs_browser

FILES = {
    "api/g.xs": 'api_group "Harbour" {\n  canonical = "g"\n}\n',
    "api/boats.xs": (
        'query "boats/{id}" verb=POST {\n  api_group = "Harbour"\n  input {\n    int id\n    text name\n'
        "    int length?\n  }\n  stack {\n  }\n  response = $input\n}\n"
    ),
    "api/find.xs": (
        'query find verb=GET {\n  api_group = "Harbour"\n  input {\n    text word\n    bool exact?\n  }\n'
        "  stack {\n  }\n  response = $input\n}\n"
    ),
    "api/chart.xs": (
        'query chart verb=POST {\n  api_group = "Harbour"\n  input {\n    text title\n    file paper\n  }\n  stack {\n'
        "    storage.read_file_resource {\n      value = $input.paper\n    } as $read\n  }\n"
        "  response = {title: $input.title, size: $read.size}\n}\n"
    ),
}


def test_the_page(tmp_path: Path) -> None:
    chart = tmp_path / "chart.txt"
    chart.write_bytes(b"x" * 1_234)
    with serving(tmp_path / "w", FILES) as served, browser_page() as page:
        page.goto(f"http://localhost:{served.client.port}/")
        boats = page.locator("details", has=page.locator("summary", has_text="/boats/"))
        boats.locator("summary").first.click()
        boats.get_by_label("id", exact=True).wait_for()
        body = boats.get_by_label("Body")
        # what is missing is said in words, and nothing is sent
        boats.get_by_role("button", name="Send").click()
        told = boats.get_by_role("alert").inner_text()
        assert "id is required" in told and "name is required" in told
        body.fill('{"name": "Ann"')
        boats.get_by_role("button", name="Send").click()
        assert "The body is not JSON" in boats.get_by_role("alert").inner_text()
        # what was typed outlives a search and a reload
        boats.get_by_label("id", exact=True).fill("7")
        body.fill('{"name": "Ann", "length": 12}')
        page.get_by_label("Find").fill("chart")
        page.wait_for_function("document.querySelectorAll('details.operation').length === 1")
        page.get_by_label("Find").fill("")
        assert boats.get_by_label("id", exact=True).input_value() == "7"
        page.reload()
        assert boats.get_by_label("id", exact=True).input_value() == "7"
        assert boats.get_by_label("Body").input_value() == '{"name": "Ann", "length": 12}'
        boats.get_by_role("button", name="Send").click()
        boats.locator("pre", has_text='"length": 12').wait_for()
        # a file is chosen, and outlives a search
        charts = page.locator("details", has=page.locator("summary", has_text="/chart"))
        charts.locator("summary").first.click()
        charts.get_by_label("title").fill("Solent")
        charts.get_by_role("button", name="Send").click()
        assert "paper is required: choose a file" in charts.get_by_role("alert").inner_text()
        charts.get_by_label("paper").set_input_files(chart)
        page.get_by_label("Find").fill("boats")
        page.get_by_label("Find").fill("")
        charts.get_by_role("button", name="Send").click()
        charts.locator("pre", has_text='"size": 1234').wait_for()
        # a query that is saved appears by itself, and nothing else goes
        text = FILES["api/find.xs"].replace("query find", "query tides")
        write(tmp_path / "w", {"api/tides.xs": text})
        page.locator("summary", has_text="/tides").wait_for()
        assert charts.get_by_label("title").input_value() == "Solent"
        # requests to take away
        boats.get_by_role("button", name="As curl").click()
        curl = boats.locator("pre", has_text="curl").inner_text()
        boats.get_by_role("button", name="As JavaScript").click()
        script = boats.locator("pre", has_text="fetch").inner_text()
        boats.get_by_role("button", name="As workflow test").click()
        test = boats.locator("pre", has_text="workflow_test").inner_text()
        expected = '{"id":7,"name":"Ann","length":12}'
        if shutil.which("curl") is not None:
            done = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, check=True)
            assert done.stdout == expected
        page.goto("about:blank")
        page.goto(f"http://localhost:{served.client.port}/")
        found = page.evaluate("async () => {" + script + " return JSON.stringify(result); }")
        assert found == expected
    with xsrun.Workspace.from_sources({**FILES, "test.xs": test}) as workspace:
        report = workspace.test(kind="workflow")
    assert (report.passed, report.failed) == (1, 0), report.results
    assert re.search(r'api.call "boats/\{id\}" verb=POST', test)
