"""The language server as an editor meets it: a process of its own, driven by pytest-lsp."""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import large_workspace
import pytest
from edits import edit

pytest_lsp = pytest.importorskip("pytest_lsp", reason="pytest-lsp drives the server")
from lsprotocol import types  # noqa: E402
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities  # noqa: E402

from xsrun.analysis import check_sources  # noqa: E402
from xsrun.cli.lsp import run as lsp_command  # noqa: E402
from xsrun.editor.lsp.code_lenses import code_lenses  # noqa: E402
from xsrun.editor.lsp.completion import completion  # noqa: E402
from xsrun.editor.lsp.desk import Desk as Programs  # noqa: E402
from xsrun.editor.lsp.first_answer import FirstMessage  # noqa: E402
from xsrun.editor.lsp.listed_tests import listed_tests  # noqa: E402
from xsrun.errors import UnavailableError  # noqa: E402
from xsrun.extras import installing  # noqa: E402

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
        self.texts: dict[str, str] = {}

    def uri(self, name: str) -> str:
        return (self.workspace / name).as_uri()

    def item(self, name: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri(name))

    def read(self, name: str) -> str:
        return (self.workspace / name).read_bytes().decode()

    def type(self, name: str, text: str) -> None:
        """Give a file another text in the editor."""
        self.version += 1
        if name in self.texts:
            document = types.VersionedTextDocumentIdentifier(version=self.version, uri=self.uri(name))
            change = types.TextDocumentContentChangeWholeDocument(text)
            self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        else:
            item = types.TextDocumentItem(self.uri(name), "xanoscript", self.version, text)
            self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        self.texts[name] = text

    def close(self, name: str) -> None:
        self.texts.pop(name)
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
    for name in sorted(made.texts):
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
        if len(desk.texts) > 12:
            for one in sorted(desk.texts):
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
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("$text|to_uper", "$text|to_upper"),
        ("$input.nmae", "$input.name"),
        ("$txet", "$text"),
        ("$name", "$input.name"),
    ],
)
async def test_names_that_may_be_meant_are_offered_and_not_preferred(desk: Desk, wrong: str, right: str) -> None:
    name = "function/greet.xs"
    text = (
        WRONG.replace("string", "text")
        .replace("integer", "int")
        .replace('    $text = "a"\n', "")
        .replace("= $text\n", f"= {wrong}\n")
    )
    desk.type(name, text)
    problems = await desk.problems(name)
    (found,) = [one for one in problems if "did you mean" in one.message]
    actions = await desk.actions(name, found.range, types.CodeActionKind.QuickFix)
    offered = [one for one in actions if one.title.startswith("write `")]
    assert offered and not any(one.is_preferred for one in offered)
    assert offered[0].edit is not None and offered[0].edit.changes is not None
    assert applied(text, [*offered[0].edit.changes[desk.uri(name)]]).count(f"response = {right}\n") == 1


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
    tidy = desk.read(FUNCTION).replace("\r\n", "\n")
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


# Names ---------------------------------------------------------------------------------------------------------------


