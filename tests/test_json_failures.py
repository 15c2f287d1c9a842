"""What `--json` prints when things go wrong: one document that parses, and files that its reader can open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import xsrun

FUNCTION = "function {name} {{\n  input {{\n    int n\n  }}\n  stack {{\n    {body}\n  }}\n  response = $input.n\n}}\n"
FILES = {
    "shop/function/good.xs": FUNCTION.format(name="good", body=""),
    "shop/function/broken.xs": FUNCTION.format(name="broken", body="vra $x { value = 1 }\n    oops {"),
    "shop/function/caller.xs": FUNCTION.format(name="caller", body="function.run thrower { input = {n: 1} }"),
    "shop/function/thrower.xs": FUNCTION.format(name="thrower", body='throw { name = "no" value = {a: 1} }'),
    "shop/function/refuses.xs": FUNCTION.format(name="refuses", body='precondition (false) { error = "no" }'),
    "shop/function/stops.xs": FUNCTION.format(name="stops", body="debug.stop { value = 1 }"),
    "shop/function/forever.xs": FUNCTION.format(name="forever", body="while (true) { each { } }"),
    "shop/function/recursive.xs": FUNCTION.format(name="recursive", body="function.run recursive { input = {n: 1} }"),
    "shop/function/lost.xs": FUNCTION.format(name="lost", body="function.run nowhere { input = {n: 1} }"),
    "shop/function/outside.xs": FUNCTION.format(
        name="outside", body='api.request {\n      url = "http://a.example/"\n      method = "GET"\n    } as $x'
    ),
    "shop/function/hosted.xs": FUNCTION.format(
        name="hosted",
        body='cloud.algolia.request {\n      application_id = "a"\n      api_key = "k"\n      url = "u"\n'
        '      method = "GET"\n    } as $x',
    ),
    "shop/function/logs.xs": FUNCTION.format(
        name="logs", body='debug.log { value = 1 }\n    throw { name = "n" value = 2 }'
    ),
    "shop/function/table.xs": FUNCTION.format(name="table", body="db.query undeclared { } as $x"),
    "shop/function/twice.xs": FUNCTION.format(name="twice", body=""),
    "shop/draft/twice.xs": FUNCTION.format(name="twice", body="var $x { value = 2 }"),
    "shop/function/tested.xs": FUNCTION.format(name="tested", body="")[:-2]
    + "  test one {\n    input = {n: 1}\n    expect.to_equal ($response) { value = 2 }\n  }\n}\n",
    "shop/table/item.xs": "table item {\n  auth = false\n  schema {\n    int id\n    text name\n  }\n}\n",
    "page.md": "```xs\nvar $a { value = $b }\n```\n\n```xs\nvra $a { value = 1 }\n```\n\n```xs\n1 + 1\n// => 3\n```\n",
    "empty.md": "nothing\n",
    "rows.json": '{"nothere": [{"a": 1}]}',
    "bad.json": "{",
    "settings/xsrun.toml": "[check]\nignore = 3\n",
    "settings/a.xs": "var $a { value = 1 }\n",
    "bare.xs": "var $a { value = $b }\n",
}

#: folder, command line
FAILURES = [
    ("shop/function", "run good.xs"),
    ("shop/function", "run good.xs -i n=x"),
    ("shop/function", "run good.xs -i n=null"),
    ("shop/function", "run broken.xs -i n=1"),
    ("shop/function", "run caller.xs -i n=1"),
    ("shop", "run function:caller -i n=1 --trace"),
    ("shop/function", "run thrower.xs -i n=1"),
    ("shop/function", "run refuses.xs -i n=1"),
    ("shop/function", "run stops.xs -i n=1"),
    ("shop/function", "run forever.xs -i n=1 --limit steps=1000"),
    ("shop/function", "run recursive.xs -i n=1 --limit depth=20"),
    ("shop/function", "run lost.xs -i n=1"),
    ("shop/function", "run outside.xs -i n=1"),
    ("shop/function", "run hosted.xs -i n=1"),
    ("shop/function", "run logs.xs -i n=1"),
    ("shop/draft", "run ../function/table.xs -i n=1 --strict"),
    ("shop/draft", "run twice.xs -i n=1"),
    ("shop/draft", "run function:twice -i n=1"),
    ("shop", "run ."),
    ("shop", "run function:missing"),
    ("shop", "run table:item"),
    ("", "run none.xs"),
    ("", "run empty"),
    ("", "run notext.xs"),
    ("", "run page.md"),
    ("", "run page.md:1"),
    ("", "run page.md:6"),
    ("", "run page.md:4"),
    ("", "run empty.md"),
    ("", "run bare.xs"),
    ("", "run bare.xs --seed none.json"),
    ("", "run bare.xs --seed bad.json"),
    ("", "run bare.xs -w none"),
    ("", "run bare.xs --now yesterday"),
    ("", "run bare.xs --database nothing://x"),
    ("", "run bare.xs --env XSRUN_NOT_THERE"),
    ("", "run bare.xs --auth user"),
    ("", "run bare.xs --nothing 1"),
    ("", "run bare.xs b=1"),
    ("", "run bare.xs -i @none.json"),
    ("", "run shop/function/good.xs --seed rows.json -w shop -i n=1"),
    ("shop/function", "run - -w .. -i n=1"),
    ("", "eval 1+"),
    ("", "eval $x"),
    ("", "eval bare.xs"),
    ("shop/function", "check ."),
    ("shop", "check function/broken.xs draft"),
    ("", "check page.md"),
    ("", "check none.xs"),
    ("", "check empty"),
    ("settings", "check a.xs"),
    ("", "check notext.xs"),
    ("", "check 1+"),
    ("shop/draft", "test .."),
    ("shop/function", "test tested.xs"),
    ("", "test none"),
    ("", "test shop --kind all"),
    ("", "doctest page.md"),
    ("shop", "doctest ../page.md:6"),
    ("", "doctest none.md"),
    ("", "doctest page.md:99"),
    ("", "doctest 1+"),
    ("shop/function", "format --check ."),
    ("", "format none.xs"),
    ("", "format notext.xs --diff"),
    ("", "docs no_such_name"),
    ("", "db dump"),
    ("", "support --nothing"),
    ("", "rum bare.xs"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("failures")
    for name, text in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    (place / "empty").mkdir()
    (place / "notext.xs").write_bytes(b"function \xff {}")
    return place


def files_in(value: Any) -> Iterator[str]:
    """Every `file` that a document names."""
    if isinstance(value, dict):
        if isinstance(value.get("file"), str):
            yield value["file"]
        for inner in value.values():
            yield from files_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from files_in(inner)


@pytest.mark.parametrize(("place", "line"), FAILURES)
def test_the_document_of_a_failure(folder: Path, place: str, line: str) -> None:
    done = xsrun(*line.split(" "), "--json", folder=folder / place, stdin="function.run caller { input = {n: 1} }\n")
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    assert done.returncode in (0, 1, 2, 5)
    for file in files_in(document):
        assert file in ("", "<stdin>", "<argument>", "<expression>") or (folder / place / file).is_file(), file
    if line.startswith(("run", "eval")) and done.returncode:
        assert document["error"]["message"] or document["error"]["payload"]
    assert "Traceback" not in done.stderr


def test_there_are_fifty_of_them() -> None:
    assert len(set(FAILURES)) >= 50
