"""Problems of texts that are edited: always those of a fresh check, and looked for only where an edit can be seen."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import large_workspace
import pytest
from edits import edit

from xsrun.analysis import check_cache, check_sources, crew
from xsrun.analysis.session import CheckSession
from xsrun.diagnostics import Diagnostic

FUNCTION = 'function "pricing/price_{}" {{'


def looked_at(session: CheckSession, name: str, text: str | None) -> list[str]:
    """The texts that are checked after one edit."""
    session.update()
    session.edit(name, text)
    return session.update()


# The same as a fresh check -------------------------------------------------------------------------------------------


def compare_after_edits(seed: int, files: int, edits: int, every: int = 1) -> int:
    """Edit at random; after each few edits the session's problems are a fresh check's. Gives how many it has seen."""
    chance = random.Random(seed)
    texts = large_workspace.texts(files)
    session = CheckSession(texts)
    count, different = 0, set()
    for number in range(edits):
        for _ in range(chance.choice((1, 1, 1, 3))):
            name, text = edit(chance, texts)
            session.edit(name, text)
            if text is None:
                del texts[name]
            else:
                texts[name] = text
        if number % every:
            session.update()
            continue
        found = check_sources(texts)
        assert session.all_diagnostics() == found
        count += len(found)
        different |= {one.code for one in found}
        if len(found) > 60:  # too broken to show much: begin anew
            texts = large_workspace.texts(files)
            for name in {*session.texts} - texts.keys():
                session.edit(name, None)
            for name, text in texts.items():
                session.edit(name, text)
    assert different >= {"XS420", "XS422", "XS423", "XS704", "XS707"} or edits < 1_000
    return count


@pytest.mark.parametrize("seed", range(3))
def test_problems_after_random_edits_are_those_of_a_fresh_check(seed: int) -> None:
    assert compare_after_edits(seed, 12, 30) > 100


@pytest.mark.slow
def test_problems_after_a_thousand_random_edits_are_those_of_a_fresh_check() -> None:
    assert compare_after_edits(99, 12, 1_000, every=5) > 1_000


def test_the_order_of_the_texts_does_not_matter() -> None:
    texts = {"b.xs": "function f {\n  stack {\n  }\n}\n", "a.xs": "function f {\n  input {\n  }\n\n  stack {\n  }\n}\n"}
    found = check_sources(texts)
    assert check_sources(dict(sorted(texts.items()))) == found
    assert [one.file for one in found if one.code == "XS420"] == ["b.xs"]


def test_a_table_that_stands_twice_is_read_from_the_first_file() -> None:
    """When the first goes, columns are there that neither the one before nor the edit speaks of."""
    use = 'function f {\n  stack {\n    db.get t {\n      field_name = "c"\n      field_value = 1\n    }\n  }\n}\n'
    table = "table t {\n  schema {\n    int id\n    int %s\n  }\n\n  index = []\n}\n"
    texts = {"1.xs": table % "a", "2.xs": table % "c", "f.xs": use}
    session = CheckSession(texts)
    assert "XS423" in {one.code for one in session.diagnostics("f.xs")}
    assert "f.xs" in looked_at(session, "1.xs", None)
    assert "XS423" not in {one.code for one in session.diagnostics("f.xs")}


# What is looked at ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return large_workspace.texts(60)


def test_an_edit_of_a_body_concerns_nobody_else(texts: dict[str, str]) -> None:
    session = CheckSession(texts)
    assert session.update() == sorted(texts)
    name = "function/pricing/price_3.xs"
    assert looked_at(session, name, "// moved down\n\n" + texts[name]) == [name]
    assert looked_at(session, name, texts[name].replace("$total > 100", "$total > 200")) == [name]
    assert looked_at(session, name, texts[name].replace("$total > 100", "$total > 200")) == [], "it is the same text"


def test_an_edit_of_inputs_concerns_those_who_call(texts: dict[str, str]) -> None:
    session, name = CheckSession(texts), "function/pricing/price_3.xs"
    callers = {other for other, text in texts.items() if re.search(r'function\.run "pricing/price_3"', text)}
    assert len(callers) == 2
    edited = texts[name].replace("    text owner filters=trim\n", "    text owner filters=trim\n    int more\n")
    assert {*looked_at(session, name, edited)} == {name, *callers}
    assert {one.code for caller in callers for one in session.diagnostics(caller)} == {"XS706"}


def test_a_new_column_concerns_nobody_and_a_lost_one_those_who_read_it(texts: dict[str, str]) -> None:
    session, name = CheckSession(texts), "table/stock_1.xs"
    lost = large_workspace.columns_of(1)[0]
    readers = {other for other, text in texts.items() if f"$db.stock_1.{lost}" in text}
    assert len(readers) > 4
    assert looked_at(session, name, texts[name].replace("  schema {\n", "  schema {\n    int extra?\n")) == [name]
    without = re.sub(rf"    text {lost}.*\n", "", texts[name])
    assert {*looked_at(session, name, without)} == {name, *readers}
    assert all("XS423" in {one.code for one in session.diagnostics(reader)} for reader in readers)


def test_a_file_that_goes_and_comes_back_concerns_those_who_name_it(texts: dict[str, str]) -> None:
    session, name = CheckSession(texts), "function/pricing/price_5.xs"
    callers = {other for other, text in texts.items() if re.search(r'function\.run "pricing/price_5"', text)}
    assert {*looked_at(session, name, None)} == callers
    found = [one for caller in callers for one in session.diagnostics(caller)]
    assert {one.code for one in found} == {"XS422"}
    assert {*looked_at(session, name, texts[name])} == {name, *callers}
    assert session.all_diagnostics() == []


def test_an_edit_of_an_enum_concerns_those_who_give_it() -> None:
    texts = {
        "paint.xs": 'function paint {\n  input {\n    enum color { values = ["red"] }\n  }\n\n  stack {\n  }\n\n'
        "  response = $input.color\n}\n",
        "door.xs": 'table door {\n  auth = false\n\n  schema {\n    int id\n    enum side { values = ["left"] }\n  }\n'
        '\n  index = [{type: "primary", field: [{name: "id"}]}]\n}\n',
        "caller.xs": "workflow_test caller {\n  stack {\n"
        '    function.run paint {\n      input = {color: "red"}\n    }\n\n'
        '    db.add door {\n      data = {side: "left"}\n    } as $door\n\n    expect.to_throw {\n      stack {\n'
        "        function.run paint\n\n"
        '        function.run paint {\n          input = {color: "blue"}\n        }\n      }\n    }\n  }\n}\n',
    }
    session = CheckSession(texts)
    session.update()
    assert session.all_diagnostics() == [], "what is expected to fail may be given anything"
    assert {*looked_at(session, "paint.xs", texts["paint.xs"].replace('"red"', '"green"'))} == {"paint.xs", "caller.xs"}
    assert [(one.code, one.line) for one in session.diagnostics("caller.xs")] == [("XS725", 4)]
    assert {*looked_at(session, "door.xs", texts["door.xs"].replace('"left"', '"right"'))} == {"door.xs", "caller.xs"}
    assert [(one.code, one.line) for one in session.diagnostics("caller.xs")] == [("XS725", 4), ("XS725", 8)]
    looked_at(session, "caller.xs", texts["caller.xs"].replace('\n      input = {color: "red"}', ""))
    assert [(one.code, one.line) for one in session.diagnostics("caller.xs")] == [("XS706", 3), ("XS725", 7)]


# Between processes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path / "cache"))


def count_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the texts that sessions check from now on."""
    names: list[str] = []
    original = CheckSession.take_over

    def take_over(self: CheckSession, read: dict[str, crew.Interface]) -> list[str]:
        found = original(self, read)
        names.extend(found)
        return found

    monkeypatch.setattr(CheckSession, "take_over", take_over)
    return names


