"""The console in a real browser: the story of a failing request, and all views with hostile names, by keyboard, at two
widths, dark and light, without a violation that axe finds. Uses the system's Chromium."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from browser import violations
from console_workspace import ATTACK, FILES, HOSTILE, HOSTILE_FILES
from http_server import Client, running
from test_console import PERSON
from test_serve import serving
from test_server_realtime import SOURCES, token_of

import xsrun
from xsrun.cli import main
from xsrun.server import create_application

playwright = pytest.importorskip("playwright.sync_api", reason="playwright has no wheel for this Python")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on PATH")
LOGBOOK = Path(__file__).parents[1] / "samples" / "logbook"
VIEWS = (
    *(
        "requests",
        "requests/new",
        "run",
        "run/snippet",
        "data",
        "data/~sql",
        "checks",
        "tests",
        "api",
        "outbox",
        "files",
    ),
    *("cache", "realtime", "environment"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as one:
        made = one.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


def opened(browser: Any, port: int, view: str = "requests", **context: Any) -> Any:
    """The console on a page whose errors fail the test."""
    page = browser.new_context(**context).new_page()
    page.set_default_timeout(60_000)
    playwright.expect.set_options(timeout=60_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("dialog", lambda dialog: (page.errors.append(dialog.message), dialog.dismiss()))
    page.on(
        "console",
        lambda message: (
            page.errors.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    look(page, port, view)
    return page


def look(page: Any, port: int, view: str) -> None:
    page.goto(f"http://127.0.0.1:{port}/xsrun/#/{view}")
    page.locator(f"main[data-ready={json.dumps('#/' + view)}]").wait_for()


# The story ------------------------------------------------------------------------------------------------------------


def test_a_failing_request_is_found_understood_mended_and_kept_as_a_test(
    browser: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logbook"
    shutil.copytree(LOGBOOK, folder, ignore=shutil.ignore_patterns(".xsrun"))
    broken = folder / "api" / "logbook" / "entry_GET.xs"
    wrong, right = "sailor_id: $input.entry_id", "sailor_id: $auth.id"
    broken.write_text(broken.read_text().replace(right, wrong))
    with serving(folder) as (client, lines):
        assert any(line.startswith("console ") and line.endswith("/xsrun/") for line in lines)
        page = opened(browser, client.port)
        token = client.post("/api:account/signup", PERSON).json["authToken"]
        headers = {"Authorization": f"Bearer {token}"}
        for text in ("Set sail.", "Rounded the cape."):
            client.post("/api:logbook/entries", {"text": text}, headers=headers)
        assert client.get("/api:logbook/entries/2", headers=headers).status == 404
        client.get("/api:logbook/entries", headers=headers)

        # found: it shows up by itself, and the filter leaves nothing else
        page.get_by_role("link", name="/api:logbook/entries/2").wait_for()
        page.get_by_label("Status").select_option("failed")
        playwright.expect(page.locator("a.row-link")).to_have_count(1)
        page.get_by_role("link", name="/api:logbook/entries/2").click()

        # understood: the statement that failed is chosen, and what it was called with is wrong
        page.get_by_text("failed here").wait_for()
        assert "There is no such entry." in page.locator(".problem").inner_text()
        assert 'enters function own_entry with {"entry_id":2,"sailor_id":2}' in page.locator(".tree").inner_text()
        assert "$entry" in page.locator(".values").inner_text()
        page.get_by_role("button", name="function.run own_entry").click()
        page.get_by_role("heading", name="api/logbook/entry_GET.xs").wait_for()

        # mended: in the console's own editor
        page.get_by_role("button", name="Edit", exact=True).click()
        editor = page.get_by_label("Text of api/logbook/entry_GET.xs")
        editor.fill(editor.input_value().replace(wrong, right))
        editor.press("Control+s")
        page.get_by_text("is saved and live").wait_for()
        assert right in broken.read_text()

        # green
        page.get_by_role("button", name="Replay", exact=True).click()
        page.get_by_text("replay of").wait_for()
        assert page.locator(".facts .status").inner_text() == "200"
        page.get_by_role("tab", name="Response").click()
        assert "Rounded the cape." in page.get_by_role("tabpanel").last.inner_text()

        # kept
        page.get_by_role("button", name="Save as a unit test").click()
        page.get_by_text("It passes.").wait_for()
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("The test is saved in").wait_for()
        assert page.errors == []
        page.context.close()
    assert main(["test", str(folder), "-k", "entries/{entry_id} answers 200"]) == 0
    assert "1 passed" in capsys.readouterr().out.replace("1 test passed", "1 passed")


# Views ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, list[int]]]:
    """A server of a workspace with hostile names, to which hostile requests were sent."""
    folder = tmp_path_factory.mktemp("hostile")
    quoted = json.dumps(HOSTILE)
    files = {**FILES, **{name: text.replace("HOSTILE", quoted) for name, text in HOSTILE_FILES.items()}}
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / ".env").write_text(f"SHOWN={HOSTILE}\n")
    with xsrun.Workspace.load(folder) as workspace:
        workspace.seed({HOSTILE: [{"name": HOSTILE}], "user": [{"name": HOSTILE}]})
        app = create_application(workspace, trace="always")
        with running(app) as client:
            client.get("/api:odd/page?q=%3Cscript%3Ealert(1)%3C/script%3E", headers={"X-Odd": HOSTILE})
            client.get("/api:odd/%3Cscript%3E")
            for name, given in (("mail", {"html": HOSTILE}), ("keep", {})):
                workspace.run(name, kind="function", input=given)
            workspace.service("cache").set(HOSTILE, HOSTILE)
            app.console.keeper.flush()
            yield client, [int(str(one["number"])) for one in app.console.keeper.store.since(0)]


def views_of(numbers: list[int]) -> list[str]:
    """The addresses of all views of the hostile workspace."""
    table = quote(HOSTILE, "")
    own = [*(f"requests/{number}" for number in numbers), f"data/{table}", "data/user", f"run/function///{table}"]
    return [*VIEWS, *own]


def checked(browser: Any, port: int, views: list[str], scheme: str, width: int) -> None:
    """Look at views: axe finds nothing, nothing runs that should not, and nothing is wider than the window."""
    page = opened(browser, port, color_scheme=scheme, viewport={"width": width, "height": 844})
    wrong = {}
    for view in views:
        look(page, port, view)
        found = violations(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("it is wider than the window")
        if found:
            wrong[view] = found
        assert page.errors == [], view
        assert page.evaluate("document.querySelectorAll('main script, main img[onerror]').length") == 0, view
    assert wrong == {}
    page.context.close()


def test_views_are_accessible_and_harmless(browser: Any, hostile: tuple[Client, list[int]]) -> None:
    client, numbers = hostile
    views = views_of(numbers)
    checked(browser, client.port, views[::2], "light", 1280)
    checked(browser, client.port, views[1::2], "dark", 390)


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_every_view_in_every_way(browser: Any, hostile: tuple[Client, list[int]], scheme: str, width: int) -> None:
    client, numbers = hostile
    checked(browser, client.port, views_of(numbers), scheme, width)


def test_a_mail_cannot_run_scripts(browser: Any, hostile: tuple[Client, list[int]]) -> None:
    client, _ = hostile
    page = opened(browser, client.port, "outbox")
    page.locator(".side a").first.click()
    frame = page.frame_locator("iframe.mail")
    frame.locator("img").wait_for(state="attached")
    assert page.evaluate("document.querySelector('iframe.mail').contentDocument") is None
    assert [one for one in page.errors if "Blocked script" not in one and "violates" not in one] == []
    page.context.close()


def test_the_keyboard_goes_everywhere(browser: Any, hostile: tuple[Client, list[int]]) -> None:
    client, _ = hostile
    page = opened(browser, client.port)
    for key, title in (("d", "Data"), ("u", "Run"), ("c", "Checks"), ("t", "Tests"), ("r", "Requests")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
    page.locator("a.row-link").first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Timeline").wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Timeline").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Request", exact=True).get_attribute("aria-selected") == "true"
    page.context.close()


# What is done there ---------------------------------------------------------------------------------------------------


@pytest.fixture
def sea(tmp_path: Path) -> Iterator[tuple[Client, xsrun.Workspace]]:
    folder = tmp_path / "logbook"
    shutil.copytree(LOGBOOK, folder, ignore=shutil.ignore_patterns(".xsrun"))
    with xsrun.Workspace.load(folder) as workspace:
        workspace.seed({"sailor": [{**PERSON}]})
        rows = [
            {"sailor_id": 1, "text": f"Day {n}", "weather": "rain" if n % 2 else "fair", "miles": n} for n in range(70)
        ]
        workspace.seed({"entry": rows})
        with running(create_application(workspace)) as client:
            yield client, workspace


def test_an_answer_that_comes_late_is_not_shown(browser: Any, sea: tuple[Client, xsrun.Workspace]) -> None:
    client, _ = sea
    page = opened(browser, client.port, "data/entry")
    held: list[Any] = []

    def hold_the_first(route: Any) -> None:
        if route.request.post_data_json["filters"][0]["value"] == "":
            held.append(route)  # what no row is like
        else:
            route.continue_()

    rows = page.locator("table.rows tbody tr")
    playwright.expect(rows).to_have_count(50)
    page.get_by_role("button", name="Add a filter").click()
    page.route("**/rows*", hold_the_first)
    page.get_by_label("Column 1").select_option("weather")
    page.get_by_label("Value 1").fill("rain")
    page.get_by_label("Value 1").press("Enter")
    playwright.expect(rows).to_have_count(35)
    with page.expect_response("**/rows*"):
        held[0].continue_()
    page.evaluate("new Promise(requestAnimationFrame)")
    playwright.expect(rows).to_have_count(35)


def test_rows_are_looked_through_and_changed(browser: Any, sea: tuple[Client, xsrun.Workspace]) -> None:
    client, _ = sea
    page = opened(browser, client.port, "data")
    assert page.locator("svg path.arrow").count() == 1
    page.get_by_role("link", name="entry, 70 rows").press("Enter")
    rows = page.locator("table.rows tbody tr")
    playwright.expect(page.locator("table.rows tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Next").click()
    playwright.expect(page.locator("table.rows tbody tr")).to_have_count(20)
    page.get_by_role("button", name="Previous").click()
    page.get_by_role("button", name="miles", exact=False).first.click()
    page.get_by_text("a scan of 70 rows").wait_for()
    page.get_by_role("button", name="Add a filter").click()
    page.get_by_label("Column 1").select_option("weather")
    page.get_by_label("Value 1").fill("rain")
    page.get_by_label("Value 1").press("Enter")
    playwright.expect(page.locator("table.rows tbody tr")).to_have_count(35)
    cell = rows.first.get_by_role("button", name="text of row 2")
    cell.click()
    page.get_by_role("textbox", name="text of row 2").fill("Changed here.")
    page.get_by_role("textbox", name="text of row 2").press("Enter")
    page.get_by_text("Row 2 is saved.").wait_for()
    rows.first.get_by_role("button", name="weather of row 2").click()
    page.get_by_role("textbox", name="weather of row 2").fill("snow")
    page.get_by_role("textbox", name="weather of row 2").press("Enter")
    page.locator("#toast.bad").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Add a row").click()
    page.get_by_label("text (text, required)").fill("A new day")
    page.get_by_label("sailor_id (int, required)").fill("1")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Row 71 is added.").wait_for()
    page.get_by_role("checkbox", name="Choose row 4", exact=True).check()
    page.get_by_role("button", name="Delete 1 row").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("checkbox", name="Choose row 4", exact=True).wait_for(state="detached")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export").click()
        page.get_by_role("button", name="CSV").click()
    lines = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "id,created_at,sailor_id,text,weather,miles,track" and len(lines) == 35
    assert page.errors == []
    page.context.close()


def test_columns_views_and_single_rows(browser: Any, sea: tuple[Client, xsrun.Workspace]) -> None:
    """What this browser keeps of a table, and a row by itself: of this table, and of one that it refers to."""
    client, _ = sea
    page = opened(browser, client.port, "data/entry")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="weather").uncheck()
    page.get_by_role("button", name="Close").click()
    heads = page.locator("table.rows thead")
    playwright.expect(heads).not_to_contain_text("weather")
    page.get_by_role("button", name="Add a filter").click()
    page.get_by_label("Column 1").select_option("miles")
    page.get_by_label("Value 1").fill("7")
    page.get_by_label("Value 1").press("Enter")
    rows = page.locator("table.rows tbody tr")
    playwright.expect(rows).to_have_count(1)
    page.get_by_role("button", name="Keep this view").click()
    page.get_by_label("Name").fill(HOSTILE)
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_text("is kept in this browser").wait_for()
    look(page, client.port, "data/sailor")
    look(page, client.port, "data/entry")
    playwright.expect(rows).to_have_count(50)
    playwright.expect(heads).not_to_contain_text("weather")
    page.get_by_role("combobox", name="View").select_option(HOSTILE)
    playwright.expect(rows).to_have_count(1)
    page.get_by_role("button", name="sailor 1", exact=True).click()
    page.get_by_role("dialog", name="Row 1 of sailor").get_by_text(PERSON["email"]).wait_for()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Row 8 whole").click()
    assert "weather" in page.get_by_role("dialog", name="Row 8 of entry").inner_text(), "hidden columns are there"
    page.get_by_role("button", name="Add one like it").click()
    assert page.get_by_label("text (text, required)").input_value() == "Day 7"
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Row 71 is added.").wait_for()
    playwright.expect(rows).to_have_count(2)
    assert violations(page) == []
    page.get_by_role("button", name="Row 8 whole").click()
    look(page, client.port, "data/sailor")
    assert page.locator("dialog").count() == 0, "it belonged to the view before"
    look(page, client.port, "data/entry")
    page.get_by_role("combobox", name="View").select_option(HOSTILE)
    page.get_by_role("button", name="Forget this view").click()
    page.get_by_role("combobox", name="View").wait_for(state="detached")
    assert page.errors == []
    page.context.close()


def test_a_function_is_run_and_walked_through(browser: Any, sea: tuple[Client, xsrun.Workspace]) -> None:
    client, _ = sea
    page = opened(browser, client.port, "run/function///own_entry")
    page.get_by_label("entry_id (int, required)").fill("3")
    page.get_by_label("sailor_id (int, required)").fill("1")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("tab", name="Step by step").click()
    slider = page.get_by_role("slider", name="Step")
    slider.press("Home")
    page.get_by_text("step 1 of 2: db.get entry").wait_for()
    assert '"text":"Day 2"' in page.locator(".values").inner_text()
    assert page.locator(".source li.current").get_attribute("data-line") == "10"
    slider.press("ArrowRight")
    page.get_by_text("step 2 of 2: precondition").wait_for()
    look(page, client.port, "run/snippet")
    page.get_by_label("Program").fill("var $a {\n  value = [1, 2]\n}\nvar $b {\n  value = $a|count\n}\n")
    page.get_by_label("Program").press("Control+Enter")
    page.get_by_role("tab", name="Step by step").click()
    page.locator(".values").get_by_text("$b").wait_for()
    assert page.errors == []
    page.context.close()


def test_tests_run_with_coverage_on_the_source(browser: Any, sea: tuple[Client, xsrun.Workspace]) -> None:
    client, _ = sea
    page = opened(browser, client.port, "tests")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("1 test passed, 0 failed").wait_for()
    page.get_by_role("tab", name="Coverage").click()
    page.get_by_role("button", name="login_POST.xs").click()
    page.get_by_role("heading", name="api/account/login_POST.xs").wait_for()
    assert page.locator(".source li.covered").count() == 6
    page.get_by_role("button", name="chart_POST.xs").click()
    page.locator(".source li.missed").first.wait_for()
    assert page.errors == []
    page.context.close()


# Others ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_another_origin_reaches_nothing(browser: Any, sea: tuple[Client, xsrun.Workspace], host: str) -> None:
    client, _ = sea
    page = opened(browser, client.port)
    client.get("/api:account/me")
    before = client.get("/api:account/me").status

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = ATTACK.replace("TARGET", f"http://127.0.0.1:{client.port}").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        other = page.context.new_page()  # the same cookies
        other.goto(f"http://{host}:{server.server_port}/")
        other.wait_for_function("() => window.done === true")
        told = other.evaluate("window.told")
    finally:
        server.shutdown()
        server.server_close()
    assert {result for _, result in told} <= {"refused", "null"}, told
    look(page, client.port, "requests")
    page.locator("a.row-link").nth(1).wait_for()
    assert before == 401
    page.context.close()


def test_a_channel_is_joined_and_spoken_in(browser: Any) -> None:
    """Two pages in one channel: they see each other come, speak and go, and nothing that is said runs."""
    sources = {name: text for name, text in SOURCES.items() if "trigger" not in name}
    with xsrun.Workspace.from_sources(sources) as workspace, running(create_application(workspace)) as client:
        first, second = (opened(browser, client.port, "realtime") for _ in range(2))
        first.get_by_label("Token of an auth table").fill(token_of(client, 1))
        for page in (first, second):
            page.get_by_label("Channel to join").fill("room:<b>1</b>")
            page.get_by_role("button", name="Join").click()
            page.get_by_text("Joined room:<b>1</b>").wait_for()
        there = first.get_by_role("list", name="Who is there").get_by_role("listitem")
        there.wait_for()
        first.get_by_label("Message, as JSON or text").fill(json.dumps({"text": HOSTILE}))
        first.get_by_role("button", name="Send").click()
        said = second.get_by_role("list", name="What the channel says")
        said.get_by_text("onerror").wait_for()
        assert "row 1 of table 1" in said.inner_text()
        second.get_by_label("Message, as JSON or text").fill("me too")
        second.get_by_role("button", name="Send").click()
        said.get_by_text("Only authenticated clients may send public messages").wait_for()
        playwright.expect(second.get_by_role("button", name="Leave")).to_be_enabled()
        second.get_by_role("button", name="Leave").click()
        second.get_by_text("Left.", exact=True).wait_for()
        there.wait_for(state="detached")
        for wrong, words in (("two words", "This is not a token."), ("nothing.of.value", "Invalid token")):
            second.get_by_label("Token of an auth table").fill(wrong)
            second.get_by_role("button", name="Join").click()
            second.get_by_role("status").get_by_text(words).wait_for()
        for page in (first, second):
            assert page.errors == [] and page.locator("main img, main b, main script").count() == 0
            page.context.close()


def test_damaged_views_of_a_table_are_as_none(browser: Any, hostile: tuple[Client, list[int]]) -> None:
    page = opened(browser, hostile[0].port, "data/user")
    workspace = page.locator("header").inner_text().split()[1]
    for damaged in ("5", "{", '"x"', "null", "[[1]]", '{"a": 1}'):
        page.evaluate(
            "([w, text]) => ['hidden', 'views'].forEach((one) => localStorage.setItem(`xsrun-${one}-${w}-user`, text))",
            [workspace, damaged],
        )
        page.reload()
        page.locator('main[data-ready="#/data/user"]').wait_for()
        assert page.locator("main table").count(), damaged
    assert page.errors == []
    page.context.close()


def test_options_that_the_pages_name_are_those_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["serve", "--help"])
    known = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
    folder = Path(xsrun.__file__).parent / "server" / "console" / "static"
    named = {
        one for page in folder.glob("*.js") for one in re.findall(r"xsrun serve (--[\w-]+)", page.read_text("utf-8"))
    }
    assert named and named <= known
