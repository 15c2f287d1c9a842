"""From the words of the command line to one command. Only the chosen command's module is imported."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from xsrun.errors import InternalError, UsageError, XanoScriptError
from xsrun.lazy_regex import pattern

if TYPE_CHECKING:
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


#: Commands that show on a terminal how far they have come.
LONG_WORK = ("run", "check", "test", "doctest")


class HelpFormatter(argparse.HelpFormatter):
    """Lays out help for the width of the terminal, which argparse would import `shutil` for at every start."""

    def __init__(
        self, prog: str, indent_increment: int = 2, max_help_position: int = 24, width: int | None = None
    ) -> None:
        super().__init__(prog, indent_increment, max_help_position, width or terminal_width() - 2)


class RawFormatter(HelpFormatter, argparse.RawDescriptionHelpFormatter):
    """The same, with the description and epilog as they are written."""


def terminal_width() -> int:
    chosen = os.environ.get("COLUMNS", "")
    if chosen.isdigit() and int(chosen):
        return int(chosen)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class CommandParser(argparse.ArgumentParser):
    """An argument parser whose errors are UsageErrors, so that they are shown and counted like all others."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": HelpFormatter, "allow_abbrev": False, **settings})
        #: is what begins with a minus and no letter an expression? -2.5|round, -$x, -(1 + 2)
        self.takes_expression = False

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.takes_expression:
            args = [f" {word}" if _NEGATIVE.match(word) else word for word in args]  # with a blank in front: no option
        options, (*unknown,) = self.parse_known_args(args, namespace)
        if unknown:
            self._refuse(*unknown, target=getattr(options, "target", None))
        return options

    @property
    def examples(self) -> tuple[tuple[str, str], ...]:
        """Examples of the command, each with what it does."""
        from xsrun.cli.examples import EXAMPLES

        return EXAMPLES.get(self.prog, ())

    def format_help(self) -> str:
        """The help, with examples of the command at its end."""
        lines = [f"  {command}\n      {about}" for command, about in self.examples]
        return super().format_help() + ("\n".join(["\nexamples:", *lines, ""]) if lines else "")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a word that is not one of the choices, with the one that may be meant."""
        if action.choices is None or value in action.choices:
            return
        from xsrun.diagnostics.suggest import nearest

        names = [str(one) for one in action.choices]
        close, what = nearest(str(value), names), action.metavar or action.dest
        hint = f"did you mean `{close}`?" if close else f"there are: {', '.join(names)}"
        if action.option_strings:
            raise UsageError(f"{action.option_strings[0]} does not take `{value}`", hint=hint)
        raise UsageError(f"there is no {str(what).lower()} `{value}`", hint=hint)

    def _refuse(self, word: str, *more: str, target: str | None) -> NoReturn:
        options = set(_OPTION.findall(super().format_help()))
        hint = (
            _as_quoted(target, word) or _as_verb(target, word, *more) or _as_input(word, *more)
            if "--input" in options
            else None
        )
        hint = hint or f"see {self.prog} --help"
        if not word.startswith("-"):
            raise UsageError(f"unexpected argument `{word}`", hint=hint)
        from xsrun.diagnostics.suggest import nearest

        name = word.partition("=")[0]
        meant = name not in _VERB_OPTIONS and nearest(name.lstrip("-"), [one.removeprefix("--") for one in options])
        raise UsageError(f"there is no option `{name}`", hint=f"did you mean `--{meant}`?" if meant else hint)

    def error(self, message: str) -> NoReturn:
        for shape, told in _TOLD:  # in words of ours: Python's differ from version to version
            message = shape.sub(told, message)
        raise UsageError(message, hint=f"see {self.prog} --help")


def _as_input(word: str, following: str = "VALUE", *_: str) -> str | None:
    """How an input is given that was written as `name=value`, `--name value` or `--name=value`."""
    match = _AS_INPUT.match(word)
    if match is None or not (match[1] or match[3]):
        return None
    value = match[3][1:] if match[3] else following if not following.startswith("-") else "VALUE"
    return f"an input is given by --input {match[2]}={value}"


def _as_quoted(target: str | None, word: str) -> str | None:
    """How a query is named whose quotes were left out: `run query:GET items`."""
    from xsrun.language.constructs import VERBS

    kind, _, verb = (target or "").partition(":")
    if kind != "query" or verb.upper() not in VERBS or word.startswith("-"):
        return None
    return f"put the name in quotes: xsrun run 'query:{verb} {word}'"


def _as_verb(target: str | None, word: str, following: str = "GET", *_: str) -> str | None:
    """How the verb of a query is given that was written as `--verb POST`, `--method=POST` or `-X POST`."""
    from xsrun.language.constructs import VERBS

    name, equals, value = word.partition("=")
    if name not in _VERB_OPTIONS or target is None:
        return None
    verb = (value if equals else following).upper()
    path = target.removeprefix("query:").strip("/") if "." not in target else "PATH"
    return f"a verb stands before the path: xsrun run 'query:{verb if verb in VERBS else 'GET'} {path}'"


_VERB_OPTIONS = frozenset(("--verb", "--method", "--request", "-X"))
_AS_INPUT = pattern(r"(--)?([A-Za-z_][\w-]*)(=.*)?$", 16)  # DOTALL
_NEGATIVE = pattern(r"-[^A-Za-z-]")
_OPTION = pattern(r"(?<![\w-])--[a-z][a-z-]*")
#: What argparse says, and what stands in its place.
_TOLD = (
    (pattern(r"^the following arguments are required: (.*)$"), r"\1 is missing"),
    (pattern(r"^argument (\S+): not allowed with argument (\S+)$"), r"\1 and \2 exclude one another"),
    (pattern(r"^argument (\S+): expected (?:one|at least one) argument$"), r"\1 needs a value"),
    (pattern(r"^argument (\S+): ignored explicit argument '.*'$"), r"\1 takes no value"),
    (pattern(r"^argument (\S+): it is "), r"\1 takes "),
    (pattern(r"^argument (\S+): "), r"\1: "),
)


def one_of(*names: str) -> Callable[[str], str]:
    """How an option is read that takes one of some words."""

    def read(text: str) -> str:
        if text not in names:
            from xsrun.diagnostics.suggest import nearest

            close = nearest(text, names)
            meant = f"; did you mean `{close}`?" if close else ""
            raise argparse.ArgumentTypeError(f"it is {', '.join(names[:-1])} or {names[-1]}, not `{text}`{meant}")
        return text

    return read


def whole_number(text: str) -> int:
    """How an option is read that takes a whole number."""
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"it is a whole number, not `{text}`")
    return int(text)


def number(text: str) -> float:
    """How an option is read that takes a number."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise argparse.ArgumentTypeError(f"it is a number, not `{text}`")
    return found


