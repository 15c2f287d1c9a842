"""Addons over the elements of a column, and addons without a name, on each back end."""

from __future__ import annotations

from typing import Any

import pytest
from databases import BACKENDS, new_database

import xsrun

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