def at(desk: Desk, name: str, before: str, change: tuple[str, str] | None = None) -> types.Position:
    """Have a file open, changed if need be, and give the position behind a part of its text."""
    text = desk.read(name)
    if change is not None:
        assert change[0] in text
        text = text.replace(*change)
    desk.type(name, text)
    start = text.index(before) + len(before)
    line = text[:start].rpartition("\n")[2]
    return types.Position(text[:start].count("\n"), len(line.encode("utf-16-le")) // 2)


async def renamed(desk: Desk, name: str, position: types.Position, new: str) -> dict[str, str]:
    """The texts of all files that a new name changes."""
    edit = await desk.client.text_document_rename_async(types.RenameParams(desk.item(name), position, new))
    assert edit is not None and edit.changes is not None
    made = {}
    for uri, edits in edit.changes.items():
        file = uri.removeprefix(f"{desk.workspace.as_uri()}/").replace("%C3%A9", "é")
        made[file] = applied(desk.texts.get(file) or desk.read(file), [*edits])
    return made


@pytest.mark.asyncio(loop_scope="module")
async def test_a_function_is_found_and_renamed_across_files(desk: Desk) -> None:
    position = at(desk, FUNCTION, 'function "pric')
    params = types.ReferenceParams(types.ReferenceContext(True), desk.item(FUNCTION), position)
    places = await desk.client.text_document_references_async(params)
    callers = [one for one, text in large_workspace.texts(FILES).items() if 'run "pricing/price_3"' in text]
    assert sorted(one.uri for one in places or ()) == sorted(desk.uri(one) for one in [FUNCTION, *callers])
    made = await renamed(desk, FUNCTION, position, "pricing/other one")
    assert {*made} == {FUNCTION, *callers}
    assert check_sources({**large_workspace.texts(FILES), **made}) == []
    caller = at(desk, callers[0], 'function.run "pric')
    found = await desk.client.text_document_definition_async(types.DefinitionParams(desk.item(callers[0]), caller))
    assert [one.uri for one in found or ()] == [desk.uri(FUNCTION)]


@pytest.mark.parametrize(
    ("name", "part", "new"),
    [
        ("table/stock_0.xs", "    text tit", "coût"),
        ("table/stock_5.xs", '    text "ann', "year"),
        ("table/stock_1.xs", "table st", "shelf"),
        ("table/stock_1.xs", "table st", "the shelf"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_tables_and_columns_are_renamed_in_every_query(desk: Desk, name: str, part: str, new: str) -> None:
    """Also those with letters that ASCII lacks, and names that have to be put in quotes from then on."""
    texts = large_workspace.texts(FILES)
    made = await renamed(desk, name, at(desk, name, part), new)
    assert len(made) > 3
    assert check_sources({**texts, **made}) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_inputs_are_renamed_where_they_are_given_and_variables_in_their_construct(desk: Desk) -> None:
    texts = large_workspace.texts(FILES)
    made = await renamed(desk, FUNCTION, at(desk, FUNCTION, "int fac"), "times")
    assert len(made) == 3 and check_sources({**texts, **made}) == []
    made = await renamed(desk, FUNCTION, at(desk, FUNCTION, "math.add $to"), "sum")
    assert {*made} == {FUNCTION} and "$total" not in made[FUNCTION]
    assert check_sources({**texts, **made}) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_names_that_cannot_be_are_refused(desk: Desk) -> None:
    variable, function = at(desk, FUNCTION, "math.add $to"), at(desk, FUNCTION, 'function "pric')
    for position, new in ((variable, "a b"), (variable, "input"), (variable, "rows"), (function, "pricing/price_4")):
        with pytest.raises(Exception, match=r"name of a variable|reserved|already"):
            await renamed(desk, FUNCTION, position, new)
    word = types.PrepareRenameParams(desk.item(FUNCTION), at(desk, FUNCTION, "foreac"))
    assert await desk.client.text_document_prepare_rename_async(word) is None


@pytest.mark.asyncio(loop_scope="module")
async def test_symbols_of_a_file_and_of_the_workspace(desk: Desk) -> None:
    found = await desk.client.text_document_document_symbol_async(types.DocumentSymbolParams(desk.item(FUNCTION)))
    (function,) = found or ()
    assert isinstance(function, types.DocumentSymbol)
    assert [one.name for one in function.children or ()] == ["owner", "factor", "extras", "test prices nothing"]
    everywhere = await desk.client.workspace_symbol_async(types.WorkspaceSymbolParams("function price_12"))
    assert [one.name for one in everywhere or ()] == ["pricing/price_12"]


# Words ---------------------------------------------------------------------------------------------------------------


async def hovered(desk: Desk, before: str) -> str:
    params = types.HoverParams(desk.item(FUNCTION), at(desk, FUNCTION, before))
    found = await desk.client.text_document_hover_async(params)
    assert found is not None and isinstance(found.contents, types.MarkupContent)
    return found.contents.value


@pytest.mark.asyncio(loop_scope="module")
async def test_words_and_names_are_told_about(desk: Desk) -> None:
    assert "Rows that meet a condition" in await hovered(desk, "db.que")
    assert "A text in upper case" in await hovered(desk, "|to_up")
    assert "**field_name** of `db.edit`" in await hovered(desk, "field_na")
    assert "Refuse a number below the limit" in await hovered(desk, "filters=mi")
    assert "A text. Numbers and booleans" in await hovered(desk, "    te")
    assert "line 19: `db.query stock_3 { ... } as $rows`" in await hovered(desk, "foreach ($ro")
    assert "int factor?=2 filters=min:1" in await hovered(desk, "$input.fac")
    assert "column of the table `stock_3`" in await hovered(desk, "$db.stock_3.am")
    table = await hovered(desk, "db.query sto")
    assert "table stock_3 {" in table and "What is kept of stock_3." in table


async def offered(desk: Desk, before: str, change: tuple[str, str]) -> list[types.CompletionItem]:
    """What is offered behind a part of the edited text, the best first."""
    params = types.CompletionParams(desk.item(FUNCTION), at(desk, FUNCTION, before, change))
    found = await desk.client.text_document_completion_async(params)
    items = found.items if isinstance(found, types.CompletionList) else found or ()
    return sorted(items, key=lambda one: one.sort_text or one.label)


VALUE = "value = 0\n"


@pytest.mark.parametrize(
    ("before", "change", "first"),
    [
        ("value = $", (VALUE, "value = $\n"), ["changed", "labels", "part_0"]),
        ("value = $input.", (VALUE, "value = $input.\n"), ["extras", "factor", "owner"]),
        ("where = $db.", ("where = $db.stock_3", "where = $db.\n//"), ["stock_3", "stock_0"]),
        ("value = $db.stock_3.", (VALUE, "value = $db.stock_3.\n"), ["amount", "created_at", "id"]),
        ("value = $changed.", (VALUE, "value = $changed.\n"), ["amount", "created_at", "id"]),
        ("db.edit ", ("db.edit stock_3", "db.edit "), ["stock_0", "stock_1"]),
        ('function.run "', ('function.run "pricing/price_7"', 'function.run "'), ["pricing/price_0"]),
        ('field_name = "', ('field_name = "id"', 'field_name = "'), ["amount", "created_at", "id"]),
        ("data = {", ("data = {amount:", "data = {x:"), ["id", "amount"]),
        ("factor: 4, ", ("factor: 4, extras: []", "factor: 4, "), ["extras"]),
        ("  input {\n    ", ("  input {\n", "  input {\n    \n"), ["attachment", "audio", "bool"]),
        ("filters=", ("filters=trim", "filters=tr|"), []),
        ("trim|", ("filters=trim", "filters=trim|"), ["alphaOk", "digitOk"]),
        ("\n    debug.", ("  stack {\n", "  stack {\n    debug.\n"), ["debug.log", "debug.stop"]),
        ("conditional {\n", ("conditional {\n", "conditional {\n\n"), ["else", "elseif", "if"]),
        ("db.edit stock_3 {\n", ("db.edit stock_3 {\n", "db.edit stock_3 {\n\n"), ["addon", "enforce_hidden_fields"]),
        ("extras: []}\n", ("extras: []}\n", "extras: []}\n\n"), ["async", "runtime_mode"]),
        ('nothing" {\n', ('nothing" {\n', 'nothing" {\n\n'), ["expect.to_be_defined"]),
        ("  response = 1\n", ("  response = {", "  response = 1\n\n  //"), ["cache", "response_type", "test"]),
        ("verb=", ("// Takes", "query a verb=\n// Takes"), ["DELETE", "GET"]),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_completion_knows_the_place(desk: Desk, before: str, change: tuple[str, str], first: list[str]) -> None:
    items = await offered(desk, before, change)
    assert [one.label for one in items][: len(first)] == first


@pytest.mark.asyncio(loop_scope="module")
async def test_filters_that_fit_the_kind_of_value_come_first(desk: Desk) -> None:
    for value, best, other in (('"abc"', "to_upper", "abs"), ("12", "abs", "to_upper"), ("[1]", "first", "abs")):
        labels = [one.label for one in await offered(desk, f"{value}|", (VALUE, f"value = {value}|\n"))]
        assert labels.index(best) < labels.index(other)
    labels = [one.label for one in await offered(desk, "$input.owner|", (VALUE, "value = $input.owner|\n"))]
    assert labels.index("to_upper") < labels.index("abs")


@pytest.mark.asyncio(loop_scope="module")
async def test_offers_are_snippets_with_a_page(desk: Desk) -> None:
    items = await offered(desk, "db.ge", ("  stack {\n", "  stack {\n    db.ge\n"))
    (get,) = [one for one in items if one.label == "db.get"]
    assert isinstance(get.text_edit, types.TextEdit) and get.insert_text_format == types.InsertTextFormat.Snippet
    assert get.text_edit.new_text.startswith("db.get ${1:name} {\n  field_value = $2")
    assert get.text_edit.range.end.character - get.text_edit.range.start.character == len("db.ge")
    told = await desk.client.completion_item_resolve_async(get)
    assert isinstance(told.documentation, types.MarkupContent) and "field_value" in told.documentation.value
    assert await offered(desk, "// a $", (VALUE, "value = 0 // a $\n")) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_next_argument_is_told(desk: Desk) -> None:
    position = at(desk, FUNCTION, "|substr:1:", (VALUE, 'value = "a:b"|substr:1:\n'))
    found = await desk.client.text_document_signature_help_async(
        types.SignatureHelpParams(desk.item(FUNCTION), position)
    )
    assert found is not None and found.signatures[0].label == "substr:start: int:length?: int"
    assert found.active_parameter == 1
    position = at(desk, FUNCTION, "{owner: $input.owner, factor: ")
    found = await desk.client.text_document_signature_help_async(
        types.SignatureHelpParams(desk.item(FUNCTION), position)
    )
    assert found is not None and found.signatures[0].label.startswith("pricing/price_7(text owner, int factor?")
    assert found.active_parameter == 1


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_of_a_broken_text_ends_the_server(desk: Desk) -> None:
    """Every feature is asked at random places of texts with mistakes in them."""
    chance = random.Random(11)
    text = desk.read(FUNCTION)
    client, item, document = desk.client, desk.item(FUNCTION), types.TextDocumentIdentifier
    for _ in range(40):
        _, broken = edit(chance, {"function/a.xs": text, "function/b.xs": text})
        if broken is None or broken == text:
            continue
        desk.type(FUNCTION, broken)
        lines = broken.split("\n")
        line = chance.randrange(len(lines))
        place = types.Position(line, chance.randrange(len(lines[line]) + 3))
        assert document(desk.uri(FUNCTION)) == item
        await client.text_document_completion_async(types.CompletionParams(item, place))
        await client.text_document_hover_async(types.HoverParams(item, place))
        await client.text_document_signature_help_async(types.SignatureHelpParams(item, place))
        await client.text_document_definition_async(types.DefinitionParams(item, place))
        await client.text_document_selection_range_async(types.SelectionRangeParams(item, [place]))
        await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(item))
        await client.text_document_folding_range_async(types.FoldingRangeParams(item))
        await client.text_document_document_symbol_async(types.DocumentSymbolParams(item))
        await client.text_document_code_lens_async(types.CodeLensParams(item))
        await client.text_document_inlay_hint_async(types.InlayHintParams(item, between(0, 0, len(lines), 0)))


# The shape of a text -------------------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_blocks_are_folded_and_selections_grow(desk: Desk) -> None:
    position = at(desk, FUNCTION, "db.edit sto")
    text = desk.read(FUNCTION)
    folds = await desk.client.text_document_folding_range_async(types.FoldingRangeParams(desk.item(FUNCTION)))
    last = len(text.split("\n")) - 2
    assert next((one.start_line, one.end_line) for one in folds or ()) == (1, last - 1)
    grown = await desk.client.text_document_selection_range_async(
        types.SelectionRangeParams(desk.item(FUNCTION), [position])
    )
    one: types.SelectionRange | None = next(iter(grown or ()))
    sizes = []
    while one is not None:
        sizes.append((one.range.end.line - one.range.start.line, one.range.end.character))
        one = one.parent
    assert len(sizes) > 8 and [lines for lines, _ in sizes] == sorted(lines for lines, _ in sizes)


@pytest.mark.asyncio(loop_scope="module")
async def test_words_have_colours(desk: Desk) -> None:
    at(desk, FUNCTION, "", ('"much for "', '"🎉"'))
    found = await desk.client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(desk.item(FUNCTION)))
    assert found is not None
    lines = desk.texts[FUNCTION].split("\n")
    line = column = 0
    words: list[tuple[str, int]] = []
    for number in range(0, len(found.data), 5):
        down, right, length, kind, _ = found.data[number : number + 5]
        line, column = line + down, right if down else column + right
        encoded = lines[line].encode("utf-16-le")[column * 2 : (column + length) * 2]
        words.append((encoded.decode("utf-16-le"), kind))
    legend = ["keyword", "function", "method", "property", "type", "variable", "parameter", "struct"]
    named = {(word, legend[kind]) for word, kind in words if kind < len(legend)}
    assert named >= {
        *(("function", "keyword"), ("pricing/price_3", "function"), ("owner", "parameter"), ("text", "type")),
        *(("db.query", "function"), ("stock_3", "struct"), ("where", "property"), ("amount", "property")),
        *(("total", "variable"), ("to_upper", "method"), ("stack", "keyword")),
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_arguments_of_filters_are_named(desk: Desk) -> None:
    at(desk, FUNCTION, "", (VALUE, 'value = "abc"|substr:1:2\n'))
    whole = between(0, 0, 200, 0)
    hints = await desk.client.text_document_inlay_hint_async(types.InlayHintParams(desk.item(FUNCTION), whole))
    assert [one.label for one in hints or ()][:2] == ["start:", "length:"]


@pytest.mark.asyncio(loop_scope="module")
async def test_lenses_run_constructs_and_tests(desk: Desk) -> None:
    """An editor without commands of its own has those of the server."""
    name = "function/hello.xs"
    desk.type(
        name,
        "function hello {\n  input {\n  }\n\n  stack {\n  }\n\n  response = 6 * 7\n\n"
        '  test "is it" {\n    expect.to_equal ($response) {\n      value = 42\n    }\n  }\n}\n',
    )
    lenses = await desk.client.text_document_code_lens_async(types.CodeLensParams(desk.item(name)))
    titles = [one.command.title for one in lenses or () if one.command]
    assert titles == ["Run", "Run test"]
    for lens in lenses or ():
        assert lens.command is not None
        params = types.ExecuteCommandParams(lens.command.command, lens.command.arguments)
        await desk.client.workspace_execute_command_async(params)
    assert [one.message for one in desk.client.messages] == ["function hello: 42", "function hello is it: passed"]


def test_lenses_are_those_of_an_editor_that_has_commands(tmp_path: Path) -> None:
    programs = Programs()
    programs.commands = frozenset({"xsrun.run", "xsrun.debug"})
    name = tmp_path / "hello.xs"
    name.write_text("function hello {\n  input {\n  }\n\n  stack {\n  }\n}\n", encoding="utf-8")
    programs.programs.load(tmp_path)
    lenses = code_lenses(programs, types.CodeLensParams(types.TextDocumentIdentifier(name.as_uri())))
    assert [one.command.command for one in lenses or () if one.command] == ["xsrun.run", "xsrun.debug"]


# The process ---------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    with pytest.raises(UnavailableError, match="pygls") as caught:
        lsp_command(argparse.Namespace(tcp=None))
    assert caught.value.hint == f"install it with: {installing('lsp')}"


def test_a_server_waits_on_a_port_for_its_editor() -> None:
    command = [*COMMAND, "--tcp", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        try:
            assert process.stderr.readline().startswith("xsrun lsp: waiting on 127.0.0.1:")
        finally:
            process.kill()


def message(**said: object) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **said}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def conversation(*messages: bytes) -> list[dict[str, object]]:
    """What a server answers to some messages, the last of which ends it."""
    done = subprocess.run(COMMAND, input=b"".join(messages), capture_output=True, check=False)
    return [json.loads(one) for one in re.split(rb"Content-Length: \d+\r\n(?:[^\r\n]+\r\n)*\r\n", done.stdout)[1:]]


def test_no_request_goes_without_an_answer() -> None:
    def hover(number: int, position: dict[str, object], uri: str = "file:///a.xs") -> bytes:
        given = {"textDocument": {"uri": uri}, "position": position}
        return message(id=number, method="textDocument/hover", params=given)

    opened = message(id=1, method="initialize", params={"processId": None, "rootUri": None, "capabilities": {}})
    told = conversation(
        opened,
        message(method="initialized", params={}),
        message(id=2, method="textDocument/hover", params={}),
        hover(3, {"line": -1, "character": 0}),
        hover(4, {"line": "x", "character": None}),
        hover(5, {"line": 0, "character": 0}, "file:///%00"),
        message(id=6, method="shutdown"),
        message(method="exit"),
    )
    answers = {one["id"]: one for one in told if "id" in one}
    assert {*answers} == {1, 2, 3, 4, 5, 6}
    for number in (2, 3, 4):
        assert answers[number]["error"] == {
            "code": -32602,
            "message": "the parameters of textDocument/hover do not fit the protocol",
        }
    assert answers[5]["result"] is None


def test_a_second_start_answers_before_the_protocol_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path / "cache"))
    capabilities = {"general": {"positionEncodings": ["utf-8"]}}
    begin = message(
        id=7, method="initialize", params={"processId": None, "rootUri": None, "capabilities": capabilities}
    )
    rest = message(method="initialized", params={}), message(id=8, method="shutdown"), message(method="exit")
    once, again = conversation(begin, *rest), conversation(begin, *rest)
    assert [one["id"] for one in once] == [one["id"] for one in again] == [7, 8]
    assert once[0]["result"] == again[0]["result"]
    first = FirstMessage.read(io.BytesIO(begin))
    assert first.known() is not None and first.answer.given
    other = FirstMessage.read(io.BytesIO(begin.replace(b"utf-8", b"utf-9")))
    assert other.known() is None


# What an editor may ask beyond the protocol, and enums ---------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Programs:
    """A program of two files, without a server around it."""
    table = (
        'table pet {\n  schema {\n    int id\n    enum kind {\n      values = ["cat", "dog"]\n    }\n  }\n\n'
        "  index = []\n}\n"
    )
    function = (
        'function feed {\n  input {\n    enum size {\n      values = ["small", "big"]\n    }\n  }\n\n  stack {\n'
        "    db.query pet {\n      where = $db.pet.kind == @\n    } as $pets\n  }\n\n  response = $pets\n\n"
        '  test "feeds" {\n    input = {size: #}\n\n    expect.to_be_defined ($response)\n  }\n}\n'
    )
    (tmp_path / "pet.xs").write_text(table, encoding="utf-8")
    (tmp_path / "feed.xs").write_text(function, encoding="utf-8")
    programs = Programs()
    programs.programs.load(tmp_path)
    return programs


def test_values_of_enums_are_offered(small: Programs, tmp_path: Path) -> None:
    item = types.TextDocumentIdentifier((tmp_path / "feed.xs").as_uri())
    text = (tmp_path / "feed.xs").read_text(encoding="utf-8")
    for mark, values in (("@", ['"cat"', '"dog"']), ("#", ['"small"', '"big"'])):
        edited = text.replace(mark, "").replace({"@": "#", "#": "@"}[mark], '"x"')
        small.programs.hold((tmp_path / "feed.xs").resolve().as_posix(), edited)
        start = text.replace({"@": "#", "#": "@"}[mark], '"x"').index(mark)
        line = edited[:start].count("\n")
        position = types.Position(line, start - edited.rfind("\n", 0, start) - 1)
        found = completion(small, types.CompletionParams(item, position))
        assert found is not None
        assert [one.text_edit.new_text for one in found.items if one.text_edit] == values


def test_what_is_typed_is_replaced_whole_in_the_units_of_the_editor(small: Programs, tmp_path: Path) -> None:
    path = tmp_path / "feed.xs"
    edited = path.read_text(encoding="utf-8").replace("    db.query", '    function.run "\U0001f41f\n    db.query')
    small.programs.hold(path.resolve().as_posix(), edited)
    line = edited[: edited.index("function.run")].count("\n")
    before = len('    function.run "')
    typed = types.Position(line, before + 2)  # the fish takes two units of UTF-16
    found = completion(small, types.CompletionParams(types.TextDocumentIdentifier(path.as_uri()), typed))
    assert found is not None and found.items
    for one in found.items:
        assert isinstance(one.text_edit, types.TextEdit)
        assert one.text_edit.range == types.Range(types.Position(line, before), typed)


def test_the_tests_of_a_workspace_are_listed(small: Programs) -> None:
    (found,) = listed_tests(small, None)
    assert (found["label"], found["target"]["kind"], found["target"]["test"]) == ("feed feeds", "function", "feeds")
    assert found["range"]["start"] == {"line": 15, "character": 2}


def test_a_request_that_is_refused_leaves_no_traceback_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    from pygls.exceptions import JsonRpcInvalidParams
    from pygls.protocol import json_rpc

    from xsrun.editor.lsp.language_server import make_server

    make_server()
    for error in (JsonRpcInvalidParams("`a b` is not a name"), ValueError("a fault")):
        try:
            raise error
        except Exception:
            json_rpc.logger.exception("in a request")
    assert [str(one.exc_info[1]) for one in caplog.records if one.exc_info] == ["a fault"]
