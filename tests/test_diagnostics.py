"""What is reported, where, and in which words.

Each tests/diagnostics/NAME.xs stands beside the report expected of it in NAME.txt, source line and message together.
To accept new words, run with XSRUN_SNAPSHOTS=write and read the difference before committing it.
"""

from __future__ import annotations

import os
import random
import re
import tomllib
from pathlib import Path

import pytest
from faults import SEEDS, faults, two_faults
from hypothesis import given, settings
from hypothesis import strategies as st

import xsrun
from xsrun.analysis import check_sources
from xsrun.analysis.structure import problems
from xsrun.cli import main
from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.codes import all_codes, code_of, page_of
from xsrun.diagnostics.export import to_github, to_sarif
from xsrun.diagnostics.fixes import apply_fixes
from xsrun.diagnostics.record import severity_of
from xsrun.diagnostics.render import render, render_all
from xsrun.diagnostics.suggest import nearest, nearest_names
from xsrun.language.constructs import KINDS
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source

HERE = Path(__file__).parent / "diagnostics"
PROGRAMS = sorted(HERE.glob("*.xs"))
WRITE = os.environ.get("XSRUN_SNAPSHOTS") == "write"
QUICK = settings(max_examples=60)

#: Where an example of a page that is only statements stands.
FRAME = """function example {
  input {
    int n
    text name
    text[] list
    json data
  }
  stack {
%s  }
  response = null
}
"""


def check(text: str, name: str = "example.xs") -> list[Diagnostic]:
    return check_sources({name: text})


def codes(text: str) -> set[str]:
    return {diagnostic.code for diagnostic in check(text)}


def errors(text: str) -> list[Diagnostic]:
    return [diagnostic for diagnostic in check(text) if diagnostic.severity == "error"]


def framed(example: str) -> str:
    """An example as a whole program."""
    example = example.replace("DEEP", f"debug.log {{ value = {'(' * 1500}1{')' * 1500} }}")
    example = example.replace("LOOPS", "while ($input.n > 0) {\neach {\n" * 25 + "break\n" + "}\n}\n" * 25)
    first = example.split(maxsplit=1)[0]
    if first in KINDS or first in ("func", "half"):
        return example
    program = FRAME % "".join(f"    {line}\n" for line in example.splitlines())
    return program.replace("RETURN", "\r").replace("BYTE", "\udce9")


def compare(path: Path, seen: str) -> None:
    if WRITE:
        path.write_text(seen, encoding="utf-8")
    assert seen == path.read_text(encoding="utf-8")


# Snapshots -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_report(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    seen = render_all(check(text, path.name), {path.name: text})
    compare(path.with_suffix(".txt"), seen + "\n" if seen else "")


def test_report_of_every_page() -> None:
    """One file shows the example of every code and what is said about it."""
    shown = []
    for code in all_codes().values():
        if "DEEP" in code.example or "LOOPS" in code.example:  # where it is too much differs from Python to Python
            continue
        text = framed(code.example)
        own = [diagnostic for diagnostic in check(text, f"{code.code}.xs") if diagnostic.code == code.code]
        shown.append(render_all(own[:1], {f"{code.code}.xs": text}))
    compare(HERE / "pages.txt", "\n\n".join(shown) + "\n")


def test_a_missing_parenthesis_hides_nothing_else() -> None:
    assert codes(framed('debug.log { value = "abc"|length > 3 }')) >= {"XS130", "XS403"}


# Codes ---------------------------------------------------------------------------------------------------------------


def test_every_code_in_use_has_a_page() -> None:
    package = Path(__file__).parents[1] / "xsrun"
    used = set()
    for module in package.rglob("*.py"):
        used |= set(re.findall(r'"(XS\d{3})"', module.read_text(encoding="utf-8")))
    assert used == set(all_codes())
    assert list(all_codes()) == sorted(all_codes())


