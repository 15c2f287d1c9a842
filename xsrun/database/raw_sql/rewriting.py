"""What sqlglot leaves of PostgreSQL's SQL, as SQLite can run it, one node of the tree at a time."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

#: How a parameter is written in a text that is to be translated: `$1` would be read as the start of a quoted text.
PARAMETER = re.compile(r"xs_parameter_(\d+)")

_JSON_NODES = (exp.ArrayAgg, exp.JSONArrayAgg, exp.JSONObject, exp.JSONObjectAgg, exp.Array, exp.JSONExtract)
_JSON_FUNCTIONS = frozenset(
    (
        *("json_agg", "jsonb_agg", "json_build_object", "jsonb_build_object", "json_build_array", "jsonb_build_array"),
        *("to_json", "to_jsonb", "row_to_json", "json_object_agg", "jsonb_object_agg", "regexp_split_to_array"),
    )
)
_TIME_NODES = (exp.CurrentTimestamp, exp.CurrentDate, exp.TimestampTrunc, exp.DateTrunc, exp.UnixToTime)
_JSON_BUILDERS = {
    "json_build_object": "json_object",
    "jsonb_build_object": "json_object",
    "json_build_array": "json_array",
    "jsonb_build_array": "json_array",
}
_FUNCTIONS = {
    "unaccent": "xs_unaccent",
    "to_timestamp": "xs_sql_to_timestamp",
    "to_char": "xs_sql_to_char",
    "date_part": "xs_sql_part",
    "split_part": "xs_sql_split_part",
    "regexp_replace": "xs_sql_replace",
    "regexp_split_to_array": "xs_sql_split",
    "string_to_array": "xs_sql_string_list",
    "array_length": "xs_sql_array_length",
    "cardinality": "xs_sql_array_length",
    "jsonb_array_length": "json_array_length",
    "initcap": "xs_sql_initcap",
    "lpad": "xs_sql_lpad",
    "rpad": "xs_sql_rpad",
    "reverse": "xs_sql_reverse",
    "repeat": "xs_sql_repeat",
    "md5": "xs_sql_md5",
    "gen_random_uuid": "xs_sql_uuid",
    "now": "xs_sql_now",
    "jsonb_typeof": "xs_sql_typeof",
    "json_typeof": "xs_sql_typeof",
    "to_jsonb": "json_quote",
    "to_json": "json_quote",
    "char_length": "length",
}


def parameter_name(number: int) -> str:
    """The name that stands for the parameter of a number while the text is translated."""
    return f"xs_parameter_{number}"


def call(name: str, *arguments: exp.Expr | None) -> exp.Expr:
    """A call of a function that sqlglot does not know."""
    return exp.Anonymous(this=name, expressions=[one for one in arguments if one is not None])


def bare(node: exp.Expr) -> exp.Expr:
    """A node without parentheses and casts."""
    while isinstance(node, (exp.Paren, exp.Cast)):
        node = node.this
    return node


def each_of(source: exp.Expr, alias: str) -> exp.Expr:
    """The elements of a list as a table of this name."""
    return exp.Table(this=call("json_each", source), alias=exp.TableAlias(this=exp.to_identifier(alias)))


def as_list(node: exp.Expr) -> exp.Expr:
    """An array as JSON text."""
    inner = bare(node)
    return call("json_array", *inner.expressions) if isinstance(inner, exp.Array) else inner


def array_of(node: exp.Expr) -> exp.Expr | None:
    """The array of `ANY (array)` or `ALL (array)`; None for anything else."""
    array: exp.Expr | None = None
    if isinstance(node, (exp.Any, exp.All)):
        array = node.this
    elif isinstance(node, exp.Anonymous) and node.name.upper() == "ALL":
        array = node.expressions[0]
    return array


def function(name: str, *parts: str) -> Callable[[Rewriter, exp.Expr], exp.Expr]:
    """A rewrite of a function node to a call with these of its parts."""
    return lambda _rewriter, node: call(name, *(node.args.get(part) for part in parts))


def interval(node: exp.Expr) -> exp.Expr | None:
    """An interval as a text; None for anything else."""
    inner = node.this if isinstance(node, exp.Paren) else node
    if isinstance(inner, exp.Cast) and inner.to.sql("postgres").upper() == "INTERVAL":
        text: exp.Expr = inner.this
        return text
    if isinstance(inner, exp.Mul):
        for number, unit in ((inner.this, inner.expression), (inner.expression, inner.this)):
            if isinstance(unit, exp.Interval):
                return call("xs_sql_times", number, _interval_text(unit))
        return None
    return _interval_text(inner) if isinstance(inner, exp.Interval) and inner.this is not None else None


def _interval_text(node: exp.Expr) -> exp.Expr:
    unit = node.args.get("unit")
    return exp.Literal.string(f"{node.this.name} {unit.name if unit is not None else ''}".strip())


class Rewriter:
    """Rewrites the nodes of one statement. `documents` are the columns of its tables that hold JSON, `booleans` those
    that hold booleans."""

    def __init__(self, documents: set[str], booleans: set[str]) -> None:
        self.documents = documents
        self.booleans = booleans

    def rewrite(self, tree: exp.Expr) -> exp.Expr:
        """A tree as SQLite can run it: every node is looked at before its children are."""
        made = tree
        while (change := _REWRITES.get(type(made))) is not None:
            before, made = made, change(self, made)
            if made is before:
                break
        for child in list(made.iter_expressions()):
            new = self.rewrite(child)
            if new is not child:
                child.replace(new)
        return made

    # Kinds ---------------------------------------------------------------------------------------------------------

    def is_boolean(self, node: exp.Expr) -> bool:
        """Does the node give a boolean?"""
        if isinstance(node, exp.Paren):
            return self.is_boolean(node.this)
        if isinstance(node, exp.Column):
            return node.name in self.booleans
        if isinstance(node, exp.Cast):
            return node.to.sql().upper() in ("BOOLEAN", "BOOL")
        return isinstance(node, (exp.Predicate, exp.Not, exp.And, exp.Or, exp.Boolean, exp.LogicalAnd, exp.LogicalOr))

    def is_time(self, node: exp.Expr) -> bool:
        """Does the node give a date or time?"""
        if isinstance(node, (exp.Paren, exp.AtTimeZone)):
            return self.is_time(node.this)
        if isinstance(node, exp.Cast):
            return node.to.sql("postgres").upper().startswith(("DATE", "TIMESTAMP"))
        if isinstance(node, (exp.Add, exp.Sub)):
            return interval(node.expression) is not None or interval(node.this) is not None
        named = isinstance(node, exp.Anonymous) and node.name.lower() in ("now", "to_timestamp")
        return named or isinstance(node, _TIME_NODES)

    # JSON ----------------------------------------------------------------------------------------------------------

    def is_json(self, node: exp.Expr) -> bool:
        """Does the node give JSON?"""
        if isinstance(node, (exp.Coalesce, exp.Paren, exp.Filter)):
            return self.is_json(node.this)
        if isinstance(node, exp.Cast):
            return node.to.sql().upper() in ("JSON", "JSONB")
        if isinstance(node, exp.Column):
            return node.name in self.documents
        if isinstance(node, exp.Anonymous):
            return node.name.lower() in _JSON_FUNCTIONS
        return isinstance(node, _JSON_NODES) and not isinstance(node, exp.JSONExtractScalar)

    def inside(self, node: exp.Expr) -> exp.Expr:
        """A value that goes into JSON: JSON itself, not as text."""
        return call("json", node) if self.is_json(node) else node

    def selected(self, tree: exp.Expr) -> dict[str, str]:
        """What the columns of the result are called in their tables (see `translation.Translated`)."""
        select = tree if isinstance(tree, exp.Select) else tree.find(exp.Select, exp.Returning)
        found: dict[str, str] = {}
        for item in select.expressions if select is not None else ():
            inner = item.this if isinstance(item, exp.Alias) else item
            if isinstance(inner, exp.Star) or (isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star)):
                found["*"] = "*"
            elif isinstance(inner, exp.Column):
                found[item.alias_or_name] = inner.name
            elif self.is_json(inner):
                found[item.alias_or_name] = ":json"
            elif self.is_boolean(inner):
                found[item.alias_or_name] = ":bool"
        return found

    def aggregate(self, node: exp.Expr) -> exp.Expr:
        """JSON_AGG and ARRAY_AGG, in the order that they ask for."""
        return self.gathered(node.this)

    def gathered(self, inner: exp.Expr) -> exp.Expr:
        """All values as a JSON list. SQLite has no order inside aggregates before 3.44: the first key is sorted by."""
        if not isinstance(inner, exp.Order):
            return call("json_group_array", self.inside(inner))
        key = inner.expressions[0]
        descending = exp.Literal.number(1 if key.args.get("desc") else 0)
        value = inner.this
        is_json = exp.Literal.number(1 if self.is_json(value) else 0)
        return call("xs_sql_ordered", value, is_json, key.this, descending)

    def json_object(self, node: exp.Expr) -> exp.Expr:
        pairs: list[exp.Expr] = []
        for pair in node.expressions:
            pairs += [pair.this, self.inside(pair.expression)]
        return call("json_object", *pairs)

    def json_text(self, node: exp.Expr) -> exp.Expr:
        """`value ->> key`, which gives a text; SQLite's own gives numbers."""
        return call("xs_json_text", exp.JSONExtract(this=node.this, expression=node.expression, only_json_types=True))

    def conflict(self, node: exp.Expr) -> exp.Expr:
        """`ON CONFLICT (key)`: keys have no order of nulls."""
        keys = node.args.get("conflict_keys") or []
        node.set("conflict_keys", [key.this if isinstance(key, exp.Ordered) else key for key in keys])
        return node

    # Rewrites of single nodes --------------------------------------------------------------------------------------

    def column(self, node: exp.Expr) -> exp.Expr:
        """The name that stands for a parameter is `?1`."""
        match = PARAMETER.fullmatch(node.name)
        return exp.Var(this=f"?{match.group(1)}") if match is not None and not node.text("table") else node

    def comparison(self, node: exp.Expr) -> exp.Expr:
        """Times are compared as texts of one form; `x = ANY (array)` is membership in a JSON list."""
        array = array_of(node.expression)
        if array is not None:
            members = exp.select("value").from_(exp.Table(this=call("json_each", as_list(array))))
            found = exp.In(this=node.this, query=exp.Subquery(this=members))
            return exp.Not(this=found) if isinstance(node, exp.NEQ) else found
        if isinstance(node.parent, (exp.Update, exp.OnConflict)) and node.arg_key == "expressions":
            return node  # an assignment: SET name = value
        if self.is_time(node.this) or self.is_time(node.expression):
            for key in ("this", "expression"):
                node.set(key, call("xs_sql_time", node.args[key]))
        return node

    def cast(self, node: exp.Expr) -> exp.Expr:
        """Casts that mean nothing to SQLite are left out; dates and times become texts that compare."""
        kind = node.args["to"].sql("postgres").upper()
        value: exp.Expr = node.this
        if kind in ("JSON", "JSONB", "UUID", "INTERVAL", "REGCLASS") or kind.endswith("[]"):
            return value
        if kind in ("TEXT", "VARCHAR") and self.is_boolean(value):
            return call("xs_bool_text", value)
        if kind == "DATE":
            return call("xs_sql_date", value)
        if kind.startswith("TIMESTAMP"):
            return call("xs_sql_time", value)
        if kind in ("BOOLEAN", "BOOL"):
            return call("xs_sql_boolean", value)
        if kind.startswith(("DECIMAL", "NUMERIC", "DOUBLE", "FLOAT")):
            node.set("to", exp.DataType.build("FLOAT"))  # REAL in SQLite
        return node

    def truncated(self, node: exp.Expr) -> exp.Expr:
        """`date_trunc('month', x)`."""
        return call("xs_sql_trunc", exp.Literal.string(node.args["unit"].name.lower()), node.this)

    def extracted(self, node: exp.Expr) -> exp.Expr:
        """`extract(year from x)`."""
        return call("xs_sql_part", exp.Literal.string(node.this.name.lower()), node.expression)

    def shifted(self, node: exp.Expr) -> exp.Expr:
        """`time + interval '1 day'`."""
        sign = -1 if isinstance(node, exp.Sub) else 1
        amount = interval(node.expression)
        if amount is not None:
            return call("xs_sql_shift", node.this, amount, exp.Literal.number(sign))
        amount = interval(node.this) if sign > 0 else None
        return node if amount is None else call("xs_sql_shift", node.expression, amount, exp.Literal.number(1))

    def bracket(self, node: exp.Expr) -> exp.Expr:
        """`array[n]`; the tree counts from 0."""
        (index,) = node.expressions
        if isinstance(index, exp.Literal) and index.is_int:
            position: exp.Expr = exp.Literal.number(int(index.name) + 1)
        else:
            position = exp.Add(this=index, expression=exp.Literal.number(1))
        return call("xs_sql_item", as_list(node.this), position)

    def string_agg(self, node: exp.Expr) -> exp.Expr:
        inner = node.this
        separator = node.args.get("separator") or exp.Literal.string(",")
        if isinstance(inner, exp.Order):
            key = inner.expressions[0]
            descending = exp.Literal.number(1 if key.args.get("desc") else 0)
            return call("xs_sql_string_agg", inner.this, separator, key.this, descending)
        return call("xs_sql_string_agg", inner, separator)

    def pad(self, node: exp.Expr) -> exp.Expr:
        side = "l" if node.args.get("is_left") else "r"
        return call(f"xs_sql_{side}pad", node.this, node.expression, node.args.get("fill_pattern"))

    def select(self, node: exp.Expr) -> exp.Expr:
        """`SELECT unnest(array) AS x`: a select from the elements."""
        assert isinstance(node, exp.Select)
        for position, item in enumerate(node.expressions):
            inner = item.this if isinstance(item, exp.Alias) else item
            if isinstance(inner, exp.ExplodingGenerateSeries):
                source = call("xs_sql_series", inner.args["start"], inner.args["end"], inner.args.get("step"))
            elif isinstance(inner, (exp.Explode, exp.Unnest)):
                source = as_list(inner.this if isinstance(inner, exp.Explode) else inner.expressions[0])
            else:
                continue
            alias = f"elements_{position}"
            name = item.alias_or_name or (
                "generate_series" if isinstance(inner, exp.ExplodingGenerateSeries) else "unnest"
            )
            each = each_of(source, alias)
            item.replace(exp.alias_(exp.column("value", table=alias), name))
            joined = node.find(exp.From) is not None
            return node.join(each, join_type="cross") if joined else node.from_(each)
        return node

    def anonymous(self, node: exp.Expr) -> exp.Expr:
        """Functions by their names."""
        name = node.name.lower()
        if name in _JSON_BUILDERS:
            return call(_JSON_BUILDERS[name], *(self.inside(one) for one in node.expressions))
        if name in ("json_agg", "jsonb_agg"):
            return self.gathered(node.expressions[0])
        if name in ("jsonb_object_agg", "json_object_agg"):
            return call("json_group_object", *node.expressions)
        found = _FUNCTIONS.get(name)
        return call(found, *node.expressions) if found is not None else node


