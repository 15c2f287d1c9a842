"""Addons over the elements of a column, and addons without a name, on each back end."""

from __future__ import annotations

import re
from typing import Any

import pytest
from databases import BACKENDS, new_database

import xsrun
from xsrun.database.transaction import Transaction

INDEX = 'index = [{type: "primary", field: [{name: "id"}]}]'
FILES = {
    "tag.xs": f"table tag {{\n  schema {{\n    int id\n    text name?\n  }}\n  {INDEX}\n}}\n",
    "shop.xs": f"table shop {{\n  schema {{\nint id\nint main?\nint[] tags?\njson deep?\n  }}\n  {INDEX}\n}}\n",
    "one.xs": """addon one_tag {
  input {
    int tag_id?
  }
  stack {
    db.query tag {
      where = $db.tag.id == $input.tag_id
      return = {type: "single"}
    }
  }
}
""",
}
X, Y = {"name": "x"}, {"name": "y"}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("addon", "expected"),
    [
        ('{name: "one_tag", output: ["name"], input: {tag_id: $output.$this}, as: "tags"}', {"tags": [Y, X, None]}),
        ('{name: "one_tag", output: ["name"], input: {tag_id: $output.$this}, as: "main"}', {"main": X}),
        (
            '{name: "one_tag", output: ["name"], input: {tag_id: $output.$this}, as: "deep.keys"}',
            {"deep": {"keys": [X], "kept": 1}},
        ),
        ('{name: "one_tag", output: ["name"], input: {tag_id: $output.main}}', {"name": "x"}),
        ('{name: "one_tag", output: ["name"], input: {tag_id: 99}}', {"one_tag": None}),
        ('{name: "one_tag", output: ["name"], input: {tag_id: $output.main}, as: "t"}', {"t": X}),
    ],
)
def test_where_the_answers_go(backend: str, addon: str, expected: dict[str, Any]) -> None:
    stack = f"db.query shop {{\n      addon = [{addon}]\n    }} as $r"
    files = {
        **FILES,
        "f.xs": f"function f {{\n  input {{\n  }}\n  stack {{\n    {stack}\n  }}\n  response = $r|first\n}}\n",
    }
    row = {"id": 1, "main": 1, "tags": [2, 1, 7], "deep": {"keys": [1], "kept": 1}}
    with xsrun.Workspace.from_sources(files, database=new_database(backend)) as workspace:
        workspace.seed({"tag": [X, Y], "shop": [{name: value for name, value in row.items() if name != "id"}]})
        result = workspace.run("f")
    assert result.error is None, result.error
    assert result.response == {**row, **expected}


# One statement for many rows -----------------------------------------------------------------------------------------

AUTHORS = {
    "author.xs": f"table author {{\n  schema {{\n    int id\n    text name?\n    int country?\n  }}\n  {INDEX}\n}}\n",
    "country.xs": f"table country {{\n  schema {{\n    int id\n    text name?\n  }}\n  {INDEX}\n}}\n",
    "book.xs": f"table book {{\n  schema {{\nint id\ntext title?\nint author?\nint year?\n  }}\n  {INDEX}\n}}\n",
}
COUNTRY = """addon country {
  input {
    int country_id?
  }
  stack {
    db.query country {
      where = $db.country.id == $input.country_id
      return = {type: "single"}
    }
  }
}
"""


def addon(query: str, inputs: str = "int author_id?") -> str:
    return (
        f"addon books {{\n  input {{\n    {inputs}\n  }}\n  stack {{\n    db.query book {{\n{query}\n    }}\n  }}\n}}\n"
    )


def parents(addons: str) -> str:
    stack = f'db.query author {{\n      sort = {{id: "asc"}}\n      addon = [{addons}]\n    }} as $r'
    return f"function f {{\n  input {{\n  }}\n  stack {{\n    {stack}\n  }}\n  response = $r\n}}\n"


