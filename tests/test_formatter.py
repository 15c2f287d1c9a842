"""The formatter: the style, by pairs of texts in `tests/format`, and its laws; and `xsrun format`."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xsrun
from xsrun.cli import main
from xsrun.errors import UsageError, XanoScriptSyntaxError
from xsrun.syntax.format.formatter import format_source
from xsrun.syntax.lexer import Lexer
from xsrun.syntax.parser import parse, parser
from xsrun.syntax.source import Source
from xsrun.workspace import loader

FOLDER = Path(__file__).parent / "format"
SAMPLES = sorted(path for path in FOLDER.glob("*.xs") if not path.name.endswith(".formatted.xs"))
PROGRAMS = [*SAMPLES, *sorted((Path(__file__).parents[1] / "samples").rglob("*.xs"))]


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def comments(text: str) -> list[str]:
    return [comment.text for comment in parser().parse(Source(text), "document").comments]


def check_laws(text: str) -> str:
    """Formatting changes neither program nor comments, and nothing that is formatted."""
    made = format_source(text)
    assert parse(made) == parse(text)
    assert comments(made) == comments(text)
    assert format_source(made) == made
    return made


# The style ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_is_formatted_as_recorded(path: Path) -> None:
    assert check_laws(read(path)) == read(path.with_suffix(".formatted.xs"))


def test_export_stays_as_it_is() -> None:
    text = read(FOLDER / "export.xs")
    assert format_source(text) == text
    assert "\n  \n" in text
    assert not text.endswith("\n")


def test_blank_lines_of_other_texts_carry_no_blanks() -> None:
    text = read(FOLDER / "export.xs").replace("\n  \n", "\n\n").replace("\n    \n", "\n\n")
    made = format_source(text)
    assert made == text
    assert not any(line and not line.strip() for line in made.split("\n"))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("", ""),
        ("  \n\n", ""),
        ("// alone", "// alone"),
        ("\n\n  // alone\n", "// alone\n"),
        ("\ufeffvar $a {\r\n  value = 1\r\n}\r\n", "var $a {\r\n  value = 1\r\n}\r\n"),
        ("var $a {\n  value = 1\n}\n\n\n", "var $a {\n  value = 1\n}\n"),
        ("debug.stop {}", "debug.stop {\n}"),
    ],
)
def test_ends_of_texts(text: str, made: str) -> None:
    assert format_source(text) == made


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("$a|f:1|g:2", "$a|f:1|g:2"),
        ("$a|f|g|h", "$a\n    |f\n    |g\n    |h"),
        (f'$a|set:"{"k" * 17}":$b + 123', f'$a|set:"{"k" * 17}":$b + 123'),
        (f'$a|set:"{"k" * 17}":$b + 1234', f'$a\n    |set:"{"k" * 17}":$b + 1234'),
        ("($a|f|g|h) + 1", "($a\n    |f\n    |g\n    |h\n  ) + 1"),
        ("!$a|f|g|h", "!$a|f|g|h"),
        ("[1]|f|g|h:{a:1}", "[1]\n    |f\n    |g\n    |h:{a: 1}"),
        ("{a: ($a|f|g|h)}", "{a: ($a|f|g|h)}"),
        ("$a-$b", "$a - $b"),
        ("$a.b-c", "$a.b-c"),
        ("- $a", "-$a"),
        ("+ +$a", "+ +$a"),
        ("$a?1:2", "$a ? 1 : 2"),
        ("$a|f:$b?1:2:3", "$a|f:$b ? 1 : 2:3"),
        ("[id ,name]", "[id, name]"),
        ("[two words,$a]|join", "[two words, $a]|join"),
        ("(  |uuid )", "(|uuid)"),
        ("\"é\" ~ 'it'", "\"é\" ~ 'it'"),
    ],
)
def test_expressions(value: str, made: str) -> None:
    assert check_laws(f"var $x {{ value = {value} }}") == f"var $x {{\n  value = {made}\n}}"


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("[" + '"abcdef", ' * 6 + '"abcde"]', True),  # 63 characters as JSON
        ("[" + '"abcdef", ' * 6 + '"abcdef"]', False),  # 64: the blanks are not counted
        ('["' + "a" * 59 + '"]', True),
        ('["' + "a" * 60 + '"]', False),
        ('["' + "a" * 57 + '/"]', True),  # a slash takes two
        ('["' + "a" * 58 + '/"]', False),
        ('["' + "a" * 53 + 'é"]', True),  # and what is not ASCII six
        ('["' + "a" * 54 + 'é"]', False),
    ],
)
def test_limit_of_one_line_is_counted_in_json(value: str, fits: bool) -> None:
    made = check_laws(f"table a {{\n  tags = {value}\n}}")
    assert (f"tags = {value}" in made) == fits


def test_condition_that_the_author_broke_stays_broken() -> None:
    text = "while (\n  $a == 1 && $b\n  || $c\n) {\n  each {\n  }\n}"
    assert format_source(text) == text
    assert format_source(text.replace("(\n  ", "(").replace("\n)", ")")) == text


@pytest.mark.parametrize("before", [" ", "", "\n    "], ids=["behind", "tight", "below"])
@pytest.mark.parametrize(
    "field",
    [
        *(
            "int a",
            "int? a?",
            "int a?=5",
            "text a?=http://x",
            "text a?=http://",
            'text a?="x"',
            "int[1:3] a?",
            "json a?={}",
        ),
        *("text a filters=trim|min:1", 'text a filters=pattern:"a//b"', "text a filters=pattern:a//b"),
        *('enum a { values = ["x"] }', "object a {\n      schema {\n        int b\n      }\n    }"),
    ],
)
def test_a_comment_beside_an_input_stays_a_comment(field: str, before: str) -> None:
    plain = f"function f {{\n  input {{\n    {field}\n    int z\n  }}\n  stack {{\n  }}\n  response = 1\n}}"
    for comment in ("// why", "// a { b", '// "q', "// it's", "// ?=5", "//// x", "//"):
        if before == "" and field == "text a?=http://":
            continue  # three slashes of a path and no comment
        text = plain.replace("\n    int z", f"{before}{comment}\n    int z")
        made = check_laws(text)
        assert parse(text) == parse(plain)
        assert comments(text) == [comment[2:]] and comment in made


def test_an_empty_condition_keeps_its_comment() -> None:
    text = "conditional {\n  if () {\n  }\n\n  elseif (\n    // gone\n  ) {\n  }\n}"
    assert check_laws(text) == text


# Laws -----------------------------------------------------------------------------------------------------------------


def scramble(text: str, chance: random.Random) -> str:
    """The same program with other blanks, blank lines and comments between its tokens."""
    pieces, end = [], 0
    for token in Lexer(Source(text)).tokens():
        if token.type == "_NEWLINE":
            continue
        gap = text[end : token.start_pos]
        if "\n" in gap:
            gap = line_end(chance)
        elif gap:
            gap = " " * chance.randint(1, 3)
        pieces += [gap, text[token.start_pos : token.end_pos]]
        end = token.end_pos
    return "".join([*pieces, line_end(chance)])


def line_end(chance: random.Random) -> str:
    trailing = f" // {chance.randint(1, 99)}" if chance.random() < 0.2 else ""
    own = chance.choices(["\n", "  \n", "// own\n", "    //\n\n"], [4, 1, 3, 1], k=chance.choice([0, 0, 0, 1, 2, 4]))
    return f"{trailing}\n{''.join(own)}{' ' * chance.randint(0, 8)}"


@given(st.sampled_from(PROGRAMS), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_laws_hold_for_programs_laid_out_at_random(path: Path, chance: random.Random) -> None:
    check_laws(scramble(read(path).replace("\r\n", "\n"), chance))


def one_of(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


def join(*parts: str | st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The parts one after the other; those that are plain texts as they are."""
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map("".join)