@pytest.mark.usefixtures("kept")
def test_a_new_process_checks_what_was_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"shop/{name}": text for name, text in large_workspace.texts(20).items()}
    assert check_cache.check_programs([texts]) == []
    names = count_checks(monkeypatch)
    assert check_cache.check_programs([texts]) == []
    assert names == []
    chance = random.Random(5)
    for _ in range(12):
        name, text = edit(chance, texts)
        texts = {**{other: one for other, one in texts.items() if other != name}, **({name: text} if text else {})}
        names.clear()
        assert check_cache.check_programs([texts]) == check_sources(texts)
        assert names != [] or text is None
        assert len(names) < len(texts)


@pytest.mark.usefixtures("kept")
def test_programs_that_begin_alike_do_not_share_what_is_kept() -> None:
    first, second = {"a/f.xs": "function f {\n"}, {"a/f.xs": "function f {\n", "a/g.xs": "function g {\n}\n"}
    for program in (first, second, first, second):
        assert check_cache.check_programs([program]) == check_sources(program)


def ends_early(*_: object) -> None:
    """What stands for a process that the machine ends."""
    os._exit(1)


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.usefixtures("kept")
def test_several_processes_share_one_program(monkeypatch: pytest.MonkeyPatch, broken: bool) -> None:
    """Also when one after the other ends too early: then this one does their work."""
    monkeypatch.setattr(crew, "_SHARED_FROM", 0)
    monkeypatch.setattr(crew, "available_processors", lambda: 3)
    if broken:
        monkeypatch.setattr(crew, "_work", ends_early)
    texts, chance = large_workspace.texts(20), random.Random(8)
    others = {"other/a.xs": "function f {\n  stack {\n    function.run g\n  }\n}\n", "other/g.xs": "function g {\n"}
    for _ in range(3):
        expected: list[Diagnostic] = check_sources(texts) + check_sources(others)
        assert check_cache.check_programs([texts, others]) == expected
        for _ in range(6):
            name, text = edit(chance, texts)
            texts[name] = text or "// nothing left\n"
