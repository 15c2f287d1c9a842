// The client of xsrun in VS Code: it starts `xsrun lsp` and `xsrun dap`, and holds no rule of the language.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

/** How xsrun is started: the program and the words before its own. */
function command() {
  const words = vscode.workspace.getConfiguration("xsrun").get("command") || ["xsrun"];
  return { program: words[0], before: words.slice(1) };
}

/** The folder that a file is seen from. */
function folderOf(uri) {
  const folder = uri && vscode.workspace.getWorkspaceFolder(uri);
  return folder ? folder.uri.fsPath : undefined;
}

async function startClient() {
  const { program, before } = command();
  client = new LanguageClient(
    "xsrun",
    "xsrun",
    { command: program, args: [...before, "lsp"] },
    {
      documentSelector: [{ language: "xanoscript" }],
      initializationOptions: { commands: ["xsrun.run", "xsrun.debug", "xsrun.test"] },
    },
  );
  try {
    await client.start();
  } catch (error) {
    const told = "The language server of XanoScript did not start: pip install 'xsrun[lsp]', or set xsrun.command";
    vscode.window.showErrorMessage(`${told} (${error.message || error})`);
  }
}

/** Run xsrun as a task: its terminal stays when it has ended, and it can be run again from the editor's menus. */
function inTerminal(words, uri) {
  const scope = (uri && vscode.workspace.getWorkspaceFolder(uri)) || vscode.TaskScope.Workspace;
  const task = makeTask({ type: "xsrun", command: words[0], arguments: words.slice(1) }, scope);
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true };
  return vscode.tasks.executeTask(task);
}

/** The file that a command is about, saved. */
async function fileOf(uri) {
  const document = uri
    ? await vscode.workspace.openTextDocument(uri)
    : vscode.window.activeTextEditor && vscode.window.activeTextEditor.document;
  if (!document) {
    throw new Error("no XanoScript file is open");
  }
  await document.save();
  return document.uri;
}

/** A construct as the command line and launches name it. */
function named(target) {
  const verb = target.verb ? `${target.verb} ` : "";
  return `${target.kind}:${verb}${target.name}`;
}

/** Debug what a configuration says. */
function debug(uri, settings) {
  const folder = uri && vscode.workspace.getWorkspaceFolder(uri);
  return vscode.debug.startDebugging(folder, {
    type: "xsrun",
    request: "launch",
    name: "XanoScript",
    record: true,
    ...settings,
  });
}

/** The commands: of the buttons above a file, and of the lenses above a construct (`target` says which). */
const COMMANDS = {
  "xsrun.runFile": async (uri) => {
    const file = await fileOf(uri);
    inTerminal(["run", file.fsPath], file);
  },
  "xsrun.debugFile": async (uri) => {
    const file = await fileOf(uri);
    return debug(file, { program: file.fsPath });
  },
  "xsrun.testFile": async (uri) => {
    const file = await fileOf(uri);
    inTerminal(["test", file.fsPath], file);
  },
  "xsrun.run": async (target) => {
    const file = await fileOf(vscode.Uri.parse(target.uri));
    const given = target.kind === "stack" ? [file.fsPath] : [named(target), "-w", folderOf(file) || "."];
    inTerminal(["run", ...given], file);
  },
  "xsrun.debug": async (target) => {
    const file = await fileOf(vscode.Uri.parse(target.uri));
    const chosen = target.test ? { test: target.test } : { construct: named(target) };
    return debug(file, { program: file.fsPath, ...chosen });
  },
  "xsrun.test": async (target) => {
    const file = await fileOf(vscode.Uri.parse(target.uri));
    inTerminal(["test", file.fsPath, ...(target.test ? ["-k", target.test] : [])], file);
  },
  "xsrun.checkWorkspace": () => vscode.commands.executeCommand("workbench.action.tasks.runTask", "xsrun: check"),
  "xsrun.restart": async () => {
    if (client) {
      await client.stop();
    }
    await startClient();
  },
};

/** What speaks the debug protocol: a process for launches, the port of a server for what attaches to it. */
const ADAPTERS = {
  createDebugAdapterDescriptor(session) {
    const settings = session.configuration;
    if (settings.request === "attach") {
      return new vscode.DebugAdapterServer(settings.port, "127.0.0.1");
    }
    const { program, before } = command();
    return new vscode.DebugAdapterExecutable(program, [...before, "dap"]);
  },
};

/** A launch without settings debugs the file in the editor. */
const CONFIGURATIONS = {
  resolveDebugConfiguration(folder, settings) {
    if (!settings.type && !settings.request) {
      return { type: "xsrun", request: "launch", name: "XanoScript", program: "${file}", record: true };
    }
    return settings;
  },
};

/** `xsrun check` and `xsrun test` as tasks whose problems show in the editor. */
const TASKS = {
  provideTasks() {
    return ["check", "test"].map((what) => makeTask({ type: "xsrun", command: what }, vscode.TaskScope.Workspace));
  },
  resolveTask(task) {
    return makeTask(task.definition, task.scope || vscode.TaskScope.Workspace);
  },
};

function makeTask(definition, scope) {
  const { program, before } = command();
  const given = definition.arguments || [];
  const run = new vscode.ProcessExecution(program, [...before, definition.command, ...given]);
  const name = [definition.command, ...given.slice(0, 1)].join(" ");
  const task = new vscode.Task(definition, scope, name, "xsrun", run, "$xsrun");
  task.group = definition.command === "test" ? vscode.TaskGroup.Test : vscode.TaskGroup.Build;
  return task;
}

async function activate(context) {
  for (const [name, does] of Object.entries(COMMANDS)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, does));
  }
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory("xsrun", ADAPTERS),
    vscode.debug.registerDebugConfigurationProvider("xsrun", CONFIGURATIONS),
    vscode.tasks.registerTaskProvider("xsrun", TASKS),
  );
  await startClient();
}

async function deactivate() {
  if (client) {
    await client.stop();
  }
}

module.exports = { activate, deactivate, COMMANDS, ADAPTERS, CONFIGURATIONS, TASKS };
