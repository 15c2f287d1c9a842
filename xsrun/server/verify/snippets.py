"""Conformance cases asked of a live engine: the endpoint that answers them, and its answers as cases.

`write_endpoint` makes files for the official command line to push: a function for each case that can stand alone, and a
query `POST /api:xsrun-verify/case` that runs the one whose number it is given. `ask_cases` asks it and gives the cases
back with what the engine answered, marked "O".
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xsrun.errors import UsageError
from xsrun.reading import read_text, typed_path
from xsrun.records import record
from xsrun.server.verify.asked import AskedRequest
from xsrun.server.verify.live_side import LiveSide, NoAnswerError
from xsrun.values.conversion import from_json, to_json

if TYPE_CHECKING:
    from xsrun.documents import Json
    from xsrun.server.verify.comparing import SideAnswer
    from xsrun.values.conversion import Value

GROUP = "xsrun-verify"
PATH = f"/api:{GROUP}/case"
_HEADER = re.compile(r"\A(?:\s|//[^\n]*\n)*function\s+(?:\"[^\"]*\"|[\w/]+)\s*\{")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_LONG_TOKEN = re.compile(r"\b[\w-]{12,}\.[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]+){0,2}\b")


@record
class CaseSnippet:
    """A case that can be asked: its number in its file, from 1 on, the function's text and its input."""

    number: int
    case: dict[str, Json]
    text: str
    input: dict[str, Value]

    @property
    def id(self) -> str:
        return str(self.case["id"])


def read_snippets(path: str) -> tuple[list[CaseSnippet], list[str]]:
    """The cases of a file that can be asked, and the ids of those that cannot. Raises UsageError."""
    try:
        lines = read_text(typed_path(path)).split("\n")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    found, others = [], []
    for number, line in enumerate((line for line in lines if line.strip()), 1):
        try:
            case = from_json(line)
        except ValueError:
            raise UsageError(f"line {number} of {path} is not JSON") from None
        if not isinstance(case, dict) or not isinstance(case.get("id"), str):
            raise UsageError(
                f"line {number} of {path} is not a case", hint='a case has an "id" and an "expr" or "files"'
            )
        snippet = snippet_of(number, case)
        if snippet is None:
            others.append(case["id"])
        else:
            found.append(snippet)
    return found, others


def snippet_of(number: int, case: dict[str, Json]) -> CaseSnippet | None:
    """The function of a case: of an expression, or its only file where that is a function; None for any other."""
    name = f'function "xsrun_case/{number}" {{'
    if isinstance(case.get("expr"), str):
        text = f"{name}\n  input {{\n  }}\n\n  stack {{\n  }}\n\n  response = {case['expr']}\n}}\n"
        return CaseSnippet(number, case, text, {})
    files, run = case.get("files"), case.get("run")
    if not isinstance(files, dict) or len(files) != 1 or not isinstance(run, dict) or run.get("kind") != "function":
        return None
    (text,) = files.values()
    if set(run) - {"kind", "name", "input"} or not isinstance(text, str) or _HEADER.match(text) is None:
        return None
    given = run.get("input")
    return CaseSnippet(number, case, _HEADER.sub(name, text, count=1), given if isinstance(given, dict) else {})


# The endpoint --------------------------------------------------------------------------------------------------------


def files_of(snippets: Iterable[CaseSnippet]) -> dict[str, str]:
    """The files of the endpoint by name."""
    listed = list(snippets)
    files = {f"function/xsrun_case/{one.number}.xs": one.text for one in listed}
    files[f"api/{GROUP}/{GROUP}.xs"] = f'api_group "{GROUP}" {{\n  canonical = "{GROUP}"\n}}\n'
    arms = "".join(
        f"      case ({one.number}) {{\n"
        f'        function.run "xsrun_case/{one.number}" {{\n'
        f"          input = {_literal(one.input)}\n"
        "        } as $answer\n"
        "      } break\n"
        for one in listed
    )
    files[f"api/{GROUP}/case_POST.xs"] = (
        f'query case verb=POST {{\n  api_group = "{GROUP}"\n\n  input {{\n    int number\n  }}\n\n  stack {{\n'
        "    var $answer {\n      value = null\n    }\n"
        + (f"\n    switch ($input.number) {{\n{arms}    }}\n" if arms else "")
        + "  }\n\n"
        "  response = {number: $input.number, answer: $answer}\n}\n"
    )
    return files


def _literal(value: dict[str, Value]) -> str:
    """An input as the language writes it: JSON is that, but for the empty object."""
    return to_json(value) if value else "{}"


def write_endpoint(folder: Path, snippets: Iterable[CaseSnippet]) -> None:
    """Write the files of the endpoint; those of cases that are not among them any more are deleted."""
    files = files_of(snippets)
    old = folder / "function" / "xsrun_case"
    try:
        for path in old.glob("*.xs") if old.is_dir() else ():
            if path.relative_to(folder).as_posix() not in files:
                path.unlink()
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write into {folder}: {error.strerror}") from None