def repeat(item: st.SearchStrategy[str], between: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One to four items with something between them."""
    return join(item, st.lists(join(between, item), max_size=3).map("".join))


BLANK = one_of("", " ", "  ", "\t")
NEWLINE = one_of("\n", "\n\n", " // trailing\n", "\n  // own\n  ", " //\n\n\n//two\n\n    ")
ANY = st.one_of(BLANK, NEWLINE)
LEAF = one_of(
    "1", "2.5", '"text"', "'it'", "$x", "$x.a[0].b", '$x["k"]', "true", "null", "now", "`$a  +  1`", "[]", "{}"
)
NAMED = one_of("a", "some_name", '"quoted key"', "b.c", "!off")


def larger(expression: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions made of smaller ones: lists, objects, and operations and filters in parentheses."""
    separator = st.one_of(one_of(",", " , "), NEWLINE, join(NEWLINE, ","), join(",", NEWLINE))
    filtered = join(
        expression,
        st.lists(join(ANY, "|f", st.lists(join(":", expression), max_size=2).map("".join)), max_size=3).map("".join),
    )
    operator = one_of("+", "-", " * ", "==", "&&", "||", "??", "~", " in ", " not  in ", "..")
    return st.one_of(
        join("[", ANY, repeat(expression, separator), ANY, "]"),
        join("{", ANY, repeat(join(NAMED, BLANK, ":", BLANK, expression), separator), ANY, "}"),
        join("(", ANY, expression, ANY, operator, ANY, expression, ANY, ")"),
        join("(", ANY, expression, ANY, "?", ANY, expression, ANY, ":", ANY, expression, ANY, ")"),
        join("(", ANY, filtered, ANY, ")"),
    )


EXPRESSION = st.recursive(LEAF, larger, max_leaves=8)
ATTRIBUTE = join(one_of("value", "!data", "return"), BLANK, "=", BLANK, EXPRESSION)
FIELD = join(one_of("int", "text?", "json[]", "text[1:3]"), " ", one_of("a", "b?", "c?=5", "d filters=trim|min:2"), " ")
FIELDS = join("input {", NEWLINE, repeat(FIELD, NEWLINE), NEWLINE, "}")


def nested(statement: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    stack = join("{", NEWLINE, repeat(statement, NEWLINE), NEWLINE, "}")
    return st.one_of(
        join("group {", NEWLINE, "stack ", stack, NEWLINE, "}"),
        join(
            "conditional {", NEWLINE, "if (", EXPRESSION, ") ", stack, one_of(" ", "\n"), "else ", stack, NEWLINE, "}"
        ),
        join(
            "function a {", NEWLINE, FIELDS, NEWLINE, "stack ", stack, NEWLINE, "response = ", EXPRESSION, NEWLINE, "}"
        ),
    )


SINGLE = join(
    one_of("var $x", "!db.add pet", 'throw "a"', "foreach ($x)"),
    " {",
    st.one_of(BLANK, NEWLINE),
    repeat(ATTRIBUTE, st.one_of(NEWLINE, one_of(", "))),
    st.one_of(BLANK, NEWLINE),
    one_of("}", "} as $y"),
)
DOCUMENT = repeat(st.recursive(SINGLE, nested, max_leaves=4), st.one_of(NEWLINE, join(NEWLINE, "---", NEWLINE)))


@given(join(st.one_of(one_of("", "// first\n"), NEWLINE), DOCUMENT, ANY))
@settings(max_examples=50)
def test_laws_hold_for_generated_programs(text: str) -> None:
    check_laws(text)


def test_long_and_deep_texts() -> None:
    check_laws("var $x { value = " + " ~ ".join(["$a"] * 3000) + " }")
    check_laws("var $x { value = $a" + "|f:1" * 3000 + " }")
    check_laws("var $x { value = " + "[" * 60 + "]" * 60 + " }")
    with pytest.raises(xsrun.XanoScriptError, match="nested too deeply"):
        format_source("var $x { value = " + "[" * 5000 + "]" * 5000 + " }")


def test_text_with_errors_is_refused_with_all_of_them() -> None:
    with pytest.raises(XanoScriptSyntaxError) as caught:
        xsrun.format("var $x {\n  value = )\n}\nvar $y {\n  value = ]\n}\n")
    assert len(caught.value.diagnostics) >= 1


# The command ----------------------------------------------------------------------------------------------------------

LOOSE = "var $x { value = 1 }\n"
NEAT = "var $x {\n  value = 1\n}\n"


def command(*words: str, folder: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xsrun", "format", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        input=stdin,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loose.xs").write_text(LOOSE)
    (tmp_path / "neat.xs").write_text(NEAT)
    return tmp_path


def test_command_formats_in_place_and_keeps_the_mode(folder: Path) -> None:
    loose, neat = folder / "loose.xs", folder / "neat.xs"
    loose.chmod(0o640)
    os.utime(neat, (1, 1))
    done = command(folder=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "formatted loose.xs\nfiles: 1 changed, 1 already formatted\n"
    assert loose.read_text() == NEAT
    assert stat.S_IMODE(loose.stat().st_mode) == 0o640
    assert neat.stat().st_mtime == 1  # not even touched
    assert sorted(path.name for path in folder.iterdir()) == ["loose.xs", "neat.xs"]
    assert command("--check", folder=folder).returncode == 0


def test_command_writes_through_a_link(folder: Path) -> None:
    link = folder / "other" / "link.xs"
    link.parent.mkdir()
    link.symlink_to(folder / "loose.xs")
    assert command("other", folder=folder).returncode == 0
    assert link.is_symlink()
    assert (folder / "loose.xs").read_text() == NEAT


@pytest.mark.parametrize(
    ("words", "status", "stdout"),
    [
        (["--check"], 1, "would change loose.xs\n"),
        (["--check", "neat.xs"], 0, ""),
        (
            ["--diff", "loose.xs"],
            0,
            f"--- loose.xs\n+++ loose.xs\n@@ -1 +1,3 @@\n-{LOOSE}+var $x {{\n+  value = 1\n+}}\n",
        ),
        (["--diff", "--check", "neat.xs"], 0, ""),
    ],
)
def test_check_and_diff_change_nothing(folder: Path, words: list[str], status: int, stdout: str) -> None:
    done = command(*words, folder=folder)
    assert (done.returncode, done.stdout) == (status, stdout)
    assert (folder / "loose.xs").read_text() == LOOSE


def test_command_reports_errors_and_formats_the_other_files(folder: Path) -> None:
    (folder / "broken.xs").write_text("var $x {\n")
    done = command(folder=folder)
    assert done.returncode == 1
    assert "broken.xs:1:8" in done.stderr
    assert "1 changed, 1 already formatted, 1 with errors" in done.stderr
    assert (folder / "broken.xs").read_text() == "var $x {\n"
    assert (folder / "loose.xs").read_text() == NEAT


def test_a_file_that_cannot_be_written_stops_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = loader.write_source
    (folder / "first.xs").write_text(LOOSE)

    def write(path: Path, text: str) -> None:
        if path.name == "first.xs":
            raise UsageError(f"cannot write {path}: Permission denied")
        real(path, text)

    monkeypatch.setattr(loader, "write_source", write)
    assert main(["format", str(folder)]) == 2
    shown = capsys.readouterr().err
    assert "first.xs: Permission denied" in shown
    assert shown.endswith("files: 1 changed, 1 already formatted, 1 that cannot be written\n")
    assert (folder / "loose.xs").read_text() == NEAT


def test_command_reads_standard_input(folder: Path) -> None:
    done = command("-", folder=folder, stdin=LOOSE)
    assert (done.returncode, done.stdout, done.stderr) == (0, NEAT, "")
    assert command("-", "--check", folder=folder, stdin=LOOSE).returncode == 1
    broken = command("-", folder=folder, stdin="var $x {\n")
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "<stdin>:1:8" in broken.stderr


def test_wrong_paths_are_wrong_use(folder: Path) -> None:
    assert command("none.xs", folder=folder).returncode == 2
    (folder / "empty").mkdir()
    assert command("empty", folder=folder).returncode == 2