@pytest.mark.parametrize("code", all_codes())
def test_page(code: str) -> None:
    """The example of a page shows its problem, the repair shows none."""
    page = all_codes()[code]
    assert page.code in codes(framed(page.example))
    assert check(framed(page.repair)) == []
    assert page.why.endswith((".", ")"))


@pytest.mark.parametrize("code", all_codes())
def test_fix_repairs(code: str) -> None:
    """A fix that is offered takes its problem away and brings no error."""
    text = framed(all_codes()[code].example)
    own = [diagnostic for diagnostic in check(text) if diagnostic.code == code and diagnostic.fix]
    if own:
        repaired, count = apply_fixes(text, own)
        assert count == len(own)
        assert code not in codes(repaired)
        assert len(errors(repaired)) < max(1, len(errors(text)))


def test_pages_are_found_in_any_case() -> None:
    assert page_of("xs130") == page_of("XS130")
    assert "right:" in (page_of("XS130") or "")
    assert page_of("XS000") is None
    assert code_of("XS504") is not None


def test_severity_follows_the_code() -> None:
    assert [severity_of(code) for code in ("XS101", "XS430", "XS501", "XS804", "XS902")] == [
        "error",
        "error",
        "warning",
        "warning",
        "info",
    ]


# Ignoring ------------------------------------------------------------------------------------------------------------


def test_comments_switch_codes_off() -> None:
    line = "var $x { value = 1 }"
    assert "XS504" in codes(framed(line))
    assert "XS504" not in codes(framed(f"{line} // xsrun: ignore XS504"))
    assert "XS504" not in codes(framed(f"// xsrun: ignore XS504, XS511\n{line}"))
    assert "XS504" not in codes(framed(f"{line} // xsrun: ignore"))
    assert "XS504" in codes(framed(f"{line} // xsrun: ignore XS511"))
    assert "XS504" in codes(framed(f"// xsrun: ignore XS504\ndebug.log {{ value = 1 }}\n{line}"))
    assert "XS504" not in codes("// xsrun: ignore-file XS504\n" + framed(line))


# Recovery ------------------------------------------------------------------------------------------------------------


def test_tree_after_a_mistake_holds_the_rest() -> None:
    text = framed("debug.log { value = 1 + }\nvar $x { value = 2 }")
    parsed = parser().parse(Source(text), "document")
    stack = parsed.tree.items[0].block("stack")
    assert [statement.name for statement in stack.blocks()] == ["debug.log", "var"]
    assert [diagnostic.line for diagnostic in parsed.diagnostics] == [9]


def test_structure_problems_are_errors_only() -> None:
    text = framed("var $unused { valeu = 1 }\nblah")
    found = problems(parser().parse(Source(text), "document"))
    assert [diagnostic.code for diagnostic in found] == ["XS315", "XS305"]
    assert problems(parser().parse(Source(""), "document")) == []


@pytest.mark.parametrize(
    ("loop", "total"),
    [("for $i in 0..5", 15), ("foreach $i in [4, 5]", 9), ("for $i in 0..5{", 15), ("for $i in [{n: 1}]", None)],
)
def test_the_loop_of_another_language_becomes_a_foreach(loop: str, total: int | None) -> None:
    head = loop if loop.endswith("{") else loop + " {"
    text = f"var $t {{ value = 0 }}\n{head}\n  each as $i {{\n    math.add $t {{ value = $i }}\n  }}\n}}\n"
    [found] = errors(text)
    assert found.code == "XS127" and "foreach (" in str(found.hint)
    repaired, _ = apply_fixes(text, [found])
    assert check(repaired) == []
    if total is not None:
        with xsrun.Workspace.from_sources({"a.xs": repaired}) as workspace:
            assert workspace.run().variables["t"] == total


@pytest.mark.parametrize(
    "text",
    [
        "for $i in 0..5 {\n  debug.log { value = $i }\n}\n",
        "for $i in 0..5 {\n  each as $n {\n    debug.log { value = $i }\n  }\n}\n",
        "for $i = 0; $i < 5 {\n  each as $i {\n  }\n}\n",
    ],
)
def test_a_loop_that_may_mean_several_things_is_not_fixed(text: str) -> None:
    assert [diagnostic.fix for diagnostic in errors(text)] == [None] * len(errors(text))


def test_a_condition_with_an_object_is_put_in_parentheses_whole(tmp_path: Path) -> None:
    program = tmp_path / "a.xs"
    program.write_text("var $x { value = {} }\nconditional {\n  if $x == {a: 1} {\n  }\n}\n")
    assert main(["check", "--fix", str(program)]) == 0
    assert "if ($x == {a: 1}) {" in program.read_text()


def test_byte_order_mark_and_line_ends() -> None:
    text = "\ufeff" + framed("debug.log { value = $input.list|count > 0 }").replace("\n", "\r\n")
    [found] = check(text)
    assert (found.code, found.line) == ("XS130", 9)
    repaired, _ = apply_fixes(text, [found])
    assert repaired.startswith("\ufeff") and errors(repaired) == []


def test_hopeless_texts_end_soon() -> None:
    """Thousands of brackets, operators or words are reported in bounded time, and in bounded number."""
    deep = framed(f"debug.log {{ value = {' + '.join(['1'] * 2000)} }}")
    assert errors(deep) == []
    for text in (
        "{\n" * 1500,
        "$x ]\n" * 1500,
        "lorem ipsum dolor\n" * 1500,
        framed("debug.log { value = ( }\n" * 300),
    ):
        assert 1 <= len(errors(text)) <= 200


# Rendering -----------------------------------------------------------------------------------------------------------


def caret_column(report: str) -> tuple[str, str]:
    """The text above the first caret, and the carets."""
    lines = report.splitlines()
    index = next(i for i, line in enumerate(lines) if "^" in line)
    start = lines[index].index("^")
    return lines[index - 1][start:], lines[index].strip(" |")


def test_carets_stand_below_their_text() -> None:
    found = Diagnostic("error", "XS403", "no", None, "a.xs", 1, 6, 1, 9)
    assert caret_column(render(found, "abcdefghij"))[0].startswith("fgh")
    assert caret_column(render(found, "\t\t\t\t\tfgh"))[0].startswith("fgh")
    wide = render(found, "日本語日本fgh").splitlines()
    assert wide[4].index("^") - wide[3].index("日") == 10
    combining = render(Diagnostic("error", "", "no", None, "a.xs", 1, 3, 1, 4), "e\u0301x").splitlines()
    assert combining[4].index("^") - combining[3].index("e") == 1


def test_long_lines_are_cut_around_the_place() -> None:
    text = "a" * 500 + "HERE" + "b" * 500
    report = render(Diagnostic("error", "XS403", "no", None, "a.xs", 1, 501, 1, 505), text)
    assert caret_column(report)[0].startswith("HERE")
    assert max(len(line) for line in report.splitlines()) < 200


def test_control_characters_do_not_reach_the_terminal() -> None:
    report = render(Diagnostic("error", "XS403", "no", None, "a.xs", 1, 1), "\x1b[31mred")
    assert "\x1b" not in report


