"""The language server as an editor meets it: a process of its own, driven by pytest-lsp."""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

import large_workspace
import pytest
from edits import edit

pytest_lsp = pytest.importorskip("pytest_lsp", reason="pytest-lsp drives the server")
from lsprotocol import types  # noqa: E402
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities  # noqa: E402

from xsrun.analysis import check_sources  # noqa: E402

FILES = 60
FUNCTION = "function/pricing/price_3.xs"
COMMAND = [sys.executable, "-m", "xsrun", "lsp"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return large_workspace.write(tmp_path_factory.mktemp("workspace"), FILES)


#: What the server has asked to be told of.
registered: list[types.RegistrationParams] = []


@pytest_lsp.fixture(scope="module", config=ClientServerConfig(server_command=COMMAND))
async def client(lsp_client: LanguageClient, workspace: Path):  # type: ignore[no-untyped-def]
    params = types.InitializeParams(
        capabilities=client_capabilities("visual-studio-code"),
        workspace_folders=[types.WorkspaceFolder(uri=workspace.as_uri(), name="workspace")],
        root_uri=workspace.as_uri(),
    )
    lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: registered.append(params))
    await lsp_client.initialize_session(params)
    yield
    await lsp_client.shutdown_session()


class Desk:
    """An editor's side: files that are opened, typed into and closed."""

    def __init__(self, client: LanguageClient, workspace: Path) -> None:
        self.client, self.workspace = client, workspace
        self.version = 0
        self.held: set[str] = set()

    def uri(self, name: str) -> str:
        return (self.workspace / name).as_uri()

    def item(self, name: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri(name))

    def read(self, name: str) -> str:
        return (self.workspace / name).read_bytes().decode()

    def type(self, name: str, text: str) -> None:
        """Give a file another text in the editor."""
        self.version += 1
        if name in self.held:
            document = types.VersionedTextDocumentIdentifier(version=self.version, uri=self.uri(name))
            change = types.TextDocumentContentChangeWholeDocument(text)
            self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        else:
            self.held.add(name)
            item = types.TextDocumentItem(self.uri(name), "xanoscript", self.version, text)
            self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def close(self, name: str) -> None:
        self.held.discard(name)
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(self.item(name)))

    async def problems(self, name: str) -> list[types.Diagnostic]:
        """What the server has told of a file, once it has taken everything."""
        await self.actions(name, types.Range(types.Position(0, 0), types.Position(0, 0)))
        return [*self.client.diagnostics.get(self.uri(name), ())]

    async def actions(self, name: str, place: types.Range, *only: str) -> list[types.CodeAction]:
        context = types.CodeActionContext([], only=list(only) or None)
        params = types.CodeActionParams(self.item(name), place, context)
        found = await self.client.text_document_code_action_async(params)
        return [one for one in found or () if isinstance(one, types.CodeAction)]


@pytest.fixture
def desk(client: LanguageClient, workspace: Path):  # type: ignore[no-untyped-def]
    made = Desk(client, workspace)
    yield made
    for name in sorted(made.held):
        made.close(name)


def between(line: int, start: int, end_line: int, end: int) -> types.Range:
    return types.Range(types.Position(line, start), types.Position(end_line, end))


def place_of(text: str, part: str, within: str | None = None) -> types.Position:
    """Where a part of a text begins, in UTF-16; `within` is what it is a part of."""
    start = text.index(within or part) + (within.index(part) if within else 0)
    before = text[:start]
    line = before.count("\n")
    return types.Position(line, len(before[before.rfind("\n") + 1 :].encode("utf-16-le")) // 2)


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """A text after edits, as an editor makes them."""
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines) + 1)]

    def offset(position: types.Position) -> int:
        if position.line >= len(lines):
            return len(text)
        line = lines[position.line].encode("utf-16-le")[: position.character * 2]
        return starts[position.line] + len(line.decode("utf-16-le"))

    places = [(offset(one.range.start), offset(one.range.end), one.new_text) for one in edits]
    for start, end, new in sorted(places, reverse=True):
        text = text[:start] + new + text[end:]
    return text


