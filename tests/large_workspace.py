"""Workspaces of any size, as a pulled tree has them: tables, functions that call one another, queries, addons, tests.

What the benchmarks of the checker measure with, and what its tests and those of the language server edit.
"""

from __future__ import annotations

from pathlib import Path

#: Columns of the generated tables beside `id`; each table has some of them, none has `colour`.
COLUMNS = ("title", "owner", "price", "amount", "state", "note", "année", "due")

_TABLE = """// What is kept of {name}.
table {name} {{
  auth = false

  schema {{
    int id
    timestamp created_at?=now
{columns}
    int parent? {{
      table = "{parent}"
    }}
  }}

  index = [
    {{type: "primary", field: [{{name: "id"}}]}}
    {{type: "btree", field: [{{name: "{first}"}}]}}
  ]
}}
"""

_FUNCTION = """// Takes the {table} of an owner and prices them anew.
function {name} {{
  input {{
    text owner filters=trim
    int factor?=2 filters=min:1
    object[] extras? {{
      schema {{
        text label
        decimal price
      }}
    }}
  }}

  stack {{
    db.query {table} {{
      where = $db.{table}.{first} == $input.owner && $db.{table}.id > {number}
      sort = {{{first}: "asc"}}
      return = {{type: "list"}}
    }} as $rows

    var $total {{
      value = 0
    }}

    foreach ($rows) {{
      each as $row {{
        math.add $total {{
          value = ($row.id * $input.factor)|add:{number}
        }}

        conditional {{
          if ($total > 100 && $row.{first} != null) {{
            debug.log {{
              value = "much for " ~ $input.owner|to_upper
            }}
          }}

          else {{
            db.edit {table} {{
              field_name = "id"
              field_value = $row.id
              data = {{{first}: $row.{first}, {second}: "{number}"}}
            }} as $changed
          }}
        }}
      }}
    }}
{calls}
    var $labels {{
      value = $input.extras|map:$$.label|join:", "
    }}
  }}

  response = {{total: $total, labels: $labels, rows: $rows|count}}

  test "prices nothing" {{
    input = {{owner: "nobody"}}

    expect.to_equal ($response.total) {{
      value = 0
    }}
  }}
}}
"""

_CALL = """
    function.run {name} {{
      input = {{owner: $input.owner, factor: {number}, extras: []}}
    }} as $part_{place}

    math.add $total {{
      value = $part_{place}.total
    }}
"""

_QUERY = """// Lists the {table} of an owner.
query "{name}/{{owner}}" verb=GET {{
  api_group = "shop_{group}"

  input {{
    text owner filters=trim
    int page?=1 filters=min:1|max:100
  }}

  stack {{
    db.query {table} {{
      where = $db.{table}.{first} == $input.owner
      sort = {{id: "desc"}}
      return = {{
        type  : "list"
        paging: {{page: $input.page, per_page: 20}}
      }}
    }} as $found

    function.run {called} {{
      input = {{owner: $input.owner, factor: $input.page}}
    }} as $priced

    precondition ($priced.total >= 0) {{
      error_type = "badrequest"
      error = "nothing for " ~ $input.owner
    }}
  }}

  response = {{items: $found.items, priced: $priced.total}}
}}
"""

_GROUP = """api_group shop_{number} {{
  canonical = "shop{number}"
}}
"""


def table_name(number: int) -> str:
    return f"stock_{number}"


def function_name(number: int) -> str:
    return f"pricing/price_{number}"


def columns_of(number: int) -> list[str]:
    """Three columns of a table, the same for the same number."""
    return [COLUMNS[(number + step) % len(COLUMNS)] for step in range(3)]


def texts(files: int) -> dict[str, str]:
    """A workspace of so many files without a problem: file name to text. A tenth are tables, a quarter are queries."""
    tables = max(1, files // 10)
    groups = max(1, files // 60)
    queries = files // 4
    functions = files - tables - groups - queries
    found = {f"api/shop_{number}/api_group.xs": _GROUP.format(number=number) for number in range(groups)}
    for number in range(tables):
        found[f"table/{table_name(number)}.xs"] = _table(number, tables)
    for number in range(functions):
        found[f"function/{function_name(number)}.xs"] = _function(number, tables, functions)
    for number in range(queries):
        group, owned = number % groups, number % tables
        text = _QUERY.format(
            name=f"items_{number}",
            group=group,
            table=table_name(owned),
            first=f'"{columns_of(owned)[0]}"' if not columns_of(owned)[0].isascii() else columns_of(owned)[0],
            called=f'"{function_name(number % functions)}"',
        )
        found[f"api/shop_{group}/items_{number}_GET.xs"] = text
    return dict(sorted(found.items()))


def _quoted(column: str) -> str:
    return column if column.isascii() else f'"{column}"'


def _table(number: int, tables: int) -> str:
    columns = columns_of(number)
    shown = "\n".join(f"    text {_quoted(column)}? filters=trim" for column in columns)
    parent = table_name((number + 1) % tables)
    return _TABLE.format(name=table_name(number), columns=shown, parent=parent, first=columns[0])


def _function(number: int, tables: int, functions: int) -> str:
    owned = (number * 7) % tables
    first, second, _ = columns_of(owned)
    called = [other for other in (number * 2 + 1, number * 2 + 2) if other < functions]
    calls = "".join(
        _CALL.format(name=f'"{function_name(other)}"', number=number % 9 + 1, place=place)
        for place, other in enumerate(called)
    )
    return _FUNCTION.format(
        name=f'"{function_name(number)}"',
        table=table_name(owned),
        first=_quoted(first),
        second=_quoted(second),
        number=number,
        calls=calls,
    )


def write(folder: Path, files: int) -> Path:
    """The same as files below a folder, which is given back."""
    for name, text in texts(files).items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder
