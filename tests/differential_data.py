"""Rows and queries that must give the same on SQLite and on PostgreSQL: nulls, case, accents, other scripts, nested
JSON, empty lists, ties, numbers at the edges."""

from __future__ import annotations

from typing import Any

TABLES = {
    "table/thing.xs": """table "thing" {
  auth = false
  schema {
    int id
    timestamp created_at?=now
    text name
    text? note?
    int qty
    int? level?
    decimal price
    decimal? rate?
    bool active?
    bool? checked?
    timestamp? at?
    date? day?
    enum kind {
      values = ["a", "b", "c"]
    }
    json meta?
    text[] tags?
    int[] sizes?
    object address? {
      schema {
        text city
        int zip?
      }
    }
    vector v? {
      size = 3
    }
    geo_point place?
    int owner_id? {
      table = "owner"
    }
  }
  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree", field: [{name: "name", op: "asc"}]}
    {type: "gin", field: [{name: "meta"}]}
  ]
}
""",
    "table/owner.xs": """table "owner" {
  auth = false
  schema {
    int id
    text name
    text? city?
    int age?
    json extra?
  }
  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree|unique", field: [{name: "name"}]}
  ]
}
""",
}

OWNERS: list[dict[str, Any]] = [
    {"id": 1, "name": "Ann", "city": "Oslo", "age": 31, "extra": {"vip": True, "n": 5}},
    {"id": 2, "name": "bob", "city": None, "age": 17, "extra": {"vip": False, "n": "5"}},
    {"id": 3, "name": "Çelik", "city": "İzmir", "age": 45, "extra": None},
    {"id": 4, "name": "ann", "city": "oslo", "age": 31, "extra": [1, 2, {"x": [3]}]},
]

