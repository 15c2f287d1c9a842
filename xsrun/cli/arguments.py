"""From the words of the command line to one command. Only the chosen command's module is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

from xsrun.cli.declared_options import Declarations, Options
from xsrun.errors import InternalError, UsageError, XanoScriptError
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.cli.parser import CommandParser
    from xsrun.running.secrets import Secrets

#: command -> (what it does, module below `xsrun.cli`)
COMMANDS = {
    "run": ("run a file, a construct, or a bare list of statements", "run"),
    "eval": ("print the value of an expression", "evaluate"),
    "check": ("report every problem of some files", "check"),
    "format": ("format files in place", "format"),
    "test": ("run unit tests and workflow tests", "test"),
    "doctest": ("run the examples of documentation pages", "doctest"),
    "serve": ("serve the workspace over HTTP", "serve"),
    "verify": ("ask a live instance the same as the workspace, and show what differs", "verify"),
    "lsp": ("check, complete, rename and more in an editor (language server)", "lsp"),
    "init": ("write files for other tools into a workspace: AGENTS.md", "init"),
    "dap": ("debug programs from an editor (Debug Adapter Protocol)", "dap"),
    "mcp": ("serve check, run, test and the rest to coding agents (MCP)", "mcp"),
    "console": ("look at a workspace in the browser: requests, runs, data, checks", "console"),
    "db": ("manage the database of a workspace", "db"),
    "docs": ("show or search the offline manual: guides, commands, the language, every code", "docs"),
    "completion": ("complete commands, options and names in bash, zsh and fish", "completion"),
    "support": ("show which statements and filters are implemented", "support"),
}


#: How `xsrun --help` lists them.
GROUPS = {
    "run and look": ("run", "eval", "serve", "console", "db"),
    "check and test": ("check", "format", "test", "doctest", "verify"),
    "editors and agents": ("lsp", "dap", "mcp", "init"),
    "help": ("docs", "completion", "support"),
}


#: Commands whose first word may be an expression that begins with a minus.
EXPRESSIONS = ("run", "eval")
#: Commands with actions or groups of options, which argparse alone knows.
ELABORATE = ("db", "verify")
#: Commands that show on a terminal how far they have come.
LONG_WORK = ("run", "check", "test", "doctest")


def refused(message: str) -> Exception:
    """The error of a word that an option does not take, as argparse expects it."""
    from argparse import ArgumentTypeError

    return ArgumentTypeError(message)


def one_of(*names: str) -> Callable[[str], str]:
    """How an option is read that takes one of some words."""

    def read(text: str) -> str:
        if text not in names:
            from xsrun.diagnostics.suggest import nearest

            close = nearest(text, names)
            meant = f"; did you mean `{close}`?" if close else ""
            raise refused(f"it is {', '.join(names[:-1])} or {names[-1]}, not `{text}`{meant}")
        return text

    return read


def whole_number(text: str) -> int:
    """How an option is read that takes a whole number."""
    if not text.isdecimal() or len(text) > 18:
        raise refused(f"it is a whole number, not `{text}`")
    return int(text)


def number(text: str) -> float:
    """How an option is read that takes a number."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise refused(f"it is a number, not `{text}`")
    return found


