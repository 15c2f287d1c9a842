"""The extension for VS Code: what it says of xsrun is so, its colours are the language's, and it can be packed."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.render import render
from xsrun.editor.dap.launching import SETTINGS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "xsrun" / "editor" / "vscode"
PACKAGE: dict[str, Any] = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
MADE = runpy.run_path(str(FOLDER / "make_grammar.py"))

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")


def test_the_colours_are_those_of_the_language() -> None:
    """Else run: python xsrun/editor/vscode/make_grammar.py"""
    assert MADE["TARGET"].read_text(encoding="utf-8") == MADE["text"]()


def test_every_operator_and_value_has_a_colour() -> None:
    from xsrun.language.token_classes import INFIX_OPERATORS, OPERANDS, SIGNS

    named = {*MADE["SCOPES"], *MADE["CONSTANTS"], *MADE["WORDS"]}
    texts = {"STRING", "TEXT_BLOCK", "BACKTICK", "FENCE"}
    assert OPERANDS - named - texts == {"NAME", "PLACEHOLDER"}, "words, and what an export left out"
    grammar = json.dumps(MADE["grammar"]())
    for name in INFIX_OPERATORS | SIGNS:
        assert name == "_COLON" or json.dumps(MADE["terminal"](name))[1:-1] in grammar


def test_launches_have_the_settings_of_the_adapter() -> None:
    (debugger,) = PACKAGE["contributes"]["debuggers"]
    described = debugger["configurationAttributes"]["launch"]["properties"]
    assert set(described) == set(SETTINGS) - {"noDebug"}
    kinds = {str: "string", bool: "boolean", dict: "object", list: "array"}
    for name, one in described.items():
        given = one["type"] if isinstance(one["type"], list) else [one["type"]]
        assert given == [kinds[kind] for kind in SETTINGS[name]]


def test_the_problem_matcher_reads_what_check_prints() -> None:
    (matcher,) = PACKAGE["contributes"]["problemMatchers"]
    shown = render(Diagnostic("error", "XS315", "no [such] thing", "help", "function/a.xs", 3, 7), "a\nb\n  x = 1\n")
    first, second, *_ = shown.splitlines()
    head, place = matcher["pattern"]
    found = re.match(head["regexp"], first)
    assert found is not None
    assert [found[head[name]] for name in ("severity", "code", "message")] == ["error", "XS315", "no [such] thing"]
    found = re.match(place["regexp"], second)
    assert found is not None and [found[place[name]] for name in ("file", "line", "column")] == [
        "function/a.xs",
        "3",
        "7",
    ]


def test_commands_of_the_buttons_are_made() -> None:
    code = (FOLDER / "extension.js").read_text(encoding="utf-8")
    for one in PACKAGE["contributes"]["commands"]:
        assert f'"{one["command"]}": ' in code


STUBS = """
const Module = require("module");
const registered = {}, started = [], launched = [];
const vscode = {
  workspace: {
    getConfiguration: () => ({ get: () => ["uvx", "xsrun"] }),
    getWorkspaceFolder: () => ({ uri: { fsPath: "/folder" } }),
    openTextDocument: async (uri) => ({ uri, save: async () => true }),
  },
  window: {
    showErrorMessage: (text) => launched.push(text),
  },
  Uri: { parse: (uri) => ({ fsPath: uri.replace("file://", "") }) },
  commands: { registerCommand: (name, does) => { registered[name] = does; return name; } },
  debug: {
    registerDebugAdapterDescriptorFactory: (type, made) => { registered.adapters = made; },
    registerDebugConfigurationProvider: (type, made) => { registered.configurations = made; },
    startDebugging: async (folder, settings) => launched.push(settings),
  },
  tasks: {
    registerTaskProvider: (type, made) => { registered.tasks = made; },
    executeTask: async ({ given, ...more }) => launched.push({ definition: given[0], words: given[4].words, ...more }),
  },
  TaskRevealKind: { Always: 1 },
  TaskScope: { Workspace: 2 }, TaskGroup: { Test: "test", Build: "build" },
  Task: class { constructor(...given) { this.given = given; } },
  ProcessExecution: class { constructor(program, words) { this.words = [program, ...words]; } },
  DebugAdapterServer: class { constructor(port, host) { this.port = port; this.host = host; } },
  DebugAdapterExecutable: class { constructor(program, words) { this.words = [program, ...words]; } },
};
class LanguageClient {
  constructor(id, name, server, options) { started.push({ server, options }); }
  async start() {}
  async stop() { started.push("stopped"); }
}
const load = Module._load;
Module._load = (name, ...rest) =>
  name === "vscode" ? vscode : name === "vscode-languageclient/node" ? { LanguageClient } : load(name, ...rest);