def available() -> dict[str, tuple[str, str]]:
    """The commands whose module is there."""
    from importlib.util import find_spec

    return {name: entry for name, entry in COMMANDS.items() if find_spec(f"xsrun.cli.{entry[1]}") is not None}


def build(command: str | None) -> CommandParser:
    """The parser of one command, or with None the one that lists them all."""
    if command is not None:
        summary, module = COMMANDS[command]
        parser = CommandParser(
            prog=f"xsrun {command}",
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=RawFormatter,
        )
        importlib.import_module(f"xsrun.cli.{module}").add_arguments(parser)
        return parser
    there = available()
    lines = "\n\n".join(
        "\n".join([f"{title}:", *(f"  {name:<10} {there[name][0]}" for name in names if name in there)])
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
    if command not in COMMANDS or command not in available():
        from xsrun.diagnostics.suggest import nearest

        close = nearest(command, available())
        close = "--version" if command == "version" else close
        hint = f"did you mean `xsrun {close}`?" if close else _as_target(command) or "see xsrun --help"
        raise UsageError(f"there is no command `{command}`", hint=hint)
    options = build(command).parse_args(words[1:])
    module = importlib.import_module(f"xsrun.cli.{COMMANDS[command][1]}")
    if command in LONG_WORK and sys.stderr is not None and sys.stderr.isatty():
        from xsrun.diagnostics.progress import shown_on

        with shown_on(sys.stderr):
            return int(module.run(options))
    return int(module.run(options))


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
    if words[0] in available():
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