def build(command: str | None) -> CommandParser:
    """The parser of one command, or with None the one that lists them all."""
    from xsrun.cli.parser import CommandParser, RawFormatter

    if command is not None:
        summary, module = COMMANDS[command]
        parser = CommandParser(
            prog=f"xsrun {command}",
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=RawFormatter,
        )
        parser.takes_expression = command in EXPRESSIONS
        importlib.import_module(f"xsrun.cli.{module}").add_arguments(parser)
        return parser
    lines = "\n\n".join(
        "\n".join([f"{title}:", *(f"  {name:<10} {COMMANDS[name][0]}" for name in names)])
        for title, names in GROUPS.items()
    )
    parser = CommandParser(
        prog="xsrun",
        usage="xsrun COMMAND ...",
        description="Run XanoScript on your own machine.",
        epilog=f"{lines}\n\nxsrun help COMMAND tells more, xsrun docs is the manual.",
        formatter_class=RawFormatter,
    )
    parser.add_argument("-V", "--version", action="store_true", help="show the version and exit")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="with --version: Python, system, packages and extras, too"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the words name; every error becomes one message and an exit status."""
    from xsrun.cli.output import drop_output, flush_output, prepare_output

    words = sys.argv[1:] if arguments is None else arguments
    prepare_output()
    try:
        status = guarded(words)
        flush_output()
    except OSError as error:
        drop_output()
        if not isinstance(error, BrokenPipeError):  # a reader that stops reading is not an error
            show_error(UsageError(f"cannot write the output: {error.strerror}"))
        return 1
    return status


def guarded(words: list[str]) -> int:
    """Run a command; what it raises becomes a message and an exit status, unless the output is closed or full."""
    from xsrun.cli.output import is_of_output

    try:
        return run(words)
    except UsageError as error:
        show_failure(error, words)
        return 2
    except XanoScriptError as error:
        show_failure(error, words)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except SystemExit as shown:  # how argparse ends after --help and --version
        return int(shown.code or 0)
    except Exception as error:
        if is_of_output(error):
            raise
        show_failure(InternalError(error), words)
        return 1


def run(words: list[str]) -> int:
    if not words or words[0].startswith("-"):
        return show_itself(words)
    if words[0] == "help":
        return show_help(words[1:])
    command = words[0]
    if command not in COMMANDS:
        from xsrun.diagnostics.suggest import nearest

        close = nearest(command, COMMANDS)
        close = "--version" if command == "version" else close
        hint = f"did you mean `xsrun {close}`?" if close else _as_target(command) or "see xsrun --help"
        raise UsageError(f"there is no command `{command}`", hint=hint)
    module = importlib.import_module(f"xsrun.cli.{COMMANDS[command][1]}")
    options = options_of(command, words[1:])
    if command in LONG_WORK and sys.stderr is not None and sys.stderr.isatty():
        from xsrun.diagnostics.progress import shown_on

        with shown_on(sys.stderr):
            return int(module.run(options))
    return int(module.run(options))


def options_of(command: str, words: list[str]) -> Options:
    """The options that the words of a command give. Raises UsageError."""
    declared = read_declared(command, words)
    return build(command).parse_args(words) if declared is None else declared


def read_declared(command: str, words: list[str]) -> Options | None:
    """The same without argparse, where the words are written as the options are declared."""
    if command in ELABORATE:
        return None
    declarations = Declarations()
    importlib.import_module(f"xsrun.cli.{COMMANDS[command][1]}").add_arguments(declarations)
    return declarations.read(words)


def show_itself(words: list[str]) -> int:
    """`xsrun` without a command: its version, or the list of commands."""
    parser = build(None)
    options = parser.parse_args(words)
    if options.version and options.verbose:
        from xsrun.cli.version import verbose

        print(verbose())
    elif options.version:
        from xsrun import __version__

        print(f"xsrun {__version__}")
    elif options.verbose:
        raise UsageError("--verbose says more with --version", hint="xsrun --version --verbose")
    else:
        parser.print_help()
    return 0 if words else 2


def _as_target(word: str) -> str | None:
    """The command that takes a word that is not a command, but a file, a page or a construct."""
    from xsrun.language.constructs import DECLARED_KINDS

    kind, colon, _ = word.partition(":")
    path = kind if colon else word
    if not path.endswith((".xs", ".md")) and not (colon and kind in DECLARED_KINDS):
        return None
    shown = f"'{word}'" if " " in word else word
    return f"did you mean `xsrun run {shown}`?"


def show_help(words: list[str]) -> int:
    """`xsrun help`, `xsrun help run`, `xsrun help db shell`; of anything else, the page of the manual."""
    if not words:
        build(None).print_help()
        return 0
    if words[0] in COMMANDS:
        return run([*words, "--help"])
    return run(["docs", *words])


def show_failure(error: XanoScriptError, words: list[str]) -> None:
    """Print an error that ended a command: to standard error for people, and as the document that `--json` promises."""
    from xsrun.cli.failure import failure_document, wants_document

    show_error(error)
    if wants_document(words):
        from xsrun.values.conversion import to_json

        print(to_json(failure_document(words[0], error)))


def show_error(
    error: XanoScriptError,
    sources: dict[str, str] | None = None,
    shown_path: Callable[[str], str] = str,
    secrets: Secrets | None = None,
) -> None:
    """Print an error to standard error, with its source line where it has one, without the secrets of its run."""
    from xsrun.cli.output import describe_error

    text = describe_error(error, sources or {}, shown_path)
    print(text if secrets is None else secrets.hide_text(text), file=sys.stderr)