# Problems ------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_problems_are_told_while_typing(desk: Desk) -> None:
    text = desk.read(FUNCTION)
    assert await desk.problems(FUNCTION) == []
    desk.type(FUNCTION, text.replace('"$total > 100', "").replace("|to_upper", "|to_uper"))
    (found,) = await desk.problems(FUNCTION)
    assert found.code == "XS403" and "to_upper" in found.message
    assert found.range.start == place_of(text, "|to_upper")
    desk.type(FUNCTION, text.replace("}", ""))
    assert await desk.problems(FUNCTION) != []
    desk.type(FUNCTION, text)
    assert await desk.problems(FUNCTION) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_problems_are_told_in_files_that_see_the_edit(desk: Desk) -> None:
    name = "table/stock_1.xs"
    column = large_workspace.columns_of(1)[0]
    assert not desk.client.diagnostics.get(desk.uri("api/shop_0/items_1_GET.xs"))
    desk.type(name, desk.read(name).replace(f"    text {column}?", "    text other?"))
    assert {one.code for one in await desk.problems("api/shop_0/items_1_GET.xs")} == {"XS423"}
    desk.close(name)
    assert await desk.problems("api/shop_0/items_1_GET.xs") == []


@pytest.mark.asyncio(loop_scope="module")
async def test_columns_are_counted_as_editors_count_and_lines_may_end_as_on_windows(desk: Desk) -> None:
    text = desk.read(FUNCTION).replace('"much for "', '"🎉🎉 for "').replace("$input.owner|to_upper", "$input.nobody")
    desk.type(FUNCTION, text.replace("\n", "\r\n"))
    (found,) = await desk.problems(FUNCTION)
    assert found.code == "XS513"
    assert found.range.start == place_of(text, "$input.nobody")
    assert found.range.end.character == found.range.start.character + len("$input.nobody")


@pytest.mark.asyncio(loop_scope="module")
async def test_files_that_come_and_go_on_disk_are_read(desk: Desk, workspace: Path) -> None:
    name = "function/pricing/price_5.xs"
    callers = [one for one, text in large_workspace.texts(FILES).items() if 'run "pricing/price_5"' in text]
    kept = workspace / "kept.txt"
    shutil.move(workspace / name, kept)
    gone = types.FileEvent(desk.uri(name), types.FileChangeType.Deleted)
    desk.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([gone]))
    assert [{one.code for one in await desk.problems(caller)} for caller in callers] == [{"XS422"}] * len(callers)
    shutil.move(kept, workspace / name)
    back = types.FileEvent(desk.uri(name), types.FileChangeType.Created)
    desk.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([back]))
    assert [await desk.problems(caller) for caller in callers] == [[]] * len(callers)


async def compare_after_edits(desk: Desk, seed: int, edits: int) -> int:
    """Type at random: what the server has told is always what a fresh check of the same texts finds."""
    chance, count = random.Random(seed), 0
    original = large_workspace.texts(FILES)
    texts = dict(original)
    for number in range(edits):
        name, text = edit(chance, texts)
        if text is None or name not in original:
            continue
        texts[name] = text
        desk.type(name, text)
        if number % 10 == 9 or number == edits - 1:
            await desk.problems(name)
            found = check_sources({(desk.workspace / one).as_posix(): text for one, text in texts.items()})
            expected = sorted((desk.workspace / one.file, one.line, one.code) for one in found)
            told = [(desk.uri(one), desk.client.diagnostics.get(desk.uri(one), ())) for one in texts]
            shown = [(uri, one.range.start.line + 1, one.code) for uri, problems in told for one in problems]
            assert sorted(shown) == [(file.as_uri(), line, code) for file, line, code in expected]
            count += len(found)
        if len(desk.held) > 12:
            for one in sorted(desk.held):
                desk.close(one)
            texts = dict(original)
    return count


