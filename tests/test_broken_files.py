"""What the commands say of files that are broken or odd, by which path they call a file, and what `run` is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xsrun.cli import main
from xsrun.workspace.loader import shown_path

FUNCTION = "function {name} {{\n  input {{\n  }}\n  stack {{\n    var $x {{ value = {value} }}\n  }}\n  response = $x\n"
GOOD_TEST = '  test "is one" {\n    expect.to_equal ($response) { value = 1 }\n  }\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds a workspace `shop`, and is the current one."""
    (tmp_path / "shop" / "function").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / "shop" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_misspelt_test_is_not_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "workflow_test/w.xs", "workflow_tst w {\n  stack {\n  }\n}\n")
    for path in ("shop", "shop/workflow_test/w.xs"):
        assert main(["test", path]) == 1
        printed = capsys.readouterr()
        assert "No unit tests found" in printed.out
        assert "error[XS201]: there is no construct `workflow_tst`" in printed.err
        assert "--> shop/workflow_test/w.xs:1:1" in printed.err
    assert main(["test", "shop", "--json"]) == 1
    assert [one["code"] for one in json.loads(capsys.readouterr().out)["diagnostics"]] == ["XS201"]


def test_broken_files_without_tests_are_mentioned(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "function/good.xs", FUNCTION.format(name="good", value=1) + GOOD_TEST + "}\n")
    write(folder, "function/bad.xs", FUNCTION.format(name="bad", value="1 +") + "}\n")
    assert main(["test", "shop"]) == 0
    assert "warning: shop/function/bad.xs:5: error[XS109]" in capsys.readouterr().err
    assert main(["test", "shop/function/bad.xs"]) == 1
    assert main(["test", "shop/function/good.xs"]) == 0


def test_headings_count_the_tests_of_all_paths(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write(folder, f"function/{name}.xs", FUNCTION.format(name=name, value=1) + GOOD_TEST + "}\n")
    write(folder, "workflow_test/w.xs", "workflow_test w {\n  stack {\n    var $x { value = 1 }\n  }\n}\n")
    assert main(["test", "shop/function/a.xs", "shop/function/b.xs", "shop/workflow_test/w.xs"]) == 0
    printed = capsys.readouterr().out
    assert "Running 2 unit tests..." in printed and "Results: 2 passed, 0 failed\n\nRunning 1 workflow test" in printed
    assert main(["test", "shop/workflow_test/w.xs", "shop/function/a.xs"]) == 0
    assert capsys.readouterr().out.count("Results: 1 passed") == 2


def test_run_names_files_from_the_current_folder(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "function/f.xs", FUNCTION.format(name="f", value='"a" * 2') + "}\n")
    for path in ("shop/function/f.xs", str(folder / "shop" / "function" / "f.xs")):
        assert main(["run", path]) == 1
        assert " --> shop/function/f.xs:5:" in capsys.readouterr().err
    assert main(["run", "function:f", "-w", "shop", "--trace"]) == 1
    assert "shop/function/f.xs:5 " in capsys.readouterr().err
    assert main(["run", "shop/function/f.xs", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["file"] == "shop/function/f.xs"
    monkeypatch.chdir(folder / "shop" / "function")
    assert main(["run", "f.xs"]) == 1
    assert " --> f.xs:5:" in capsys.readouterr().err


def test_a_path_is_the_shorter_of_relative_and_absolute(folder: Path) -> None:
    write(folder, "a.xs", "")
    assert shown_path(Path("shop"), "a.xs") == "shop/a.xs"
    assert shown_path(folder / "shop", "a.xs") == "shop/a.xs"
    assert shown_path(folder / "shop", "none.xs") == "none.xs"
    assert shown_path(None, "a.xs") == "a.xs"


def test_lone_carriage_returns_are_an_error_with_a_fix(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "a.xs", "// hello\rvar $x { value = 1 }\r")
    assert main(["run", "shop/a.xs"]) == 1
    assert "error[XS139]" in capsys.readouterr().err
    assert main(["check", "--fix", "shop/a.xs"]) == 0
    assert (folder / "shop" / "a.xs").read_bytes() == b"// hello\nvar $x { value = 1 }\n"
    write(folder, "b.xs", 'var $x {\n  value = """\n    a\rb\n    """\n}\n')
    assert main(["run", "shop/b.xs"]) == 0


def test_a_file_without_statements_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "a.xs", "// nothing\n")
    assert main(["run", "shop/a.xs"]) == 0
    assert "shop/a.xs holds no statements" in capsys.readouterr().err


def test_debug_stop_shows_its_value(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "a.xs", "debug.stop { value = {a: 1} }\n")
    assert main(["run", "shop/a.xs"]) == 1
    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_bare_statements_read_inputs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "a.xs", "var $x { value = $input.foo + ($b ?? 1) }\n")
    assert main(["run", "shop/a.xs", "-i", "foo=5", "--var", "b=2"]) == 0
    assert json.loads(capsys.readouterr().out) == {"b": 2, "x": 7}
    assert main(["run", "shop/a.xs", "--var", "b=2"]) == 1
    assert "give it with --input foo=VALUE" in capsys.readouterr().err
    assert main(["run", "shop/a.xs", "-i", "fo-o=1"]) == 1
    page = folder / "page.md"
    page.write_text("```xs\nvar $x { value = $input.foo }\n// => 5\n```\n", encoding="utf-8")
    assert main(["doctest", str(page), "-i", "foo=5"]) == 0
    assert "1 passed" in capsys.readouterr().out


def test_headers_and_body_of_a_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "a.xs", "var $h { value = $env.$http_headers }\nutil.get_raw_input as $r\n")
    assert main(["run", "shop/a.xs", "-H", "X-Name: value", "--body", '{"q": 1}']) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["h"]["X-Name"] == "value" and printed["r"] == {"q": 1}
    assert main(["run", "shop/a.xs", "-H", "nothing"]) == 2


def test_a_real_path_finds_the_query_that_serves_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, verb in (("users/{user_id}", "PATCH"), ("users", "GET")):
        text = f'query "{name}" verb={verb} {{\n  input {{\n  }}\n  stack {{\n  }}\n  response = 1\n}}\n'
        write(folder, f"api/{verb}.xs", text)
    assert main(["run", "query:PATCH users/7", "-w", "shop"]) == 2
    assert "did you mean `users/{user_id}`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ('"abc"|length', "use |count for lists and |strlen for text"),
        ("[1]|tail", "|slice:1 leaves out the first"),
        ("5|add:1 > 2", "write (5|add:1) > 2 to compare the filtered value"),
        ("[1,2,3]|reduce:0:$$ + $result", "takes its expression first and the initial value second"),
    ],
)
def test_eval_and_run_give_the_hints_of_check(
    folder: Path, capsys: pytest.CaptureFixture[str], expression: str, hint: str
) -> None:
    assert main(["eval", expression]) == 1
    assert hint in capsys.readouterr().err
    write(folder, "a.xs", f"var $x {{ value = {expression} }}\n")
    assert main(["run", "shop/a.xs"]) == 1
    assert hint in capsys.readouterr().err