def test_colour_only_when_asked() -> None:
    found = Diagnostic("error", "XS403", "no", "yes", "a.xs", 1, 1)
    assert "\x1b[" in render(found, "text", color=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", render(found, "text", color=True)) == render(found, "text")


def test_missing_source_is_no_hindrance() -> None:
    assert render(Diagnostic("warning", "XS504", "unused", None, "a.xs", 7, 2), "") == (
        "warning[XS504]: unused\n --> a.xs:7:2"
    )
    assert render(Diagnostic("error", "XS101", "no", None, "a.xs", 9, 1), "one line")


def test_sarif() -> None:
    text = framed("debug.log { value = $input.list|count > 0 }")
    document = to_sarif(check(text, "a folder/a.xs"))
    assert document["version"] == "2.1.0"
    [run] = document["runs"]
    driver = run["tool"]["driver"]
    urls = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    assert (driver["version"], driver["informationUri"]) == (xsrun.__version__, urls["Repository"])
    [rule] = driver["rules"]
    [result] = run["results"]
    assert (rule["id"], result["ruleId"], result["ruleIndex"], result["level"]) == ("XS130", "XS130", 0, "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20folder/a.xs"
    assert place["region"]["startLine"] == 9
    assert len(result["fixes"][0]["artifactChanges"][0]["replacements"]) == 2


def test_github_annotations() -> None:
    found = Diagnostic("info", "XS902", "100%\nsure", "a, b: c", "a,b.xs", 3, 5, 3, 8)
    assert to_github([found]) == (
        "::notice file=a%2Cb.xs,line=3,endLine=3,col=5,endColumn=8,title=XS902::100%25%0Asure%0Ahelp: a, b: c"
    )


def test_documented_attributes_stand_only_for_what_they_replace() -> None:
    own = 'server_url = "https://tides.example"\napi_key = "k"'
    assert not errors(framed(f"ai.external.mcp.tool.list {{\n{own}\n}} as $r"))
    assert "XS317" in codes(framed('ai.external.mcp.tool.list {\nurl = "https://tides.example"\n} as $r'))
    assert "XS317" in codes(framed("stream.from_csv {\nheaders = true\n} as $r"))


def doubled(kind: str, value: str) -> str:
    """A program that others beside it declare another one of."""
    return kind + f'function "twice" {{\n  input {{\n  }}\n\n  stack {{\n  }}\n\n  response = "{value}"\n}}\n'


@pytest.mark.parametrize("top", ["run.xs", "run/main.xs", "workspace/settings.xs", "index.xs"])
def test_programs_side_by_side_are_checked_apart(
    top: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "workspace shop {\n}\n---\n" if "settings" in top else 'run.job "go" {\n  main = {name: "twice"}\n}\n---\n'
    for name in ("a", "b"):
        file = tmp_path / name / top
        file.parent.mkdir(parents=True)
        file.write_text(doubled(head.replace("shop", name), name), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for apart in ([], ["a", "b"], [str(tmp_path)], [".", "a"]):
        assert main(["check", *apart]) == 0, capsys.readouterr().out
    together = top != "run.xs"  # which marks a workspace of its own around the file
    assert main(["check", f"a/{top}", f"b/{top}"]) == together
    assert ("XS420" in capsys.readouterr().out) == together


def test_folders_without_a_top_are_one_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f.xs").write_text(doubled("", name), encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 1
    assert "XS420" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "a"), str(tmp_path / "b")]) == 0


def test_fixes_that_overlap_are_left_for_the_next_run() -> None:
    first = Diagnostic("error", "", "", fix=[(0, 2, "x")])
    second = Diagnostic("error", "", "", fix=[(1, 3, "y")])
    third = Diagnostic("error", "", "", fix=[(3, 3, "z")])
    assert apply_fixes("abcdef", [first, second, third]) == ("xczdef", 2)


# Suggestions ---------------------------------------------------------------------------------------------------------


def test_nearest() -> None:
    names = ["to_lower", "to_upper", "trim", "split", "count"]
    assert nearest("to_uper", names) == "to_upper"
    assert nearest("TRIM", names) == "trim"
    assert nearest("xyz", names) is None
    assert nearest("a", ["b"]) is None
    assert nearest_names("lower", names)[0] == "to_lower"


# Laws ----------------------------------------------------------------------------------------------------------------

_TEXTS = [path.read_text(encoding="utf-8") for path in PROGRAMS]
_WORDS = st.sampled_from(
    [
        *"{}[]()=:,|.!$?~+-*/%<>\n\"'`;#& ",
        *("stack {", "input {", "function a {", "query b verb=GET {", "}\n", "var $x {", "value = ", "response = "),
        *("if (", "each as $i {", "conditional {", '"""', "```", "//", "---\n", "$input.a", "|count", "|get:", "null"),
        *(
            "text a?",
            "int[] b",
            "filters=min:1",
            "?=",
            "\u201c",
            "{%",
            "\t",
            "\r\n",
            "\u00a0",
            "123",
            "1e5",
            "as $x",
            "...",
            "{...}",
            "[...]",
            "{a: 1, ",
            "...$x",
        ),
    ]
)


def well_formed(text: str) -> None:
    """Whatever a text holds: no exception, diagnostics in order and inside the text, and they can be shown."""
    found = check(text)
    lines = text.removeprefix("\ufeff").split("\n")
    assert found == sorted(found, key=Diagnostic.sort_key)
    for diagnostic in found:
        assert diagnostic.severity == severity_of(diagnostic.code)
        assert 1 <= diagnostic.line <= len(lines) + 1
        assert 1 <= diagnostic.column <= len(lines[min(diagnostic.line, len(lines)) - 1]) + 2
        assert (diagnostic.end_line, diagnostic.end_column) >= (diagnostic.line, diagnostic.column)
        for start, end, _ in diagnostic.fix or []:
            assert 0 <= start <= end <= len(text)
    assert len(render_all(found, {"example.xs": text}).splitlines()) >= len(found)
    problems(parser().parse(Source(text), "document"))


@QUICK
@given(st.lists(_WORDS, max_size=40).map("".join))
def test_any_tokens_are_reported_not_raised(text: str) -> None:
    well_formed(text)


@QUICK
@given(st.sampled_from(_TEXTS), st.data())
def test_mutated_programs_are_reported_not_raised(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(_WORDS) + text[end:]
    well_formed(text)


@QUICK
@given(st.text(max_size=80))
def test_any_text_is_reported_not_raised(text: str) -> None:
    well_formed(text)


# Seeded faults -------------------------------------------------------------------------------------------------------


def sound_programs() -> list[str]:
    """Programs without errors: those of the repository, and of a folder named by $XSRUN_CORPUS."""
    texts = [(HERE / "clean.xs").read_text(encoding="utf-8")]
    texts += [framed(code.repair) for code in all_codes().values()]
    samples = Path(__file__).parents[1] / "samples"
    texts += [path.read_text(encoding="utf-8") for path in sorted(samples.rglob("*.xs"))]
    corpus = os.environ.get("XSRUN_CORPUS")
    for path in sorted(Path(corpus).rglob("*.xs")) if corpus else []:
        texts.append(path.read_text(encoding="utf-8"))
    return texts


def test_seeded_faults_are_found_where_they_are() -> None:
    chance = random.Random(20260101)
    texts = [text for text in sound_programs() if len(text) < 20_000]
    chance.shuffle(texts)
    right = total = 0
    seen = set()
    for text in texts:
        if total >= 300 or errors(text):
            continue
        kinds = list(SEEDS)
        chance.shuffle(kinds)
        for fault in faults(text, chance, kinds)[:4]:
            total += 1
            seen.add(fault.kind)
            found = errors(fault.text)
            right += bool(found) and found[0].line in fault.lines
    assert total >= 300 and len(seen) >= 16
    assert right / total >= 0.97


def test_two_seeded_faults_are_both_found() -> None:
    chance = random.Random(20260102)
    both = total = 0
    for text in sound_programs() * 3:
        pair = two_faults(text, chance) if len(text) < 20_000 and not errors(text) else None
        if pair is None:
            continue
        fault, first, second = pair
        lines = {diagnostic.line for diagnostic in errors(fault.text)}
        total += 1
        both += bool(lines & first) and bool(lines & second)
        if total >= 150:
            break
    assert total >= 40
    assert both / total >= 0.9
