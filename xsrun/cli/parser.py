"""Command lines read by argparse: help, mistakes, and whatever is not written just as it is declared."""

from __future__ import annotations

import argparse
import os

from xsrun.cli.declared_options import Options
from xsrun.errors import UsageError
from xsrun.hints import Any, NoReturn
from xsrun.lazy_regex import pattern


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
        namespace = Options() if namespace is None else namespace
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
