"""`$env`: a program sees of the process what it names, or what the user names for it, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import xsrun
from xsrun.cli.arguments import main
from xsrun.workspace.environment import read_environment_file


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSTEST_CITY", "Oslo")
    monkeypatch.setenv("XSTEST_SECRET", "hush")


def run(source: str, **options: object) -> dict[str, object]:
    result = xsrun.Workspace.from_sources({"a.xs": source}, **options).run()
    assert result.error is None, result.error
    return result.variables


def test_named_variable_is_read_and_no_other_is_listed() -> None:
    seen = run("var $city { value = $env.XSTEST_CITY }\nutil.get_env as $all\n")
    assert seen == {"city": "Oslo", "all": {"XSTEST_CITY": "Oslo"}}


@pytest.mark.parametrize("read", ['$env["XSTEST_CITY"]', '$env|get:"XSTEST_CITY":null'])
def test_other_ways_to_name_one(read: str) -> None:
    assert run(f"var $city {{ value = {read} }}\n") == {"city": "Oslo"}


def test_nothing_is_listed_that_nobody_named() -> None:
    assert run("util.get_env as $all\n") == {"all": {}}
    assert run("var $all { value = $env }\n") == {"all": {}}


def test_template_and_job_name_theirs() -> None:
    assert run('util.template_engine { value = "{{ $env.XSTEST_CITY }}" } as $text\n') == {"text": "Oslo"}
    sources = {
        "job.xs": 'run.job "j" {\n  main = {name: "f", input: {}}\n  env = ["XSTEST_SECRET"]\n}\n',
        "f.xs": "function f {\n  input {\n  }\n  stack {\n    util.get_env as $all\n  }\n  response = $all\n}\n",
    }
    assert xsrun.Workspace.from_sources(sources).run("j").response == {"XSTEST_SECRET": "hush"}


SECRET = "$env.XSTEST_SECRET"


@pytest.mark.parametrize(
    "source",
    [
        f"// {SECRET}\n",
        f"var $x {{\n  value = 1 // {SECRET}\n}}\n",
        f'var $x {{ value = "{SECRET}" }}\n',
        f'var $x {{ value = "a"|concat:"{SECRET}" }}\n',
        f'var $x {{\n  value = """\n    {SECRET}\n    """\n}}\n',
        f'var $x {{\n  value = 1\n  description = "{{{{ {SECRET} }}}}"\n}}\n',
        f'util.template_engine {{ value = "{{# {SECRET} #}}{SECRET}" }} as $x\n',
        f'api.lambda {{\n  code = """\n    // {SECRET}\n    /* {SECRET} */\n    return 1\n    """\n}} as $x\n',
        f"api.lambda {{\n  code = \"return ['{SECRET}', `{SECRET.replace('.', '_')}`].length\"\n}} as $x\n",
        '// env = ["XSTEST_SECRET"]\n',
        'var $x { value = "env = [\\"XSTEST_SECRET\\"]" }\n',
    ],
)
def test_a_remark_or_a_text_opens_no_variable(source: str) -> None:
    assert run(f"{source}util.get_env as $all\n")["all"] == {}


@pytest.mark.parametrize(
    "source",
    [
        f"var $x {{ value = ({SECRET}|first_notnull:1) }}\n",
        f"conditional {{\n  if ({SECRET} == 1) {{\n  }}\n}}\n",
        f'var $x {{ value = "{SECRET}"|to_expr }}\n',
        f'var $x {{ value = [1]|lambda_map:"return {SECRET}":10 }}\n',
        f'var $text {{ value = "{{% if {SECRET} %}}a{{% endif %}}" }}\n',
        'api.lambda {\n  code = """\n    return `https://${$env.XSTEST_SECRET}/` + "//"\n    """\n} as $x\n',
        "api.lambda {\n  code = \"return $env['XSTEST_SECRET']\"\n} as $x\n",
    ],
)
def test_whatever_reads_a_variable_opens_it(source: str) -> None:
    assert run(f"{source}util.get_env as $all\n")["all"] == {"XSTEST_SECRET": "hush"}


def test_nearer_values_win(tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text("var $city { value = $env.XSTEST_CITY }\n", encoding="utf-8")
    assert xsrun.Workspace.load(tmp_path).run().variables == {"city": "Oslo"}
    (tmp_path / ".env").write_text("XSTEST_CITY=Bergen\n", encoding="utf-8")
    assert xsrun.Workspace.load(tmp_path).run().variables == {"city": "Bergen"}
    assert xsrun.Workspace.load(tmp_path, env={"XSTEST_CITY": "Moss"}).run().variables == {"city": "Moss"}


def test_what_a_file_of_values_may_hold(tmp_path: Path) -> None:
    lines = [
        "# a remark",
        "PLAIN = north # a remark",
        "export HASH=a#b",
        'QUOTED="two # not a remark" # a remark',
        "SINGLE='a\\nb' # a remark",
        'DOUBLE="a\\nb"',
        'KEY="-----BEGIN-----',
        "one",
        '-----END-----"',
        "EMPTY=",
        "ITSELF=${PLAIN}",
        "NO_VALUE",
        "words that set nothing",
    ]
    file = tmp_path / ".env"
    file.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    assert read_environment_file(file) == {
        "PLAIN": "north",
        "HASH": "a#b",
        "QUOTED": "two # not a remark",
        "SINGLE": "a\\nb",
        "DOUBLE": "a\nb",
        "KEY": "-----BEGIN-----\none\n-----END-----",
        "EMPTY": "",
        "ITSELF": "${PLAIN}",
    }


def test_a_quote_that_is_never_closed_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.xs").write_text("util.get_env as $all\n", encoding="utf-8")
    (tmp_path / ".env").write_text('A=1\nB="two\n', encoding="utf-8")
    assert main(["run", str(tmp_path / "a.xs")]) == 2
    assert f"{tmp_path / '.env'}:2: this line does not read as a name and a value" in capsys.readouterr().err


def test_option_takes_one_from_the_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.xs"
    file.write_text("util.get_env as $all\n", encoding="utf-8")
    assert main(["run", str(file), "--env", "XSTEST_SECRET", "--env", "A=1"]) == 0
    assert json.loads(capsys.readouterr().out) == {"all": {"XSTEST_SECRET": "hush", "A": "1"}}
    assert main(["run", str(file), "--env", "XSTEST_NO_SUCH"]) == 2
    assert "--env XSTEST_NO_SUCH=VALUE" in capsys.readouterr().err


def test_eval_is_no_different(capsys: pytest.CaptureFixture[str]) -> None:
    assert xsrun.evaluate("$env.XSTEST_CITY") == "Oslo"
    assert xsrun.evaluate("$env") == {}
    assert xsrun.evaluate("$env.XSTEST_CITY", None, {"XSTEST_CITY": "Moss"}) == "Moss"
    assert main(["eval", "$env", "--env", "XSTEST_SECRET", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["response"] == {"XSTEST_SECRET": "hush"}


def test_what_is_spread_into_the_values_of_a_workspace_is_passed_over() -> None:
    settings = 'workspace w {\n  env = {..."a", KEY: "b"}\n}\n'
    sources = {"workspace.xs": settings, "f.xs": "var $x { value = $env.KEY }\n"}
    assert xsrun.Workspace.from_sources(sources).run(file="f.xs").variables == {"x": "b"}
