"""A front end beside the queries, and the page of the logbook in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, needs_browser
from http_server import Client, running

import xsrun
from xsrun.cli import main
from xsrun.server import create_application

LOGBOOK = Path(__file__).parents[1] / "samples" / "logbook"
FILES = {
    "api/g.xs": 'api_group g {\n  canonical = "g"\n}\n',
    "api/x.xs": 'query x verb=GET {\n  api_group = "g"\n  input {\n  }\n  stack {\n  }\n  response = 1\n}\n',
}
PAGE = {"Accept": "text/html,*/*"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    site = tmp_path / "site"
    (site / "sub").mkdir(parents=True)
    (site / "index.html").write_text("<p>front é", encoding="utf-8")
    (site / "sub" / "index.html").write_text("<p>sub", encoding="utf-8")
    (site / "app.js").write_text("1", encoding="utf-8")
    (site / ".env").write_text("SECRET=1", encoding="utf-8")
    (tmp_path / "outside.txt").write_text("outside", encoding="utf-8")
    (site / "link.txt").symlink_to(tmp_path / "outside.txt")
    with running(create_application(xsrun.Workspace.from_sources(FILES), static=site)) as made:
        yield made


def test_files_beside_queries(client: Client) -> None:
    first = client.get("/")
    assert (first.body.decode(), first.headers["content-type"]) == ("<p>front é", "text/html; charset=utf-8")
    assert client.get("/sub/").body == client.get("/sub").body == b"<p>sub"
    script = client.get("/app.js")
    assert script.body == b"1" and "javascript" in script.headers["content-type"]
    assert client.get("/app.js", headers={"If-None-Match": script.headers["etag"]}).status == 304
    assert client.get("/api:g/x").json == 1
    assert client.get("/xsrun/docs").status == 200 and b"xsrun" in client.get("/xsrun/docs").body


def test_addresses_of_the_front_end_are_its_page(client: Client) -> None:
    assert client.get("/entries/7", headers=PAGE).body == client.get("/").body
    assert client.get("/entries/7").status == 404
    assert client.get("/missing.js", headers=PAGE).status == 404
    assert client.get("/api:g/none", headers=PAGE).status == 404


@pytest.mark.parametrize("path", ["/.env", "/../outside.txt", "/%2e%2e/outside.txt", "/link.txt", "/sub/..%2f.env"])
def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert client.get(path).status == 404


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(LOGBOOK), "--static", str(tmp_path / "none")]) == 2
    assert "--static: there is no folder" in capsys.readouterr().err


@needs_browser
def test_the_page_of_the_logbook(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    place = shutil.copytree(LOGBOOK, tmp_path / "logbook", ignore=shutil.ignore_patterns(".xsrun"))
    chart = tmp_path / "solent.txt"
    chart.write_bytes(b"x" * 4_321)
    wrong: list[str] = []
    with (
        xsrun.Workspace.load(place) as workspace,
        running(create_application(workspace, static=place / "page")) as client,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        address = f"http://localhost:{client.port}/"
        one, two = browser.new_context().new_page(), browser.new_context().new_page()
        for page in (one, two):
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.goto(address)
        one.get_by_label("Name").fill("Ann")
        one.get_by_label("E-mail").fill("ann@example.com")
        one.get_by_label("Password").fill("three hulls")
        one.get_by_role("button", name="Sign up").click()
        one.get_by_text("live", exact=True).wait_for()
        two.get_by_label("E-mail").fill("ann@example.com")
        two.get_by_label("Password").fill("two hulls, no")
        two.get_by_role("button", name="Log in").click()
        two.get_by_text("Address or password is wrong.").wait_for()
        assert [text.partition("\n")[0] for text in wrong] == ["Address or password is wrong."]
        two.get_by_label("Password").fill("three hulls")
        two.get_by_role("button", name="Log in").click()
        two.get_by_text("live", exact=True).wait_for()
        one.get_by_label("What happened").fill("Set sail.")
        one.get_by_label("Miles").fill("4.5")
        one.get_by_role("button", name="Write").click()
        two.get_by_text("Set sail. (fair, 4.5 miles)").wait_for()  # by itself
        two.get_by_label("Chart of Set sail.").set_input_files(chart)
        two.get_by_text("solent.txt: 4321 bytes").wait_for()
        one.reload()
        one.get_by_text("Set sail. (fair, 4.5 miles)").wait_for()
        browser.close()