def bisected(
    snippets: list[CaseSnippet], accepts: Callable[[list[CaseSnippet]], bool], kept: list[CaseSnippet] | None = None
) -> tuple[list[CaseSnippet], list[CaseSnippet]]:
    """The cases that an import accepts together, and those that it refuses, found by halves."""
    kept = list(kept or [])
    if not snippets:
        return kept, []
    if accepts([*kept, *snippets]):
        return [*kept, *snippets], []
    if len(snippets) == 1:
        return kept, snippets
    middle = len(snippets) // 2
    kept, refused = bisected(snippets[:middle], accepts, kept)
    kept, more = bisected(snippets[middle:], accepts, kept)
    return kept, [*refused, *more]


def pushing(folder: Path, command: str) -> Callable[[list[CaseSnippet]], bool]:
    """Pushes the endpoint with the user's own command, which succeeds where the import takes everything. Raises
    UsageError for a command that fails even without a case: no half of the cases would be to blame."""

    def pushed(snippets: list[CaseSnippet]) -> subprocess.CompletedProcess[bytes]:
        write_endpoint(folder, snippets)
        return subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=False)

    first = pushed([])
    if first.returncode != 0:
        said = (first.stderr or first.stdout).decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise UsageError(
            f"--push: the command fails without a single case, with status {first.returncode}",
            hint=said or "it said nothing",
        )
    return lambda snippets: pushed(snippets).returncode == 0


# The answers ---------------------------------------------------------------------------------------------------------


def ask_cases(
    live: LiveSide, snippets: Iterable[CaseSnippet], today: date, tell: Callable[[CaseSnippet, str], None]
) -> list[tuple[CaseSnippet, dict[str, Json]]]:
    """The cases with what the engine answers. `tell` is called with each and with why it has no answer, if so."""
    answered: list[tuple[CaseSnippet, dict[str, Json]]] = []
    for one in snippets:
        body = to_json({"number": one.number}).encode()
        asked = AskedRequest(one.id, "POST", PATH, headers=[("Content-Type", "application/json")], body=body)
        try:
            answer = live.answer(asked)
        except NoAnswerError as error:
            tell(one, str(error))
            continue
        expected = _expected(answer, one)
        if expected is None:
            tell(one, f"HTTP {answer.status}: the endpoint of these cases is not there; push what --endpoint writes")
            continue
        kept = {name: value for name, value in one.case.items() if name not in ("confidence", "mark", "note")}
        form = (
            {"expect": expected["response"]} if "expr" in one.case and "response" in expected else {"expect": expected}
        )
        made: dict[str, Json] = {
            **kept,
            **form,
            "mark": "O",
            "confidence": "observed",
            "origin": f"{_instance(live.options.url)}, {today.isoformat()}",
        }
        answered.append((one, without_personal(made, one.case, live)))
        tell(one, "")
    return answered


def _expected(answer: SideAnswer, one: CaseSnippet) -> dict[str, Json] | None:
    """The answer as a case expects it; None when it is not the endpoint's."""
    value = answer.value
    if not isinstance(value, dict):
        return None
    if answer.status == 200 and value.get("number") == one.number and "answer" in value:
        return {"response": value["answer"]}
    if answer.status == 200 and "statement" in value and "payload" in value:  # an uncaught throw
        return {"error": {"code": "ERROR_CODE_THROWN_ERROR"}, "payload": value["payload"]}
    if answer.status >= 400 and "code" in value and value.get("message") != "Unable to locate request.":
        return {"error": {"code": value["code"], "message": value.get("message", "")}}
    return None


def _instance(url: str) -> str:
    """An instance without the name that is its owner's."""
    host = urlsplit(url).hostname or ""
    return f"*.{host.partition('.')[2]}" if host.count(".") > 1 and not host[-1].isdigit() else "an instance"


def without_personal(made: dict[str, Json], case: dict[str, Json], live: LiveSide) -> dict[str, Json]:
    """A case without what is its owner's: addresses, tokens and names of the instance that the case did not hold."""
    own = json.dumps(case, ensure_ascii=False)
    host = urlsplit(live.options.url).hostname or "\0"

    def hide(pattern: re.Pattern[str], text: str, instead: str) -> str:
        return pattern.sub(lambda found: found[0] if found[0] in own else instead, text)

    def replaced(value: Json) -> Json:
        if isinstance(value, str):
            text = live.hidden(value).replace(host, "instance.example")
            text = hide(_EMAIL, text, "user@example.com")
            text = hide(_ADDRESS, text, "192.0.2.1")
            return hide(_LONG_TOKEN, text, "TOKEN")
        if isinstance(value, list):
            return [replaced(one) for one in value]
        return {name: replaced(one) for name, one in value.items()} if isinstance(value, dict) else value

    return {**made, "expect": replaced(made["expect"])}