@pytest.mark.asyncio(loop_scope="module")
async def test_after_random_edits_the_editor_shows_what_a_fresh_check_finds(desk: Desk) -> None:
    assert await compare_after_edits(desk, 3, 50) > 20


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
async def test_after_a_thousand_random_edits_the_editor_shows_what_a_fresh_check_finds(desk: Desk) -> None:
    assert await compare_after_edits(desk, 4, 1_000) > 1_000


# Fixes and formatting ------------------------------------------------------------------------------------------------

WRONG = """function greet {
  input {
    string name
    integer age
  }
  stack {
    var $text { value = "hi " ~ $input.name }
    $text = "a"
  }
  response = $text
}
"""


@pytest.mark.asyncio(loop_scope="module")
async def test_fixes_are_offered_one_by_one_and_all_at_once(desk: Desk) -> None:
    name = "function/greet.xs"
    desk.type(name, WRONG)
    problems = await desk.problems(name)
    fixable = next(one for one in problems if one.range.start.line == 2)
    actions = await desk.actions(name, fixable.range, types.CodeActionKind.QuickFix)
    preferred = next(one for one in actions if one.is_preferred)
    assert preferred.edit is not None and preferred.edit.changes is not None
    made = applied(WRONG, [*preferred.edit.changes[desk.uri(name)]])
    assert made == WRONG.replace("string name", "text name")
    (every,) = await desk.actions(name, between(0, 0, 0, 0), types.CodeActionKind.SourceFixAll)
    assert every.edit is not None and every.edit.changes is not None
    made = applied(WRONG, [*every.edit.changes[desk.uri(name)]])
    assert "text name" in made and "int age" in made and "var.update $text" in made
    assert await desk.actions(name, between(0, 0, 0, 0), types.CodeActionKind.Refactor) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_a_warning_is_switched_off_by_a_comment(desk: Desk) -> None:
    text = desk.read(FUNCTION).replace("    foreach (", "    var $unused {\n      value = 1\n    }\n\n    foreach (")
    desk.type(FUNCTION, text)
    (found,) = await desk.problems(FUNCTION)
    assert found.code == "XS504" and [*(found.tags or ())] == [types.DiagnosticTag.Unnecessary]
    (action,) = await desk.actions(FUNCTION, found.range, types.CodeActionKind.QuickFix)
    assert action.edit is not None and action.edit.changes is not None
    desk.type(FUNCTION, applied(text, [*action.edit.changes[desk.uri(FUNCTION)]]))
    assert await desk.problems(FUNCTION) == []


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_text_is_formatted_and_a_part_of_it(desk: Desk, line_end: str) -> None:
    tidy = desk.read(FUNCTION)
    untidy = tidy.replace("    text owner", "  text   owner").replace("      value = 0", " value=0")
    desk.type(FUNCTION, untidy.replace("\n", line_end))
    options = types.FormattingOptions(2, True)
    edits = await desk.client.text_document_formatting_async(
        types.DocumentFormattingParams(desk.item(FUNCTION), options)
    )
    assert applied(untidy.replace("\n", line_end), [*(edits or ())]) == tidy.replace("\n", line_end)
    place = types.Range(place_of(untidy, "text   owner"), place_of(untidy, "owner filters"))
    part = await desk.client.text_document_range_formatting_async(
        types.DocumentRangeFormattingParams(desk.item(FUNCTION), place, options)
    )
    assert len([*(part or ())]) == 1
    assert "    text owner" in applied(untidy.replace("\n", line_end), [*(part or ())])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_broken_text_is_not_formatted(desk: Desk) -> None:
    desk.type(FUNCTION, desk.read(FUNCTION).replace("stack {", "stack {{"))
    params = types.DocumentFormattingParams(desk.item(FUNCTION), types.FormattingOptions(2, True))
    assert await desk.client.text_document_formatting_async(params) is None
