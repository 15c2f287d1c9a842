"""`xsrun verify --endpoint` and `--snippets`: conformance cases asked of an engine, here a second xsrun."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from http_server import running
from recording_server import recording

import xsrun
from xsrun.cli import main
from xsrun.errors import UsageError
from xsrun.server.application import Application
from xsrun.server.snapshot import Live
from xsrun.server.verify.live_side import LiveOptions, LiveSide
from xsrun.server.verify.snippets import ask_cases, bisected, files_of, read_snippets, snippet_of

FUNCTION = """// doubles
function main {
  input {
    int n
  }
  stack {
    precondition ($input.n < 9) {
      error_type = "inputerror"
      error = "Too much."
    }
  }
  response = {twice: $input.n * 2}
}
"""
PERSONAL = 'function "main" {\n  input {\n  }\n  stack {\n  }\n  response = $env.$remote_ip ~ " " ~ $env.OWNER\n}\n'
CASES: list[dict[str, Any]] = [
    {"id": "count", "expr": "[9,8,7]|count", "expect": 2, "confidence": "derived", "note": "wrong on purpose"},
    {"id": "twice", "files": {"main.xs": FUNCTION}, "run": {"kind": "function", "name": "main", "input": {"n": 4}}},
    {"id": "refuses", "files": {"main.xs": FUNCTION}, "run": {"kind": "function", "name": "main", "input": {"n": 9}}},
    {"id": "two files", "files": {"a.xs": FUNCTION, "b.xs": FUNCTION}, "run": {"kind": "function", "name": "main"}},
    {"id": "as a user", "files": {"a.xs": FUNCTION}, "run": {"kind": "function", "name": "main", "auth": {"id": 1}}},
    {"id": "a query", "files": {"a.xs": "query x verb=GET {}"}, "run": {"kind": "query", "name": "x"}},
    {"id": "personal", "files": {"a.xs": PERSONAL}, "run": {"kind": "function", "name": "main"}},
    {"id": "fails", "expr": '"x"|no_such_filter'},
    {"id": "throws", "expr": "$nowhere"},
]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in CASES) + "\n\n", encoding="utf-8")
    return file


def test_which_cases_can_be_asked(cases: Path) -> None:
    found, others = read_snippets(str(cases))
    assert [(one.number, one.id) for one in found] == [
        (1, "count"),
        (2, "twice"),
        (3, "refuses"),
        (7, "personal"),
        (8, "fails"),
        (9, "throws"),
    ]
    assert others == ["two files", "as a user", "a query"]
    assert found[1].text.startswith('function "xsrun_case/2" {\n  input {\n    int n')
    assert snippet_of(1, {"id": "x", "files": {"a.xs": "var $x { value = 1 }"}, "run": {"kind": "stack"}}) is None


def test_the_endpoint_is_asked_and_its_answers_are_cases(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "endpoint", tmp_path / "answers.jsonl"
    assert main(["verify", "--endpoint", str(cases), "--out", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "6 cases" in text
    assert "two files, as a user, a query" in text
    assert main(["check", str(folder), "--json"]) in (0, 1)
    problems = json.loads(capsys.readouterr().out)["diagnostics"]
    assert {one["file"].rpartition("/")[2] for one in problems if one["severity"] == "error"} == {"8.xs"}
    with (
        xsrun.Workspace.load(folder, env={"OWNER": "ann@private.example"}) as workspace,
        running(Application(Live(workspace))) as client,
    ):
        url = f"http://127.0.0.1:{client.port}"
        options = ["--snippets", str(cases), "--against", url, "--out", str(out), "--rate", "0"]
        assert main(["verify", *options]) == 0
    answers = {one["id"]: one for one in map(json.loads, out.read_text(encoding="utf-8").splitlines())}
    assert answers["count"] == {
        "id": "count",
        "expr": "[9,8,7]|count",
        "expect": 3,
        "mark": "O",
        "confidence": "observed",
        "origin": f"an instance, {date.today().isoformat()}",
    }
    assert answers["twice"]["expect"] == {"response": {"twice": 8}}
    assert answers["refuses"]["expect"] == {"error": {"code": "ERROR_CODE_INPUT_ERROR", "message": "Too much."}}
    assert answers["personal"]["expect"] == {"response": "instance.example user@example.com"}
    assert answers["throws"]["expect"]["error"]["message"] == "Missing var entry: nowhere"
    assert "ann@private.example" not in out.read_text(encoding="utf-8")


def test_an_instance_without_the_endpoint(cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = {"x.xs": "function a {\n  input {\n  }\n  stack {\n  }\n}"}
    with xsrun.Workspace.from_sources(nothing) as workspace, running(Application(Live(workspace))) as client:
        url = f"http://127.0.0.1:{client.port}"
        out = str(tmp_path / "answers.jsonl")
        assert main(["verify", "--snippets", str(cases), "--against", url, "--rate", "0", "--out", out]) == 1
    assert "push what --endpoint writes" in capsys.readouterr().out


def test_what_the_import_refuses_is_found_by_halves(cases: Path, tmp_path: Path) -> None:
    found, _ = read_snippets(str(cases))
    pushes: list[int] = []

    def accepts(snippets: list[Any]) -> bool:
        pushes.append(len(snippets))
        return not any(one.id in ("refuses", "throws") for one in snippets)

    kept, refused = bisected(found, accepts)
    assert [one.id for one in kept] == ["count", "twice", "personal", "fails"]
    assert [one.id for one in refused] == ["refuses", "throws"]
    assert len(pushes) < 2 * len(found)
    folder = tmp_path / "endpoint"
    script = tmp_path / "push.py"
    script.write_text(
        "import sys, pathlib\n"
        "texts = [p.read_text() for p in pathlib.Path().rglob('*.xs')]\n"
        "sys.exit(any('no_such_filter' in text for text in texts))\n",
        encoding="utf-8",
    )
    command = f'"{sys.executable}" "{script}"'
    assert main(["verify", "--endpoint", str(cases), "--out", str(folder), "--push", command]) == 1
    numbers = sorted(path.stem for path in (folder / "function" / "xsrun_case").glob("*.xs"))
    assert numbers == ["1", "2", "3", "7", "9"]
    assert "xsrun_case/8" not in (folder / "api" / "xsrun-verify" / "case_POST.xs").read_text(encoding="utf-8")


def test_names_of_instances_and_tokens_are_not_kept(cases: Path) -> None:
    found, _ = read_snippets(str(cases))
    body = {"number": 1, "answer": "x8ki.n7.xano.io tok-1 abcdefghijkl.abcdefgh.ijklmnop"}

    class Answering(LiveSide):
        def answer(self, asked: Any) -> Any:
            from xsrun.server.verify.live_side import answer_of

            return answer_of(200, [("content-type", "application/json")], json.dumps(body).encode())

    with Answering(LiveOptions("https://x8ki.n7.xano.io", "tok-1")) as side:
        ((_, answered),) = ask_cases(side, found[:1], date(2026, 11, 29), lambda *_: None)
    assert answered["expect"] == "instance.example *** TOKEN"
    assert answered["origin"] == "*.n7.xano.io, 2026-11-29"


def test_answers_are_compared_with_their_own_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text("".join(f'{{"id": "c{n}", "expr": "{n}", "expect": {n}}}\n' for n in (1, 2, 3)), encoding="utf-8")
    out = tmp_path / "answers.jsonl"

    def answer(_method: str, _path: str, body: Any) -> tuple[int, Any]:
        number = body["number"]
        return (503, {"x": 1}) if number == 1 else (200, {"number": number, "answer": number})

    with recording(answer) as server:
        options = ["--snippets", str(file), "--against", server.url, "--rate", "0", "--out", str(out)]
        assert main(["verify", *options, "--dry-run"]) == 0
        assert server.seen == []
        assert capsys.readouterr().out == "Plan: 3 cases: c1, c2, c3\n"
        assert main(["verify", *options]) == 1
        assert "2 answers in" in (text := capsys.readouterr().out)
        assert ", 0 of them are not" in text
        assert main(["verify", *options, "--json"]) == 1
        document = json.loads(capsys.readouterr().out)
    assert (document["answers"], document["differing"], list(document["missing"])) == (2, [], ["c1"])


def test_a_push_that_always_fails_blames_no_case(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "push.py"
    pushed = tmp_path / "pushed"
    script.write_text(
        f"import sys\nopen({str(pushed)!r}, 'a').write('x')\nsys.exit('not logged in')\n", encoding="utf-8"
    )
    command = f'"{sys.executable}" "{script}"'
    out = tmp_path / "endpoint"
    assert main(["verify", "--endpoint", str(cases), "--out", str(out), "--push", command]) == 2
    assert "not logged in" in capsys.readouterr().err
    assert pushed.read_text(encoding="utf-8") == "x"


def test_a_dry_run_writes_no_endpoint(cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "endpoint"
    options = ["verify", "--endpoint", str(cases), "--out", str(out), "--push", "false"]
    assert main([*options, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["refused"] == []
    assert not out.exists()


def test_a_line_ends_where_json_lines_end(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "a", "expr": "\'x\u2028y\'"}\n{"id": "b", "expr": "1"}\r\n', encoding="utf-8")
    assert [one.id for one in read_snippets(str(file))[0]] == ["a", "b"]
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        read_snippets(str(file))


@pytest.mark.parametrize("text", ["{", "[1]", '{"id": 1}', '{"expr": "1"}'])
def test_files_that_hold_no_cases(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(text, encoding="utf-8")
    assert main(["verify", "--endpoint", str(file)]) == 2
    assert main(["verify", "--snippets", str(tmp_path / "none"), "--against", "http://127.0.0.1:9"]) == 2
    assert capsys.readouterr().err.count("error: ") == 2


def test_the_query_runs_the_case_of_its_number(cases: Path) -> None:
    found, _ = read_snippets(str(cases))
    with xsrun.Workspace.from_sources(files_of(found[:2])) as workspace:
        for number, answer in ((1, 3), (2, {"twice": 8}), (5, None)):
            result = workspace.run("case", "query", {"number": number})
            assert result.error is None
            assert result.response == {"number": number, "answer": answer}
