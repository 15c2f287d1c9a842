"""The section of AGENTS.md that tells coding agents what to run in a workspace of XanoScript."""

from __future__ import annotations

from pathlib import Path

from xsrun.errors import UsageError
from xsrun.reading import is_folder, is_there, read_bytes

FILE = "AGENTS.md"
_BEGIN, _END = "<!-- xsrun: begin -->", "<!-- xsrun: end -->"
SECTION = f"""{_BEGIN}
## XanoScript

The `.xs` files here are XanoScript, the language of Xano backends. xsrun checks, runs and tests them on this machine,
without an account and without the network (`pip install xsrun`).

After each edit of a `.xs` file:

1. `xsrun check FILE --fix` until it reports no error. Each problem names the line and what to write instead;
   `xsrun docs XS130` explains a code.
2. `xsrun test` until everything is green. Write a `test` block for what you add: for the good case, for input that is
   refused, and for what is not found.
3. `xsrun format FILE`.

While you work:

* `xsrun docs NAME` is the reference of a statement, filter, type or construct, `xsrun docs --search WORDS` finds one.
  Look a name up before you use it; do not guess.
* `xsrun run 'query:GET items' --input page=1` or `xsrun run function:math/add --input '{{"a": 1}}'` runs a construct,
  `xsrun run FILE --trace` shows what each statement left, `xsrun eval "EXPRESSION"` gives one value.
* `--json` gives one JSON document. The exit status is 0 when all went well, 1 when the program, check or test failed,
  2 when xsrun was used wrongly.
* `xsrun mcp -w .` offers the same as tools over the Model Context Protocol.
{_END}
"""


def with_section(text: str) -> str:
    """A text with the section: in place of the one it has, else at its end. Raises UsageError for half a section."""
    begin, end = text.find(_BEGIN), text.find(_END)
    if begin < 0 and end < 0:
        return text + ("" if not text else "\n" if text.endswith("\n") else "\n\n") + SECTION
    if not 0 <= begin < end:
        raise UsageError(f"{FILE} has only one of {_BEGIN} and {_END}", hint="delete it, and what belongs to it")
    return text[:begin] + SECTION.rstrip("\n") + text[end + len(_END) :]


def write_notes(folder: Path) -> str:
    """Write the section into the file of a folder; tells what was done. Raises UsageError."""
    from xsrun.workspace.loader import write_source

    path = folder / FILE
    if not is_folder(folder):
        raise UsageError(f"no such folder: {folder}")
    try:
        before = read_bytes(path).decode("utf-8") if is_there(path) else ""
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    after = with_section(before)
    if after == before:
        return f"{path} is up to date"
    if not is_there(path):
        try:
            path.write_text(after, encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None
        return f"wrote {path}"
    write_source(path, after)
    return f"changed the section on XanoScript in {path}" if _BEGIN in before else f"added a section to {path}"