DAY = 86_400_000
THINGS: list[dict[str, Any]] = [
    {
        "name": "Alpha",
        "note": "first one",
        "qty": 1,
        "level": 1,
        "price": 1.5,
        "rate": 0.1,
        "active": True,
        "checked": True,
        "at": 1_700_000_000_000,
        "day": "2023-11-14",
        "kind": "a",
        "meta": {"a": 1, "b": {"c": "x", "d": [1, 2, 3]}, "flag": True, "t": "7"},
        "tags": ["red", "blue"],
        "sizes": [1, 2],
        "address": {"city": "Oslo", "zip": 150},
        "v": [1, 0, 0],
        "place": {"type": "point", "data": {"lng": 10.75, "lat": 59.91}},
        "owner_id": 1,
    },
    {
        "name": "beta",
        "note": None,
        "qty": 2,
        "level": None,
        "price": 2.25,
        "rate": None,
        "active": False,
        "checked": None,
        "at": None,
        "day": None,
        "kind": "b",
        "meta": {"a": 2, "b": {"c": "y", "d": []}, "flag": False},
        "tags": [],
        "sizes": [],
        "address": {"city": "Bergen"},
        "v": [0, 1, 0],
        "place": {"type": "point", "data": {"lng": 5.32, "lat": 60.39}},
        "owner_id": 2,
    },
    {
        "name": "Gamma",
        "note": "",
        "qty": 2,
        "level": 3,
        "price": 2.25,
        "rate": 1.0,
        "active": True,
        "checked": False,
        "at": 1_700_000_000_000 + 5 * DAY,
        "day": "2023-11-19",
        "kind": "c",
        "meta": {"a": "2", "b": None, "list": ["x"]},
        "tags": ["red"],
        "sizes": [2, 3, 2],
        "address": {"city": "oslo", "zip": 151},
        "v": [0, 0, 1],
        "place": {"type": "point", "data": {"lng": 10.74, "lat": 59.92}},
        "owner_id": 1,
    },
    {
        "name": "straße",
        "note": "ÄÖÜ äöü",
        "qty": 0,
        "level": 0,
        "price": 0,
        "rate": 0.0,
        "active": True,
        "at": -DAY,
        "day": "1969-12-31",
        "kind": "a",
        "meta": [1, "two", {"three": 3}],
        "tags": ["ÄÖ", "é"],
        "sizes": [0],
        "address": {"city": "Köln"},
        "v": [1, 1, 1],
        "owner_id": 3,
    },
    {
        "name": "ÅNGSTRÖM",
        "note": "100% _sure_",
        "qty": -5,
        "level": 9,
        "price": -0.005,
        "rate": 99999.99999,
        "active": False,
        "at": 0,
        "day": "1970-01-01",
        "kind": "b",
        "meta": "just text",
        "tags": ["100%", "a_b"],
        "sizes": [-1, 0, 1],
        "address": {"city": ""},
        "v": [-1, 0.5, 2],
        "owner_id": 99,
    },
    {
        "name": "日本語",
        "note": "emoji 😀 and \\ backslash",
        "qty": 9_007_199_254_740_993,
        "level": 2,
        "price": 123456789.12345,
        "rate": 3.3,
        "active": True,
        "checked": True,
        "at": 4_102_444_800_000,
        "day": "2100-01-01",
        "kind": "c",
        "meta": 42,
        "tags": ["日本", "😀"],
        "sizes": [9_007_199_254_740_993],
        "address": {"city": "東京"},
        "v": [0.1, 0.2, 0.3],
        "owner_id": 4,
    },
    {
        "name": "",
        "note": 'it\'s "quoted"',
        "qty": 2,
        "level": 1,
        "price": 1.5,
        "rate": 0.3,
        "active": False,
        "at": 1_709_164_800_000,
        "day": "2024-02-29",
        "kind": "a",
        "meta": {},
        "tags": ["it's"],
        "sizes": [5],
        "address": {"city": "x"},
        "v": [3, 4, 0],
        "owner_id": 1,
    },
    {
        "name": "alpha",
        "note": "first two",
        "qty": 1,
        "level": None,
        "price": 10,
        "rate": 2.5,
        "active": True,
        "at": 1_704_067_199_999,
        "day": "2023-12-31",
        "kind": "b",
        "meta": {"a": 1.0, "b": {"c": "X", "d": [3, 2, 1]}},
        "tags": ["blue", "red", "red"],
        "sizes": [2, 1],
        "address": {"city": "Oslo", "zip": 150},
        "v": [2, 0, 0],
        "place": {"type": "point", "data": {"lng": 0, "lat": 0}},
        "owner_id": 2,
    },
    {
        "name": "10",
        "note": "9",
        "qty": 10,
        "level": 10,
        "price": 9.99,
        "rate": None,
        "active": True,
        "kind": "c",
        "meta": {"a": None, "deep": {"er": {"est": [True, None, "z"]}}},
        "tags": ["10", "9"],
        "sizes": [10, 9],
        "address": {"city": "ten"},
        "v": [10, 10, 10],
        "owner_id": 0,
    },
    {
        "name": "caf\u00e9",
        "note": "cafe\u0301",
        "qty": 7,
        "level": 7,
        "price": 7.125,
        "rate": 7.77777,
        "active": True,
        "at": 1_698_796_799_000,
        "day": "2023-10-31",
        "kind": "a",
        "meta": {"a": [1, [2, [3]]], "e": "", "z": 0},
        "tags": [""],
        "sizes": [7, 7],
        "address": {"city": "Málaga"},
        "v": [7, 0, 7],
        "owner_id": 3,
    },
]
LOOSE: list[dict[str, Any]] = [
    {"id": 1, "k": 1, "name": "one", "list": [1, 2]},
    {"id": 2, "k": "1", "name": "One"},
    {"id": 3, "k": 1.5, "name": None, "list": []},
    {"id": 4, "k": True, "name": "four", "o": {"p": {"q": 1}}},
    {"id": 5, "k": None, "list": [1]},
    {"id": 6, "k": "text", "o": {"p": {"q": "1"}}, "odd key": 1},
    {"id": 7, "k": [1], "name": ""},
    {"id": 8, "k": {"a": 1}, "name": "ONE", "list": ["1"]},
]
SEED = {"owner": OWNERS, "thing": THINGS, "loose": LOOSE}