(async () => {
  const extension = require(process.argv[2]);
  await extension.activate({ subscriptions: [] });
  const target = { uri: "file:///folder/api/items.xs", kind: "query", name: "items", verb: "GET" };
  await registered["xsrun.run"](target);
  await registered["xsrun.debug"]({ ...target, test: "one" });
  await registered["xsrun.debug"](target);
  await registered["xsrun.test"]({ ...target, test: "one" });
  await registered["xsrun.restart"]();
  const adapters = [{ request: "launch" }, { request: "attach", port: 7 }].map((configuration) =>
    registered.adapters.createDebugAdapterDescriptor({ configuration }));
  const empty = registered.configurations.resolveDebugConfiguration(undefined, {});
  const tasks = registered.tasks.provideTasks().map((task) => [task.given[4].words, task.given[5], task.group]);
  await extension.deactivate();
  console.log(JSON.stringify({ names: Object.keys(registered), started, launched, adapters, empty, tasks }));
})();
"""


@needs_node
def test_the_extension_starts_what_it_should(tmp_path: Path) -> None:
    """Against a VS Code that notes what it is told."""
    (tmp_path / "stubs.js").write_text(STUBS, encoding="utf-8")
    words = ["node", str(tmp_path / "stubs.js"), str(FOLDER / "extension.js")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    assert {"xsrun.run", "xsrun.debug", "xsrun.test"} <= set(seen["names"])
    first, stopped, second, last = seen["started"]
    assert (stopped, last) == ("stopped", "stopped") and first == second
    assert first["server"] == {"command": "uvx", "args": ["xsrun", "lsp"]}
    assert first["options"]["initializationOptions"] == {"commands": ["xsrun.run", "xsrun.debug", "xsrun.test"]}
    run, debug_test, debug, test = seen["launched"]
    assert run["words"] == ["uvx", "xsrun", "run", "query:GET items", "-w", "/folder"]
    assert run["definition"] == {"type": "xsrun", "command": "run", "arguments": ["query:GET items", "-w", "/folder"]}
    assert run["presentationOptions"]["reveal"] == 1
    assert debug_test["test"] == "one" and "construct" not in debug_test
    assert debug["construct"] == "query:GET items" and debug["program"] == "/folder/api/items.xs" and debug["record"]
    assert set(debug) - {"type", "request", "name"} <= set(SETTINGS)
    assert test["words"] == ["uvx", "xsrun", "test", "/folder/api/items.xs", "-k", "one"] and test["group"] == "test"
    assert seen["adapters"] == [{"words": ["uvx", "xsrun", "dap"]}, {"port": 7, "host": "127.0.0.1"}]
    assert seen["empty"]["program"] == "${file}"
    assert seen["tasks"][0] == [["uvx", "xsrun", "check"], "$xsrun", "build"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension with the packages it is built with."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    made = tmp_path_factory.mktemp("vscode") / "extension"
    shutil.copytree(FOLDER, made, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix"))
    shutil.copy(ROOT / "LICENSE", made)
    words = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
    subprocess.run(words, cwd=made, check=True, capture_output=True)
    return made


@pytest.mark.slow
def test_colours_in_a_program(built: Path) -> None:
    done = subprocess.run(["npm", "run", "colours"], cwd=built, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def packed(built: Path) -> Path:
    """The file that editors install."""
    done = subprocess.run(["npm", "run", "pack"], cwd=built, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return built / "xsrun.vsix"


@pytest.mark.slow
def test_the_extension_is_packed(built: Path) -> None:
    names = set(zipfile.ZipFile(packed(built)).namelist())
    assert {name for name in names if name.startswith("extension/")} == {
        *(f"extension/{name}" for name in ("package.json", "readme.md", "LICENSE.txt", "language-configuration.json")),
        "extension/dist/extension.js",
        "extension/syntaxes/xanoscript.tmLanguage.json",
    }


def test_the_wheel_is_without_it() -> None:
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "xsrun/editor/vscode" in settings["tool"]["hatch"]["build"]["targets"]["wheel"]["exclude"]