def shown(files: dict[str, str], backend: str, count: int = 40) -> tuple[Any, list[str]]:
    """The answer of `f`, and the statements that read books and countries while it ran."""
    authors = [{"name": f"a{n}", "country": n % 3 + 1 if n % 7 else 99} for n in range(1, count + 1)]
    books = [{"title": f"b{n}", "author": n % (count // 2) + 1, "year": n % 5} for n in range(count * 3)]
    asked: list[str] = []
    execute = Transaction.execute

    def noted(self: Transaction, text: str, *parameters: Any, **options: Any) -> Any:
        asked.append(text)
        return execute(self, text, *parameters, **options)

    with xsrun.Workspace.from_sources({**AUTHORS, **files}, database=new_database(backend)) as workspace:
        workspace.seed({"country": [X, Y, {"name": "z"}], "author": authors, "book": books})
        workspace.run("f")  # now the tables are known
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Transaction, "execute", noted)
            result = workspace.run("f")
        assert result.error is None, result.error
    return result.response, [text for text in asked if re.search(r'FROM \(?"?(SELECT|book|country)', text)]


BY_AUTHOR = "where = $db.book.author == $input.author_id"
BOOKS = '{name: "books", input: {author_id: $output.id}, as: "books"}'
ONE_STATEMENT = {
    "list": f'{BY_AUTHOR}\nsort = {{year: "desc"}}',
    "output": f'{BY_AUTHOR}\nsort = {{title: "asc"}}\noutput = ["title"]',
    "single": f'{BY_AUTHOR}\nsort = {{year: "desc", id: "desc"}}\nreturn = {{type: "single"}}',
    "count": f'{BY_AUTHOR} && $db.book.year > 1\nreturn = {{type: "count"}}',
    "exists": 'where = $db.book.year == 2 && ($input.author_id == $db.book.author)\nreturn = {type: "exists"}',
    "eval": f"{BY_AUTHOR}\neval = {{later: $db.book.year + 1}}",
    "join": f'{BY_AUTHOR}\njoin = {{author: {{table: "author", where: $db.book.author == $db.author.id}}}}\n'
    "eval = {name: $db.author.name}",
}
ALONE = {
    "paged": f'{BY_AUTHOR}\nreturn = {{type: "list", paging: {{page: 1, per_page: 1}}}}',
    "less": 'where = $db.book.author < $input.author_id\nreturn = {type: "count"}',
    "either": f'{BY_AUTHOR} || $db.book.year == 9\nreturn = {{type: "count"}}',
}


@pytest.mark.parametrize("backend", ["memory", "postgres"])
@pytest.mark.parametrize("name", [*ONE_STATEMENT, *ALONE])
def test_an_addon_asks_once_for_all_rows(name: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"books.xs": addon({**ONE_STATEMENT, **ALONE}[name]), "f.xs": parents(BOOKS)}
    answer, asked = shown(files, backend)
    assert len(asked) == (1 if name in ONE_STATEMENT else 40), asked[:3]
    monkeypatch.setattr("xsrun.database.grouped_queries._fetched", lambda *_: None)
    one_by_one, asked = shown(files, backend)
    assert len(asked) == 40
    assert answer == one_by_one


@pytest.mark.parametrize("backend", ["memory", "postgres"])
def test_nested_addons_ask_once_each(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nested = '{name: "country", input: {country_id: $output.year}, as: "place"}'
    written = {
        "books.xs": addon(f"{BY_AUTHOR}\naddon = [{nested}]"),
        "country.xs": COUNTRY,
        "f.xs": parents(BOOKS),
    }
    outside = {
        "books.xs": addon(BY_AUTHOR),
        "country.xs": COUNTRY,
        "f.xs": parents(BOOKS.replace("as:", f"addon: [{nested}], as:")),
    }
    answers = []
    for files in (written, outside):
        answer, asked = shown(files, backend)
        assert len(asked) == 2, asked
        answers.append(answer)
    assert answers[0] == answers[1]
    assert answers[0][0]["books"][0]["place"] in (X, None)
    monkeypatch.setattr("xsrun.database.grouped_queries._fetched", lambda *_: None)
    assert shown(written, backend)[0] == answers[0]


@pytest.mark.parametrize("backend", ["memory", "postgres"])
def test_an_addon_that_writes_sees_what_it_wrote(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        addon("@", "int author_id?")
        .replace(
            "db.query book {\n@\n    }",
            """db.query book {
      where = $db.book.author == $input.author_id
      return = {type: "count"}
    } as $before
    db.add book { data = {author: $input.author_id + 1} } as $new
    db.query book {
      where = $db.book.author == $input.author_id
      return = {type: "count"}
    } as $after""",
        )
        .replace("}\n}\n", "}\n  response = [$before, $after]\n}\n")
    )
    files = {"books.xs": text, "f.xs": parents(BOOKS)}
    answer, _ = shown(files, backend, 4)
    monkeypatch.setattr("xsrun.database.grouped_queries._fetched", lambda *_: None)
    assert shown(files, backend, 4)[0] == answer
    # six books and those of two runs: the author before each adds one, so that the count of the next is larger
    assert [one["books"][0] for one in answer] == [6, 8, 2, 2]


@pytest.mark.parametrize("backend", ["memory", "postgres"])
@pytest.mark.parametrize(
    ("nested", "message"),
    [
        ('{name: "books", input: {author_id: $output.nosuch}, as: "b"}', "Unable to locate var: output.nosuch"),
        (
            '{name: "books", input: {author_id: 4 / ($output.id - 2)}, as: "b"}, '
            '{name: "books", input: {author_id: $output.nosuch}, as: "c"}',
            "Unable to locate var: output.nosuch",
        ),
    ],
)
def test_the_error_is_that_of_the_first_row_that_has_one(nested: str, message: str, backend: str) -> None:
    outer = f'{{name: "country", input: {{country_id: $output.country}}, as: "c", addon: [{nested}]}}'
    files = {
        **AUTHORS,
        "c.xs": COUNTRY.replace("int country_id?", "int country_id? filters=max:2"),
        "books.xs": addon(BY_AUTHOR),
        "f.xs": parents(outer),
    }
    with xsrun.Workspace.from_sources(files, database=new_database(backend)) as workspace:
        workspace.seed({"country": [X, Y], "author": [{"country": n} for n in (1, 2, 3)]})
        error = workspace.run("f").error
    assert str(error) == message
