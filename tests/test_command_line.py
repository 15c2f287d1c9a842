"""The command line as a user meets it: output, messages, exit statuses."""

from __future__ import annotations

import ast
import json
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from xsrun import __version__
from xsrun.cli import version
from xsrun.cli.arguments import COMMANDS
from xsrun.language import catalogue
from xsrun.manual.reference import KINDS

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"


def xsrun(*words: str, folder: Path | None = None, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xsrun", *words],
        cwd=folder or ROOT,
        capture_output=True,
        text=True,
        input=stdin,
        check=False,
    )


@pytest.fixture
def half(tmp_path: Path) -> Path:
    (tmp_path / "half.xs").write_text(
        "function half {\n  input {\n    int n\n  }\n  stack {\n  }\n  response = $input.n / 2\n}\n", encoding="utf-8"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("name", "before", "hint"),
    [
        ("exist", "var $exists { value = 1 }", "did you mean `exists`?"),
        ("late", "", "assign it first: var $late { value = ... }"),
    ],
)
def test_a_variable_that_nothing_has_set(tmp_path: Path, name: str, before: str, hint: str) -> None:
    """The hint that check gives, when the program runs: a misspelt name, a variable that is set too late."""
    head, end = ["function f {", "input {", "}", "stack {"], ["var $late { value = 2 }", "}", "response = 1", "}"]
    lines = [*head, before, f"var $read {{ value = ${name} }}", *end]
    (tmp_path / "f.xs").write_text("\n".join(lines), encoding="utf-8")
    done = xsrun("run", "--json", "f.xs", folder=tmp_path)
    error = json.loads(done.stdout)["error"]
    assert (error["message"], error["line"], error["hint"]) == (f"Missing var entry: {name}", 6, hint)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["$input.x + 1", "-i", "x=3"], 4),
        (["$auth.id", "--auth", "user:7"], 7),
        (["now", "--now", "1970-01-01T00:00:01"], 1000),
        (['$env.$http_headers|get:"A"', "--header", "A: b"], "b"),
        (["$a.b", "--var", 'a={"b":4}', "--limit", "steps=5"], 4),
    ],
)
def test_an_expression_takes_what_a_program_takes(words: list[str], value: int) -> None:
    for _ in range(2):  # the second time it is kept
        done = xsrun("eval", "--json", *words)
        assert json.loads(done.stdout)["response"] == value


def test_what_a_run_refuses_an_expression_refuses() -> None:
    done = xsrun("eval", "1", "--limit", "step=1")
    assert "there is no limit `step`" in done.stderr


def test_an_expression_that_lacks_an_input() -> None:
    done = xsrun("eval", "--json", "$input.x + 1")
    assert json.loads(done.stdout)["error"]["hint"] == "give it with --input x=VALUE"


def test_a_list_that_is_cut_says_so(tmp_path: Path) -> None:
    for number in range(11):
        (tmp_path / f"f{number}.xs").write_text(f"function f{number} {{ stack {{}} }}", encoding="utf-8")
    assert "function f6 and 3 more\n" in xsrun("run", ".", folder=tmp_path).stderr
    page = "```xs\nreturn { value = 1 }\n```\n" * 5 + "```xs\nint id\n```\n" * 9
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    told = xsrun("run", "page.md", folder=tmp_path).stderr
    assert "page.md holds 5 programs" in told and told.endswith("page.md:14\n")  # of fields there is nothing to run


