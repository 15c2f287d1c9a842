"""`xsrun completion`: what a shell needs to complete commands, options, files and the names of constructs."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from xsrun.cli.arguments import COMMANDS, build, one_of
from xsrun.cli.declared_options import Options
from xsrun.cli.parser import CommandParser
from xsrun.errors import UsageError, XanoScriptError
from xsrun.extras import installing

SHELLS = ("bash", "zsh", "fish")
#: Options whose values are files or folders, by what they take.
_FILES = frozenset(("FILE", "PATH", "FOLDER"))
#: Arguments that may name a construct as well as a file.
_TARGETS = frozenset(("target", "expression"))
#: What asks xsrun itself for the names that begin so. A shell that cannot run it completes files.
_PREAMBLES = {
    "bash": """
_xsrun_targets() {
  local IFS=$'\\n'
  compgen -W "$(xsrun completion names "$1" 2>/dev/null)" -- "$1"
  compgen -f -- "$1"
}
""",
    "zsh": """
_xsrun_targets() {
  local -a found
  found=("${(@f)$(xsrun completion names "$PREFIX" 2>/dev/null)}")
  compadd -- ${found:#}
  _files
}
""",
    "fish": "",
}
#: bash parts words at colons: `function:dis` is put together again, and the answer is what stands behind the colon.
_JOINING = """
_xsrun() {
  local words=() word last=-1 joins=
  for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ $last -ge 1 && ( $word == : || -n $joins ) ]]; then words[last]+=$word
    else words+=("$word"); last=$((last + 1)); fi
    joins=; [[ $word == : ]] && joins=1
  done
  COMP_WORDS=("${words[@]}"); COMP_CWORD=$last
  _shtab_xsrun
  word=${words[last]}
  if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then COMPREPLY=("${COMPREPLY[@]#"${word%:*}:"}"); fi
}
complete -o bashdefault -F _xsrun xsrun
"""
_COMPLETED = {
    "bash": "_xsrun_targets",
    "zsh": "_xsrun_targets",
    "fish": "(xsrun completion names (commandline -ct) 2>/dev/null; __fish_complete_path (commandline -ct))",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", type=_shell, metavar="{bash,zsh,fish}", help="the shell to write the completion for")
    parser.add_argument("word", nargs="?", help=argparse.SUPPRESS)


def _shell(word: str) -> str:
    """One of the shells; their scripts ask for `names`."""
    return word if word == "names" else one_of(*SHELLS)(word)


def run(options: Options) -> int:
    if options.shell == "names":
        print("\n".join(names(options.word or "")))
        return 0
    print(script(options.shell))
    return 0


def names(word: str) -> list[str]:
    """The constructs of the workspace around this folder whose `KIND:NAME` begins with a word; none for a path."""
    from xsrun.api import Workspace
    from xsrun.workspace.lookup import command_name
    from xsrun.workspace.roots import workspace_root

    try:
        with Workspace.load(workspace_root(Path.cwd() / "x.xs")) as workspace:
            found = [command_name(one) for one in workspace.constructs]
    except XanoScriptError:  # a folder that cannot be read completes nothing
        return []
    return sorted(one for one in found if one.startswith(word))


def script(shell: str) -> str:
    """The completion for a shell. Raises UsageError where the package that writes it is not installed."""
    try:
        import shtab
    except ImportError:
        raise UsageError("completion needs shtab", hint=f"install it with: {installing('completion')}") from None
    text: str = shtab.complete(whole_parser(), shell, preamble=_PREAMBLES[shell])
    return text + (_JOINING if shell == "bash" else "")


def whole_parser() -> CommandParser:
    """One parser of all commands, in which arguments tell how they are completed."""
    from shtab import DIRECTORY, FILE

    whole = build(None)
    commands = whole.add_subparsers(metavar="COMMAND")
    for name in COMMANDS:
        summary, module = COMMANDS[name]
        made = commands.add_parser(name, help=summary)
        importlib.import_module(f"xsrun.cli.{module}").add_arguments(made)
        for parser in (made, *actions_of(made)):
            for action in parser._actions:
                metavar = action.metavar if isinstance(action.metavar, str) else ""
                if action.choices is None and metavar.startswith("{"):
                    action.choices = metavar.strip("{}").split(",")
                if action.dest in _TARGETS or (name == "test" and action.dest == "paths"):
                    action.complete = _COMPLETED  # type: ignore[attr-defined]
                elif metavar in _FILES or action.dest in ("paths", "path", "pages", "file"):
                    folder = metavar == "FOLDER"
                    action.complete = DIRECTORY if folder else FILE  # type: ignore[attr-defined]
    return whole


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of the actions of a command, such as `db migrate`."""
    found = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return [made for one in found for made in one.choices.values()]