_REWRITES: dict[type, Callable[[Rewriter, exp.Expr], exp.Expr]] = {
    exp.Column: Rewriter.column,
    exp.RegexpLike: function("xs_matches", "this", "expression"),
    exp.RegexpILike: function("xs_imatches", "this", "expression"),
    exp.Like: function("xs_like", "this", "expression"),
    exp.ILike: function("xs_ilike", "this", "expression"),
    exp.ArrayContainsAll: lambda _, node: call("xs_contains", as_list(node.this), as_list(node.expression)),
    exp.ArrayOverlaps: lambda _, node: call("xs_overlaps", as_list(node.this), as_list(node.expression)),
    exp.EQ: Rewriter.comparison,
    exp.NEQ: Rewriter.comparison,
    exp.GT: Rewriter.comparison,
    exp.GTE: Rewriter.comparison,
    exp.LT: Rewriter.comparison,
    exp.LTE: Rewriter.comparison,
    exp.AtTimeZone: lambda _, node: node.this,
    exp.Cast: Rewriter.cast,
    exp.Extract: Rewriter.extracted,
    exp.TimestampTrunc: Rewriter.truncated,
    exp.DateTrunc: Rewriter.truncated,
    exp.Add: Rewriter.shifted,
    exp.Sub: Rewriter.shifted,
    exp.CurrentTimestamp: lambda _, node: call("xs_sql_now"),
    exp.CurrentDate: lambda _, node: call("xs_sql_date", call("xs_sql_now")),
    exp.UnixToTime: function("xs_sql_to_timestamp", "this"),
    exp.TimeToStr: function("xs_sql_strftime", "this", "format"),
    exp.ToChar: function("xs_sql_to_char", "this", "format"),
    exp.SplitPart: function("xs_sql_split_part", "this", "delimiter", "part_index"),
    exp.RegexpReplace: function("xs_sql_replace", "this", "expression", "replacement", "modifiers"),
    exp.RegexpSplit: function("xs_sql_split", "this", "expression"),
    exp.StringToArray: function("xs_sql_string_list", "this", "expression"),
    exp.ArraySize: function("xs_sql_array_length", "this"),
    exp.Array: lambda _, node: call("json_array", *node.expressions),
    exp.Bracket: Rewriter.bracket,
    exp.ArrayAgg: Rewriter.aggregate,
    exp.JSONArrayAgg: Rewriter.aggregate,
    exp.GroupConcat: Rewriter.string_agg,
    exp.JSONObject: Rewriter.json_object,
    exp.OnConflict: Rewriter.conflict,
    exp.JSONExtractScalar: Rewriter.json_text,
    exp.JSONBExtract: function("xs_sql_path", "this", "expression"),
    exp.JSONBExtractScalar: function("xs_sql_path_text", "this", "expression"),
    exp.Left: function("xs_sql_left", "this", "expression"),
    exp.Right: function("xs_sql_right", "this", "expression"),
    exp.Initcap: function("xs_sql_initcap", "this"),
    exp.Reverse: function("xs_sql_reverse", "this"),
    exp.Repeat: function("xs_sql_repeat", "this", "times"),
    exp.Pad: Rewriter.pad,
    exp.StrPosition: function("xs_sql_position", "substr", "this"),
    exp.MD5: function("xs_sql_md5", "this"),
    exp.Uuid: lambda _, node: call("xs_sql_uuid"),
    exp.Concat: lambda _, node: call("xs_sql_concat", *node.expressions),
    exp.ConcatWs: lambda _, node: call("xs_sql_concat_ws", *node.expressions),
    exp.Lower: function("xs_to_lower", "this"),
    exp.Upper: function("xs_to_upper", "this"),
    exp.Greatest: lambda _, node: call("max", node.this, *node.expressions),
    exp.Least: lambda _, node: call("min", node.this, *node.expressions),
    exp.Select: Rewriter.select,
    exp.Anonymous: Rewriter.anonymous,
}