def test_first_sample_makes_a_token_that_expires() -> None:
    done = xsrun("run", str(SAMPLES / "jwe" / "jwe_encode.xs"), "--input", "secret_data=hello", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(document) == {"response", "error", "status", "logs", "duration"}
    assert document["response"]["token"].count(".") == 4
    assert document["response"]["key"]["kty"] == "oct"
    assert document["response"]["expires_in"] == 3600


def test_token_of_one_sample_is_read_by_the_other(tmp_path: Path) -> None:
    made = json.loads(xsrun("run", str(SAMPLES / "jwe" / "jwe_encode.xs"), "-i", "secret_data=hello").stdout)
    (tmp_path / "key.json").write_text(json.dumps(made["key"]), encoding="utf-8")
    words = ["-i", f"token={made['token']}", "-i", f"key=@{tmp_path / 'key.json'}"]
    read = xsrun("run", str(SAMPLES / "jwe" / "jwe_decode.xs"), *words)
    assert json.loads(read.stdout)["data"] == "hello"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["run", "none.xs"], 2, "no such file, folder or construct"),
        (["run", "half.xs", "--input", "{n: 1}"], 2, "not JSON"),
        (["run", "half.xs", "--input", "[1]"], 2, "must be an object"),
        (["run", "half.xs", "--input", "n"], 2, "NAME=VALUE"),
        (["run", "half.xs", "--input", "@none.json"], 2, "cannot read"),
        (["run", "half.xs", "--input", "n=@none"], 2, "NAME='\"@none\"'"),
        (["run", "half.xs", "--input", "n=1", "--input", "n=2"], 2, "--input gives `n` twice"),
        (["run", "half.xs"], 1, "Missing param: n"),
        (["run", "half.xs", "--input", "n=abc"], 1, "Value is not a valid integer"),
        (["run", "half.xs", "--input", "m=1"], 1, "there is no input `m`"),
        (["run", "table:user"], 2, "there is no table user"),
        (["run", "function:none"], 2, "there is no function none"),
        (["run", "half.xs", "--limit", "steps=x"], 2, "needs a number"),
        (["run", "half.xs", "--auth", "user"], 2, "TABLE:ID"),
        (["run", "empty"], 2, "there is no .xs file"),
        (["run"], 2, "target"),
        (["run", "half.xs", "--inptu", "n=1"], 2, "there is no option `--inptu`\n  help: did you mean `--input`?"),
        (
            ["run", "half.xs", "--xyzzy=1"],
            2,
            "there is no option `--xyzzy`\n  help: an input is given by --input xyzzy=1",
        ),
        (["eval", "1", "2"], 2, "unexpected argument `2`"),
        (["test", "--kind", "all"], 2, "--kind takes unit or workflow, not `all`"),
        (["check", "--format", "xml"], 2, "--format takes text, sarif or github, not `xml`"),
        (["test", "--durations", "few"], 2, "--durations takes a whole number, not `few`"),
        (["serve", "--port", "http"], 2, "--port/-p takes a whole number, not `http`"),
        (["serve", "--max-body", "nan"], 2, "--max-body takes a number, not `nan`"),
        (["db", "undo"], 2, "there is no action `undo`"),
        (["rum", "half.xs"], 2, "did you mean `xsrun run`"),
        (["eval", "1 +"], 1, "a value is missing"),
        (["eval", "$x"], 1, "Missing var entry: x"),
        (["check", "none.xs"], 2, "no such file or folder"),
        (["docs", "no_such_name"], 2, "nothing is called"),
    ],
)
def test_wrong_use_gives_one_message(half: Path, words: list[str], status: int, message: str) -> None:
    (half / "empty").mkdir()
    done = xsrun(*words, folder=half)
    assert done.returncode == status, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (["run", "none.xs"], {"response", "error", "status", "logs", "duration"}),
        (["run", "half.xs", "--limit", "steps=x"], {"response", "error", "status", "logs", "duration"}),
        (["run", "half.xs", "-i", "{n: 1}"], {"response", "error", "status", "logs", "duration"}),
        (["eval"], {"response", "error", "status", "logs", "duration"}),
        (["check", "none.xs"], {"diagnostics", "error"}),
        (["test", "none"], {"passed", "failed", "results", "error"}),
        (["doctest", "none.md"], {"blocks", "error"}),
        (["docs", "no_such_name"], {"error"}),
        (["db", "dump"], {"error"}),
        (["support", "--nothing"], {"error"}),
        (["rum"], {"error"}),
    ],
)
def test_wrong_use_is_a_document_too(half: Path, words: list[str], keys: set[str]) -> None:
    done = xsrun(*words, "--json", folder=half)
    document = json.loads(done.stdout)
    assert (done.returncode, set(document)) == (2, keys)
    assert document["error"]["message"] in done.stderr


def test_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_bytes(b"function \xff {}")
    done = xsrun("run", "a.xs", folder=tmp_path)
    assert done.returncode == 1
    assert "error[XS140]: the file is not UTF-8 text: the byte 0xFF" in done.stderr
    assert "a.xs:1:10" in done.stderr


def test_run_time_error_shows_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text("var $x { value = 1 }\nvar $y { value = $x.name }\n", encoding="utf-8")
    done = xsrun("run", "a.xs", folder=tmp_path)
    assert done.returncode == 1
    assert "Unable to locate var: x.name" in done.stderr
    assert "a.xs:2:" in done.stderr
    assert "var $y { value = $x.name }" in done.stderr


def test_inputs_one_a_line(half: Path) -> None:
    (half / "cases.jsonl").write_text('{"n": 4}\n{"n": 5}\n', encoding="utf-8")
    done = xsrun("run", "half.xs", "--input", "@cases.jsonl", folder=half)
    assert done.stdout.split() == ["2", "2.5"]


def test_construct_by_kind_and_name(half: Path) -> None:
    assert xsrun("run", "function:half", "-i", "n=8", folder=half).stdout.strip() == "4"


def test_standard_input() -> None:
    assert json.loads(xsrun("run", "-", stdin="var $x { value = 2 * 21 }\n").stdout) == {"x": 42}


def test_byte_order_mark_and_carriage_returns(tmp_path: Path) -> None:
    text = "\ufeffvar $x {\r\n  value = 1\r\n}\r\n"
    (tmp_path / "a.xs").write_bytes(text.encode("utf-8"))
    assert json.loads(xsrun("run", "a.xs", folder=tmp_path).stdout) == {"x": 1}


def test_eval_prints_json() -> None:
    done = xsrun("eval", "{a: $n + 1}", "--var", "n=1", "--json")
    assert json.loads(done.stdout)["response"] == {"a": 2}


@pytest.mark.parametrize(
    ("expression", "value"), [("-2.5|round", "-3"), ("-$n|abs", "-4"), ("-(1 + 2)", "-3"), ("-7", "-7")]
)
def test_eval_of_what_begins_with_a_minus(expression: str, value: str) -> None:
    assert xsrun("eval", expression, "--var", "n=4").stdout.strip() == value


def test_inputs_from_standard_input(half: Path) -> None:
    assert xsrun("run", "half.xs", "-i", "@-", folder=half, stdin='{"n": 4}').stdout.strip() == "2"
    assert xsrun("run", "half.xs", "-i", "n=@-", folder=half, stdin="6").stdout.strip() == "3"


def test_thrown_values_are_json() -> None:
    done = xsrun("run", "-", stdin='throw {\n  name = "x"\n  value = {a: 1.0, b: true, c: null}\n}\n')
    assert 'x: {"a":1,"b":true,"c":null}' in done.stderr


def test_trace_goes_to_standard_error() -> None:
    done = xsrun("run", str(SAMPLES / "snippets" / "totals.xs"), "--trace")
    assert json.loads(done.stdout)["total"] == 22
    assert "totals.xs:10" in done.stderr


def test_support_counts_against_the_catalogue() -> None:
    document = json.loads(xsrun("support", "--json").stdout)
    for title, kind in KINDS.items():
        assert [row["name"] for row in document[title]] == catalogue.names(kind)


def test_support_can_list_only_what_is_missing() -> None:
    missing = json.loads(xsrun("support", "--missing", "--json").stdout)
    assert missing["filters"] == []
    assert all(row["status"] != "yes" or "stand_in" in row for rows in missing.values() for row in rows)


def test_check_reads_standard_input() -> None:
    done = xsrun("check", "-", stdin="debug.log { value = 5|no_such }\n")
    assert (done.returncode, "<stdin>:1:22" in done.stdout) == (1, True)
    shown = xsrun("check", "-", "--diff", stdin="var $many { value = [1]|count > 0 }\n")
    assert "+var $many { value = ([1]|count) > 0 }" in shown.stdout
    refused = xsrun("check", "-", "--fix", stdin="var $a { value = 1 }\n")
    assert (refused.returncode, "--diff" in refused.stderr) == (2, True)


def test_verb_of_a_query_in_any_case() -> None:
    shop = str(SAMPLES / "shop")
    for verb in ("GET", "get", "Get"):
        done = xsrun("run", f"query:{verb} items", "-w", shop)
        assert done.returncode == 0, done.stderr


def test_docs_of_a_filter() -> None:
    done = xsrun("docs", "substr")
    assert done.returncode == 0
    assert "substr (filter)" in done.stdout


def test_help() -> None:
    listed = re.findall(r"^  ([a-z]+) +\w", xsrun("--help").stdout, re.MULTILINE)
    assert sorted(name for name in listed if name != "xsrun") == sorted(COMMANDS)
    assert xsrun("--version").stdout == f"xsrun {__version__}\n"