_COMPARED = ("==", "!=", ">", ">=", "<", "<=")
#: Bodies of `db.query "thing" { ... }`.
QUERIES: list[str] = [
    *(
        f"where = $db.thing.{column} {sign} {value}"
        for column, value in (
            ("qty", "2"),
            ("level", "1"),
            ("price", "2.25"),
            ("name", '"alpha"'),
            ("note", '"first one"'),
            ("at", "1700000000000"),
            ("day", '"2023-11-19"'),
            ("meta.a", "1"),
            ("meta.a", '"2"'),
            ("qty", "9007199254740993"),
            ("rate", "0.3"),
            ("kind", '"b"'),
            ("qty", '"2"'),
            ("name", "10"),
            ("price", "2"),
            ("meta.b.c", '"x"'),
        )
        for sign in _COMPARED
    ),
    *(
        f"where = $db.thing.{column} {sign} null"
        for column in (
            "note",
            "level",
            "rate",
            "checked",
            "at",
            "day",
            "meta",
            "meta.a",
            "meta.b",
            "meta.b.c",
            "meta.none",
            "qty",
            "tags",
        )
        for sign in ("==", "!=")
    ),
    *(
        f"where = $db.thing.{column} {sign} {value}"
        for column in ("active", "checked")
        for sign in ("==", "!=")
        for value in ("true", "false", "1", '"false"')
    ),
    *(
        f"where = $db.thing.{column} {word} {value}"
        for word in ("in", "not in")
        for column, value in (
            ("qty", "[1, 2, 10]"),
            ("qty", "[]"),
            ("qty", "[2.5, 2]"),
            ("name", '["alpha", "beta", "日本語"]'),
            ("level", "[1, null]"),
            ("kind", '["a"]'),
            ("qty", '["1", "x"]'),
            ("active", "[true]"),
            ("meta.a", "[1, 2]"),
            ("meta.a", '["2", 1]'),
            ("rate", "[0.3, 99999.99999]"),
            ("day", '["2024-02-29"]'),
        )
    ),
    *(
        f"where = $db.thing.{column} {word} {value}"
        for word in ("like", "not like", "ilike", "not ilike", "includes", "not includes")
        for column, value in (
            ("name", '"alpha"'),
            ("name", '"%a%"'),
            ("name", '"_lpha"'),
            ("note", '"%100\\\\%%"'),
            ("name", '"%STRÖM"'),
            ("note", '"äö"'),
            ("name", '""'),
            ("note", '"\'"'),
            ("meta.b.c", '"x"'),
        )
    ),
    *(
        f"where = $db.thing.{column} {word} {value}"
        for word in ("contains", "not contains", "@>", "overlaps", "not overlaps")
        for column, value in (
            ("tags", '["red"]'),
            ("tags", "[]"),
            ("tags", '["red", "blue"]'),
            ("sizes", "[2]"),
            ("sizes", "[2.0, 1]"),
            ("meta", "{a: 1}"),
            ("meta", "{b: {d: [2]}}"),
            ("meta.b.d", "[3]"),
            ("meta", "[1]"),
            ("address", '{city: "Oslo"}'),
        )
    ),
    'where = $db.thing.tags contains "red"',
    "where = $db.thing.sizes contains 2",
    "where = $db.thing.meta contains 42",
    'where = "red" in $db.thing.tags',
    "where = $db.thing.qty in $db.thing.sizes",
    'where = $db.thing.name ~ "^a"',
    'where = $db.thing.name ~ "^[A-Z]"',
    'where = $db.thing.name !~ "a$"',
    'where = $db.thing.note ~ "f.*t"',
    'where = $db.thing.name ~ "^(alpha|beta)$"',
    'where = $db.thing.name ~ "^[[:alpha:]]+$"',
    'where = $db.thing.note search "one first"',
    'where = $db.thing.note search "nothing"',
    "where = $db.thing.qty between 1:2",
    "where = $db.thing.qty not between 1:2",
    'where = $db.thing.name between "a":"b"',
    "where = $db.thing.rate between 0.1:1",
    "where = $db.thing.at between 0:1700000000000",
    "where = $db.thing.qty == $db.thing.level",
    "where = $db.thing.qty > $db.thing.price",
    "where = $db.thing.price == $db.thing.rate",
    "where = $db.thing.name == $db.thing.note",
    "where = $db.thing.meta.a == $db.thing.qty",
    "where = $db.thing.name == $db.thing.qty",
    "where = $db.thing.active == $db.thing.checked",
    "where = $db.thing.meta == {}",
    "where = $db.thing.meta == 42",
    'where = $db.thing.meta == "just text"',
    'where = $db.thing.tags == ["red", "blue"]',
    "where = $db.thing.tags == []",
    "where = $db.thing.tags != []",
    "where = $db.thing.meta.flag == true",
    "where = $db.thing.meta.flag != true",
    "where = $db.thing.meta.t == 7",
    "where = $db.thing.meta.b.d.1 == 2",
    'where = $db.thing.meta.1 == "two"',
    'where = $db.thing.meta.deep.er.est.2 == "z"',
    'where = $db.thing.address.city == "Oslo"',
    "where = $db.thing.address.zip > 150",
    'where = ($db.thing.qty > 1 && $db.thing.active == true) || $db.thing.name == ""',
    'where = $db.thing.qty > 1 && ($db.thing.active == true || $db.thing.kind == "b")',
    "where = !($db.thing.qty > 1)",
    "where = !($db.thing.level > 1)",
    "where = $db.thing.active",
    "where = !$db.thing.active",
    "where = $db.thing.level",
    "where = $db.thing.note",
    "where = $db.thing.meta.flag",
    'where = $db.thing.qty ==? 0 && $db.thing.name !=? ""',
    'where = $db.thing.qty >=? 2 && $db.thing.name includes? "a"',
    "where = $db.thing.qty in? []",
    "where = $db.thing.qty + 1 == 3",
    "where = $db.thing.qty * $db.thing.price > 4",
    "where = $db.thing.qty / 2 == 1",
    "where = $db.thing.qty % 2 == 1",
    "where = $db.thing.qty / 0 == null",
    'where = ($db.thing.name ~ "!") == "beta!"',
    "where = ($db.thing.level ?? 5) > 4",
    "where = ($db.thing.price|round:1) == 2.3",
    "where = ($db.thing.price|round) == 7.13",
    "where = ($db.thing.price|floor) == 2",
    "where = ($db.thing.price|ceil) == 2",
    'where = ($db.thing.name|to_lower) == "alpha"',
    'where = ($db.thing.name|to_upper) == "ÅNGSTRÖM"',
    'where = ($db.thing.name|unaccent) == "cafe"',
    'where = ($db.thing.note|unaccent) == "cafe"',
    'where = ($db.thing.name|substr:0:3) == "alp"',
    'where = ($db.thing.name|substr:-3:2) == "ph"',
    'where = ($db.thing.name|substr:1:-1) == "lph"',
    "where = ($db.thing.tags|length) == 2",
    "where = ($db.thing.meta|length) > 1",
    "where = ($db.thing.level|coalesce:7) == 7",
    'where = ($db.thing.note|coalesce:$db.thing.name) == "beta"',
    "where = $db.thing.qty|between:1:7",
    'where = $db.thing.name|includes:"LPH"',
    "where = ($db.thing.at|timestamp_year) == 2023",
    "where = ($db.thing.at|timestamp_month) == 12",
    "where = ($db.thing.at|timestamp_day_of_month) == 29",
    "where = ($db.thing.at|timestamp_day_of_week) == 0",
    "where = ($db.thing.at|timestamp_hour) == 23",
    "where = ($db.thing.at|timestamp_add_days:5) == 1700432000000",
    "where = ($db.thing.at|timestamp_add_months:1) > 1704067200000",
    "where = ($db.thing.at|timestamp_epoch_day) == -1",
    "eval = {y: $db.thing.at|timestamp_year, m: $db.thing.at|timestamp_month, w: $db.thing.at|timestamp_week}",
    "eval = {d: $db.thing.at|timestamp_day_of_year, h: $db.thing.at|timestamp_hour, mi: $db.thing.at|timestamp_minute}",
    "eval = {a: $db.thing.at|timestamp_add_months:1, b: $db.thing.at|timestamp_subtract_years:4, c: $db.thing.at|timestamp_add_hours}",
    "eval = {e: $db.thing.at|timestamp_epoch_sec, f: $db.thing.at|timestamp_epoch_minute, g: $db.thing.at|timestamp_epoch_hour}",
    "eval = {p: $db.thing.price|round:1, q: $db.thing.price|floor, r: $db.thing.price|ceil, s: $db.thing.qty|add:1.5}",
    "eval = {t: $db.thing.qty|div:3, u: $db.thing.qty|mul:2, v2: $db.thing.qty|sub:1, w: -$db.thing.level}",
    "eval = {l: $db.thing.name|to_lower, u: $db.thing.name|to_upper, x: $db.thing.name|unaccent, c: $db.thing.name|concat:$db.thing.qty}",
    'eval = {c: $db.thing.name ~ ":" ~ $db.thing.price, b: $db.thing.name|concat:$db.thing.active}',
    "eval = {a: $db.thing.meta.a, c: $db.thing.meta.b.c, d: $db.thing.meta.b.d, z: $db.thing.address.city}",
    "eval = {big: $db.thing.qty > 1, n: $db.thing.tags|length, k: $db.thing.level ?? -1}",
    'eval = {label: $db.thing.active ? $db.thing.name : "off"}',
    "eval = {d: $db.thing.v|l2_distance_euclidean:[1, 2, 3], m: $db.thing.v|l1_distance_manhattan:[1, 2, 3]}",
    "eval = {i: $db.thing.v|inner_product:[1, 2, 3], n: $db.thing.v|negative_inner_product:[1, 2, 3]}",
    "eval = {s: $db.thing.v|cosine_similarity:[1, 2, 3], d: $db.thing.v|cosine_distance:[1, 2, 3]}",
    'eval = {m: $db.thing.place|distance:{type: "point", data: {lng: 10.75, lat: 59.91}}}',
    'where = $db.thing.place|within:{type: "point", data: {lng: 10.75, lat: 59.91}}:2000',
    'eval = {r: $db.thing.note|search_rank:"first one"}',
    'eval = {constant: 5, text: "x", none: null}',
    *(
        f'sort = {{{column}: "{way}"}}'
        for way in ("asc", "desc")
        for column in (
            "name",
            "note",
            "qty",
            "level",
            "price",
            "rate",
            "active",
            "checked",
            "at",
            "day",
            "kind",
            "meta.a",
            "address.city",
            "thing.name",
        )
    ),
    'sort = {kind: "asc", qty: "desc", name: "asc"}',
    'sort = {active: "desc", level: "asc"}',
    'eval = {total: $db.thing.qty * $db.thing.price}\n sort = {total: "desc"}',
    'eval = {low: $db.thing.name|to_lower}\n sort = {low: "asc"}',
    'sort = {qty: "asc"}\n return = {type: "list", paging: {page: 2, per_page: 3, totals: true}}',
    'return = {type: "list", paging: {page: 4, per_page: 3}}',
    'return = {type: "list", paging: {page: 9, per_page: 3, totals: true}}',
    'return = {type: "list", paging: {page: 1, per_page: 3, offset: 2, metadata: false}}',
    'sort = {name: "desc"}\n return = {type: "single"}',
    'where = $db.thing.qty > 100000000000000000\n return = {type: "single"}',
    'where = $db.thing.active == true\n return = {type: "count"}',
    'where = $db.thing.name == "nobody"\n return = {type: "exists"}',
    'return = {type: "exists"}',
    *(
        f'return = {{type: "aggregate", group: {{g: $db.thing.{group}}}, eval: {{a: $db.thing.{column}|{name}}}}}'
        for group in ("kind", "active", "level")
        for column, name in (
            ("id", "count"),
            ("qty", "sum"),
            ("price", "avg"),
            ("name", "min"),
            ("rate", "max"),
            ("qty", "median"),
            ("name", "to_list"),
            ("kind", "to_distinct_list"),
            ("level", "count_distinct"),
        )
    ),
    'return = {type: "aggregate", eval: {n: $db.thing.id|count, s: $db.thing.price|sum, m: $db.thing.rate|median}}',
    'where = $db.thing.id < 0\n return = {type: "aggregate", eval: {n: $db.thing.id|count, s: $db.thing.price|sum}}',
    'return = {type: "aggregate", group: {y: $db.thing.at|timestamp_year}, eval: {n: $db.thing.id|count}}',
    'return = {type: "aggregate", group: {p: $db.thing.price|round:0}, eval: {n: $db.thing.id|count}}\n sort = {n: "desc", p: "asc"}',
    'return = {type: "aggregate", group: {c: $db.thing.meta.a}, eval: {n: $db.thing.id|count}}',
    'return = {type: "aggregate", group: {k: $db.thing.kind, a: $db.thing.active}, eval: {l: $db.thing.qty|to_list_desc, d: $db.thing.qty|to_distinct_list_asc}}',
    'return = {type: "aggregate", group: {k: $db.thing.kind}, eval: {t: $db.thing.tags|to_list, b: $db.thing.active|to_list}}',
    'join = {owner: {table: "owner", where: $db.thing.owner_id == $db.owner.id}}\n eval = {who: $db.owner.name, city: $db.owner.city}',
    'join = {owner: {table: "owner", type: "left", where: $db.thing.owner_id == $db.owner.id}}\n eval = {who: $db.owner.name, v: $db.owner.extra}',
    'join = {owner: {table: "owner", type: "right", where: $db.thing.owner_id == $db.owner.id && $db.thing.qty < 3}}\n eval = {who: $db.owner.name}\n sort = {owner.id: "asc", thing.id: "asc"}',
    'join = {o: {table: "owner", where: $db.thing.owner_id == $db.o.id}}\n where = $db.o.age > 18\n sort = {o.name: "desc"}',
    'join = {o: {table: "owner", where: $db.thing.address.city == $db.o.city}}\n eval = {who: $db.o.name}',
    'join = {o: {table: "owner", where: $db.thing.owner_id == $db.o.id}, p: {table: "thing", type: "left", where: $db.p.owner_id == $db.o.id && $db.p.id != $db.thing.id}}\n eval = {pair: $db.p.name}\n sort = {id: "asc", pair: "asc"}',
    'join = {o: {table: "owner", where: $db.o.age > 0}}\n return = {type: "count"}',
    'join = {o: {table: "owner", where: $db.o.age > 0}}\n return = {type: "list", distinct: "yes"}\n sort = {name: "asc"}',
    'join = {o: {table: "owner", where: $db.o.id == $db.thing.owner_id}}\n return = {type: "aggregate", group: {o: $db.o.name}, eval: {n: $db.thing.id|count, s: $db.thing.qty|sum}}',
    'output = ["id", "address.city", "meta.b"]',
    'return = {type: "list", paging: {page: 1, per_page: 2}}\n output = ["itemsReceived", "items.id", "items.address.city"]',
    'additional_where = {expression: [{statement: {left: {tag: "col", operand: "thing.qty"}, op: ">", right: {operand: 1}}}]}',
    'override_sort = [{sortBy: "thing.price", orderBy: "desc"}]',
]
#: Bodies of `db.query "loose" { ... }`, a table that no file declares.
LOOSE_QUERIES: list[str] = [
    'sort = {id: "asc"}',
    *(f"where = $db.loose.k {sign} {value}" for sign in _COMPARED for value in ("1", '"1"', "1.5", "true", '"text"')),
    "where = $db.loose.k == [1]",
    "where = $db.loose.k == {a: 1}",
    "where = $db.loose.k == null",
    "where = $db.loose.name == null",
    "where = $db.loose.list == null",
    "where = $db.loose.nothing == null",
    "where = $db.loose.nothing == 1",
    'where = $db.loose.k in [1, "text"]',
    "where = $db.loose.k not in [1]",
    "where = $db.loose.list contains 1",
    'where = $db.loose.list overlaps [2, "1"]',
    'where = $db.loose.name includes "one"',
    "where = $db.loose.o.p.q == 1",
    "where = $db.loose.name",
    'sort = {k: "asc"}',
    'sort = {k: "desc"}',
    'sort = {name: "asc"}',
    "eval = {x: $db.loose.k + 1, u: $db.loose.name|to_upper, n: $db.loose.list|length}",
    'return = {type: "aggregate", group: {n: $db.loose.name}, eval: {c: $db.loose.id|count, s: $db.loose.k|sum}}',
    'return = {type: "aggregate", eval: {c: $db.loose.k|count, d: $db.loose.name|count_distinct, l: $db.loose.k|to_list}}',
]
