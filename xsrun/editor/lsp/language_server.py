"""The server itself: what comes from the editor goes to the features, what they find goes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import json_rpc
from pygls.uris import to_fs_path

from xsrun import __version__
from xsrun.diagnostics import Diagnostic
from xsrun.editor.lsp import (
    code_lenses,
    colours,
    completion,
    hover,
    inlay_hints,
    listed_tests,
    navigation,
    outline,
    shown_problems,
    signature_help,
    text_layout,
)
from xsrun.editor.lsp.answering_protocol import AnsweringProtocol
from xsrun.editor.lsp.code_lenses import RunTarget
from xsrun.editor.lsp.desk import Desk, Opened

#: A feature: asked in the words of the protocol, with the programs up to date.
Feature = Callable[[Desk, Any], object]

#: method -> (what answers, what is said of it at the start)
FEATURES: dict[str, tuple[Feature, object]] = {
    types.TEXT_DOCUMENT_CODE_ACTION: (
        shown_problems.code_actions,
        types.CodeActionOptions([types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]),
    ),
    types.TEXT_DOCUMENT_HOVER: (hover.hover, None),
    types.TEXT_DOCUMENT_COMPLETION: (
        completion.completion,
        types.CompletionOptions(completion.TRIGGERS, resolve_provider=True),
    ),
    types.COMPLETION_ITEM_RESOLVE: (completion.resolve, None),
    types.TEXT_DOCUMENT_SIGNATURE_HELP: (
        signature_help.signature_help,
        types.SignatureHelpOptions(signature_help.TRIGGERS),
    ),
    types.TEXT_DOCUMENT_DEFINITION: (navigation.definition, None),
    types.TEXT_DOCUMENT_REFERENCES: (navigation.references, None),
    types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: (navigation.highlights, None),
    types.TEXT_DOCUMENT_PREPARE_RENAME: (navigation.prepare_rename, None),
    types.TEXT_DOCUMENT_RENAME: (navigation.rename, types.RenameOptions(prepare_provider=True)),
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (outline.document_symbols, None),
    types.WORKSPACE_SYMBOL: (outline.workspace_symbols, None),
    types.TEXT_DOCUMENT_FOLDING_RANGE: (outline.folding, None),
    types.TEXT_DOCUMENT_SELECTION_RANGE: (outline.selection_ranges, None),
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: (colours.tokens, colours.LEGEND),
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE: (colours.tokens_between, colours.LEGEND),
    types.TEXT_DOCUMENT_INLAY_HINT: (inlay_hints.inlay_hints, None),
    types.TEXT_DOCUMENT_CODE_LENS: (code_lenses.code_lenses, None),
    listed_tests.METHOD: (listed_tests.listed_tests, None),
    types.TEXT_DOCUMENT_FORMATTING: (text_layout.formatting, None),
    types.TEXT_DOCUMENT_RANGE_FORMATTING: (text_layout.range_formatting, None),
}
#: Files whose changes on disk matter: programs, and the settings of projects.
_WATCHED = ("**/*.xs", "**/xsrun.toml", "**/pyproject.toml")


class Editor:
    """One editor at the other end: its desk, and the order in which what it sends is done.

    Texts are taken as they come and checked once nothing more is waiting; every answer is one about the newest texts.
    """

    def __init__(self, server: LanguageServer) -> None:
        self.server = server
        self.desk = Desk()
        self._loaded = asyncio.Event()
        self._waiting = False

    # The life of a connection --------------------------------------------------------------------------------------

    async def initialize(self, params: types.InitializeParams) -> None:
        """Hear what the editor can do itself: `{"commands": ["xsrun.run", "xsrun.debug", "xsrun.test"]}`."""
        options = params.initialization_options
        commands = options.get("commands") if isinstance(options, dict) else None
        self.desk.commands = frozenset(map(str, commands if isinstance(commands, (list, tuple)) else ()))

    async def initialized(self, _: types.InitializedParams) -> None:
        """Read the folders; what the editor sends meanwhile waits."""
        capabilities = self.server.server_capabilities
        self.desk.encoding = str(getattr(capabilities.position_encoding, "value", None) or self.desk.encoding)
        client = self.server.client_capabilities.text_document
        completing = client.completion.completion_item if client and client.completion else None
        self.desk.snippets = bool(completing and completing.snippet_support)
        folders = [to_fs_path(uri) for uri in self.server.workspace.folders]
        roots = [folder for folder in folders if folder] or [one for one in [self.server.workspace.root_path] if one]
        try:
            for folder in roots:
                await asyncio.to_thread(self.desk.programs.load, Path(folder))
        finally:
            self._loaded.set()
        self._tell()
        self._watch()

    def _watch(self) -> None:
        watched = self.server.client_capabilities.workspace
        watching = watched.did_change_watched_files if watched is not None else None
        if watching is None or not watching.dynamic_registration:
            return
        options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(one) for one in _WATCHED])
        registration = types.Registration("watched", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        self.server.client_register_capability(types.RegistrationParams([registration]))

    # Texts -----------------------------------------------------------------------------------------------------------

    async def did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        await self._loaded.wait()
        self._hold(params.text_document.uri, params.text_document.version, params.text_document.text)

    async def did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        await self._loaded.wait()
        for change in params.content_changes:
            self._hold(params.text_document.uri, params.text_document.version, change.text)

    def _hold(self, uri: str, version: int, text: str) -> None:
        name = self.desk.name_of(uri)
        self.desk.versions[name] = version
        self.desk.programs.hold(name, text)
        self._tell_soon()

    async def did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        await self._loaded.wait()
        name = self.desk.name_of(params.text_document.uri)
        self.desk.versions.pop(name, None)
        self.desk.programs.release(name)
        self._tell_soon()

    async def watched(self, params: types.DidChangeWatchedFilesParams) -> None:
        await self._loaded.wait()
        names = [self.desk.name_of(change.uri) for change in params.changes]
        self.desk.programs.reread(name for name in names if name.endswith(".xs"))
        if not all(name.endswith(".xs") for name in names):
            self.desk.programs.forget_settings()
        self._tell_soon()

    async def folders_changed(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        """Folders that come are read; those that go are left as they are, for what refers to them."""
        await self._loaded.wait()
        for folder in params.event.added:
            path = to_fs_path(folder.uri)
            if path:
                await asyncio.to_thread(self.desk.programs.load, Path(path))
        self._tell_soon()

    # Problems --------------------------------------------------------------------------------------------------------

    def _tell_soon(self) -> None:
        """Check once all that the editor has sent is taken."""
        if not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._waiting = False
        for name, problems in sorted(self.desk.programs.update().items()):
            self._publish(name, problems)

    def _publish(self, name: str, problems: list[Diagnostic]) -> None:
        opened = self.desk.opened_name(name)
        shown = [shown_problems.shown(opened, one) for one in problems] if opened is not None else []
        version = self.desk.versions.get(name)
        params = types.PublishDiagnosticsParams(self.desk.uri_of(name), shown, version)
        self.server.text_document_publish_diagnostics(params)

    async def run_construct(self, target: RunTarget) -> None:
        """Run a construct, for an editor that has no command of its own for it."""
        await self._do(code_lenses.run_target, target)

    async def run_test(self, target: RunTarget) -> None:
        """Run a test, for an editor that has no command of its own for it."""
        await self._do(code_lenses.test_target, target)

    async def _do(self, command: Callable[[Opened, RunTarget], types.ShowMessageParams], target: RunTarget) -> None:
        await self._loaded.wait()
        self._tell()
        opened = self.desk.opened(target["uri"])
        if opened is not None:
            self.server.window_show_message(await asyncio.to_thread(command, opened, target))

    async def answer(self, feature: Feature, params: Any) -> object:
        """What a feature says, about the newest texts."""
        await self._loaded.wait()
        self._tell()
        return feature(self.desk, params)


def is_fault(record: logging.LogRecord) -> bool:
    """Is this more than a request that was refused? The editor shows the reason of that, a traceback says nothing."""
    return record.exc_info is None or not isinstance(record.exc_info[1], JsonRpcInvalidParams)


def make_server() -> LanguageServer:
    """A server that is ready to be started."""
    logging.getLogger(json_rpc.__name__).addFilter(is_fault)
    server = LanguageServer("xsrun", __version__, types.TextDocumentSyncKind.Full, protocol_cls=AnsweringProtocol)
    editor = Editor(server)
    notifications: dict[str, Callable[[Any], Coroutine[Any, Any, None]]] = {
        types.INITIALIZE: editor.initialize,
        types.INITIALIZED: editor.initialized,
        types.TEXT_DOCUMENT_DID_OPEN: editor.did_open,
        types.TEXT_DOCUMENT_DID_CHANGE: editor.did_change,
        types.TEXT_DOCUMENT_DID_CLOSE: editor.did_close,
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES: editor.watched,
        types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: editor.folders_changed,
    }
    for method, handler in notifications.items():
        server.feature(method)(partial(handler))  # a method itself takes no marks, which the library puts on it
    for action, command in ((code_lenses.RUN, editor.run_construct), (code_lenses.TEST, editor.run_test)):
        server.command(code_lenses.server_command(action))(partial(command))
    for method, (feature, options) in FEATURES.items():
        server.feature(method, options)(partial(editor.answer, feature))
    return server