def test_the_python_code_of_a_program_is_shown(tmp_path: Path) -> None:
    """Above each line of code stands the line of the program; it is Python, and nothing runs."""
    lines = ["// a loop", "for ($count) {", "  each as $i {", "    try_catch {", "      try {"]
    lines += ["        debug.log { value = $i }", "      }", "      catch {", "        var $x { value = 1 }"]
    (tmp_path / "a.xs").write_text("\n".join([*lines, *"}}}}", ""]), encoding="utf-8")
    done = xsrun("run", "a.xs", "--show-python", "--var", "count=2", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    shown = [line.strip() for line in done.stdout.splitlines()]
    for number, code in ((2, "for v_i in "), (6, "context.log("), (9, "v_x = 1")):
        comment = shown.index(f"# {number}: {lines[number - 1].strip()}")
        assert shown[comment + 1].startswith(code)
    assert {type(one) for one in ast.parse(done.stdout).body} == {ast.FunctionDef}
    assert "trace_end" in xsrun("run", "a.xs", "--show-python", "--trace", folder=tmp_path).stdout


@pytest.mark.parametrize(
    ("program", "options", "status", "told"),
    [
        ("var $a { value = 1 +}", [], 1, "a.xs:1:2"),
        ("var $a { value = 1 }", ["--json"], 2, "--show-python and --json exclude one another"),
    ],
)
def test_no_python_code_is_shown(program: str, options: list[str], status: int, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text(program, encoding="utf-8")
    done = xsrun("run", "a.xs", "--show-python", *options, folder=tmp_path)
    assert done.returncode == status
    assert told in done.stderr + done.stdout
    assert "def direct" not in done.stdout


@pytest.mark.parametrize("options", [[], ["--limit", "depth=5000"]], ids=["", "deep"])
def test_profile_is_a_speedscope_file(options: list[str], tmp_path: Path) -> None:
    source = "var $n { value = 0 }\nfor (3000000) {\n  each as $i {\n    math.add $n { value = $i }\n  }\n}\n"
    (tmp_path / "a.xs").write_text(source, encoding="utf-8")
    assert xsrun("run", "a.xs", "--profile", "out.json", *options, folder=tmp_path).returncode == 0
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    (profile,) = document["profiles"]
    assert profile["samples"]
    assert len(profile["samples"]) == len(profile["weights"])
    assert {frame["file"] for frame in document["shared"]["frames"]} == {"a.xs"}
    assert all(1 <= frame["line"] <= 4 for frame in document["shared"]["frames"])


BROKEN = "function f {\n  input {\n    string name\n  }\n\n  stack {\n  }\n\n  response = $input.name|strlen > 3\n}\n"


def test_check_applies_the_safe_fixes(tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text(BROKEN, encoding="utf-8")
    shown = xsrun("check", "a.xs", "--diff", folder=tmp_path)
    assert "+    text name" in shown.stdout
    assert (tmp_path / "a.xs").read_text(encoding="utf-8") == BROKEN
    done = xsrun("check", "a.xs", "--fix", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "2 fixed in 1 file" in done.stderr
    text = (tmp_path / "a.xs").read_text(encoding="utf-8")
    assert "text name" in text
    assert "($input.name|strlen) > 3" in text


def test_check_reports_in_other_forms(tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text(BROKEN, encoding="utf-8")
    sarif = json.loads(xsrun("check", "--format", "sarif", folder=tmp_path).stdout)
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} >= {"XS221", "XS130"}
    assert xsrun("check", "--format", "github", folder=tmp_path).stdout.startswith("::error ")
    assert json.loads(xsrun("check", "--json", folder=tmp_path).stdout)["diagnostics"]


def test_check_settings_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "xsrun.toml").write_text('[check]\nignore = ["XS221", "XS13"]\n', encoding="utf-8")
    assert xsrun("check", folder=tmp_path).returncode == 0
    (tmp_path / "xsrun.toml").write_text("[check]\nignored = []\n", encoding="utf-8")
    wrong = xsrun("check", folder=tmp_path)
    assert wrong.returncode == 2
    assert "unknown setting ignored" in wrong.stderr


def test_what_a_report_should_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--version --verbose` tells versions, the system, extras and names of settings, and nothing of their values."""
    from importlib import metadata

    monkeypatch.setenv("XSRUN_ADMIN_TOKEN", "a secret of somebody")
    shown = xsrun("--version", "--verbose").stdout
    assert shown.startswith(f"xsrun {__version__}\nPython {platform.python_version()} (")
    assert "settings: " in shown and "XSRUN_ADMIN_TOKEN" in shown and "a secret" not in shown
    assert f"lark {metadata.version('lark')}" in shown
    assert re.search(r"^  serve +.*uvicorn \d", shown, re.MULTILINE)
    assert {"all", "dev"}.isdisjoint(re.findall(r"^  (\w+)", shown, re.MULTILINE))
    assert version.told(["lark", "no-such-package"]).endswith(", no-such-package (not installed)")


def test_verbose_without_version() -> None:
    done = xsrun("--verbose")
    assert (done.returncode, "xsrun --version --verbose" in done.stderr) == (2, True)
