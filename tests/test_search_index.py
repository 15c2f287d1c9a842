"""The index that stands for a search server: queries, order, aggregations, documents, and what it refuses by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.services.search.algolia import LocalAlgolia, filter_query
from xsrun.services.search.documents import DocumentStore
from xsrun.services.search.elastic import LocalElastic
from xsrun.services.search.unsupported import SearchError

NOW = 1_790_000_000_000  # 2026-09-21T14:13:20Z

PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {
        "name": "Ann López",
        "country": "Colombia",
        "city": "Bogota",
        "years": 3,
        "salary": 2500.5,
        "active": True,
        "since": "2026-09-20",
        "email": "ann@example.com",
        "skills": [{"skill": "Java", "months": 30}, {"skill": "React", "months": 6}],
        "languages": [{"language": "English", "level": "Native"}],
        "work": {"company": "Tide Works", "role": "senior engineer"},
        "notes": "likes the sea, and more sea",
    },
    "bob": {
        "name": "Bob Mac Donald",
        "country": "Peru",
        "city": "Lima",
        "years": 7,
        "salary": 4000,
        "active": False,
        "since": "2026-01-05T10:00:00Z",
        "skills": [{"skill": "Java", "months": 12}, {"skill": "React", "months": 40}],
        "languages": [{"language": "English"}, {"language": "Spanish", "level": "Native"}],
        "work": {"company": "Harbour Ltd", "role": "engineer"},
        "tags": ["red", "blue"],
    },
    "cid": {
        "name": "Cid Ortega",
        "country": "Colombia",
        "city": "Cali",
        "years": 12,
        "salary": None,
        "active": True,
        "since": "2024-09-21T14:00:00Z",
        "skills": [],
        "languages": [],
        "notes": "sea",
        "tags": "red",
    },
}


@pytest.fixture
def server() -> LocalElastic:
    made = LocalElastic(DocumentStore(None), "elasticsearch", NOW)
    for key, source in PEOPLE.items():
        assert made.answer("PUT", f"/people/_doc/{key}", source).status == 201
    return made


def found(server: LocalElastic, query: Any, **more: Any) -> list[str]:
    status, answer = server.answer("POST", "/people/_search", {"query": query, **more})
    assert status == 200, answer
    return [hit["_id"] for hit in answer["hits"]["hits"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"match_all": {}}, "ann bob cid"),
        ({"match_none": {}}, ""),
        ({"term": {"country": "Colombia"}}, "ann cid"),
        ({"term": {"country": {"value": "colombia"}}}, "ann cid"),
        ({"term": {"country.keyword": "colombia"}}, ""),
        ({"term": {"country.keyword": {"value": "colombia", "case_insensitive": True}}}, "ann cid"),
        ({"term": {"name": "López"}}, ""),  # the index has it in small letters
        ({"term": {"name": "lópez"}}, "ann"),
        ({"term": {"active": True}}, "ann cid"),
        ({"term": {"active": "false"}}, "bob"),
        ({"term": {"years": 7}}, "bob"),
        ({"term": {"years": 7.0}}, "bob"),
        ({"term": {"tags": "red"}}, "bob cid"),
        ({"term": {"_id": "bob"}}, "bob"),
        ({"terms": {"country": ["Peru", "Chile"]}}, "bob"),
        ({"terms": {"country": []}}, ""),
        ({"terms": {"_id": ["cid", "ann", "nobody"]}}, "ann cid"),
        ({"ids": {"values": ["bob", "cid"]}}, "bob cid"),
        ({"exists": {"field": "email"}}, "ann"),
        ({"exists": {"field": "salary"}}, "ann bob"),
        ({"exists": {"field": "work"}}, "ann bob"),
        ({"exists": {"field": "skills"}}, "ann bob"),
        ({"range": {"years": {"gte": 7}}}, "bob cid"),
        ({"range": {"years": {"gt": 3, "lt": 12}}}, "bob"),
        ({"range": {"salary": {"lte": "2500.5"}}}, "ann"),
        ({"range": {"since": {"gte": "now-1d/d"}}}, "ann"),
        ({"range": {"since": {"lt": "2026-01-05T10:00:00Z"}}}, "cid"),
        ({"range": {"since": {"gte": "2024-09-01||+1M"}}}, "ann bob"),
        ({"range": {"city": {"gte": "C", "lt": "D"}}}, "cid"),
        ({"prefix": {"email": "ann@"}}, "ann"),
        ({"prefix": {"city": {"value": "li"}}}, "bob"),
        ({"prefix": {"city.keyword": "li"}}, ""),
        ({"wildcard": {"email": "*@example.*"}}, "ann"),
        ({"wildcard": {"email": {"value": "*EXAMPLE*", "case_insensitive": True}}}, "ann"),
        ({"wildcard": {"city.keyword": {"wildcard": "L?ma"}}}, "bob"),
        ({"regexp": {"city.keyword": "[BL].*"}}, "ann bob"),
        ({"match": {"city.keyword": "Bogota"}}, "ann"),
        ({"match": {"work.role": "Senior plumber"}}, "ann"),
        ({"match": {"work.role": {"query": "senior plumber", "operator": "and"}}}, ""),
        ({"match": {"name": {"query": "ann bob cid mac", "minimum_should_match": 2}}}, "bob"),
        ({"match": {"name": {"query": "ann bob", "minimum_should_match": "100%"}}}, ""),
        ({"match": {"name": {"query": "ortga", "fuzziness": "AUTO"}}}, "cid"),
        ({"match": {"name": {"query": "otrega", "fuzziness": 1}}}, "cid"),
        ({"match": {"name": "ortga"}}, ""),
        ({"match": {"years": 12}}, "cid"),
        ({"match": {"notes": ""}}, ""),
        ({"match_phrase": {"name": "mac donald"}}, "bob"),
        ({"match_phrase": {"name": "donald mac"}}, ""),
        ({"match_phrase_prefix": {"work.company": "tide wo"}}, "ann"),
        ({"multi_match": {"query": "lima", "fields": ["city", "country"]}}, "bob"),
        ({"multi_match": {"query": "engineer", "fields": ["work.*"]}}, "ann bob"),
        ({"multi_match": {"query": "sea"}}, "ann cid"),
        ({"multi_match": {"query": "ann lima", "fields": ["name", "city"], "operator": "and"}}, ""),
        (
            {
                "multi_match": {
                    "query": "ann bogota",
                    "type": "cross_fields",
                    "fields": ["name", "city"],
                    "operator": "and",
                }
            },
            "ann",
        ),
        ({"multi_match": {"query": "tide works", "type": "phrase", "fields": ["name", "work.company"]}}, "ann"),
        ({"multi_match": {"query": "harb", "type": "bool_prefix", "fields": ["work.company"]}}, "bob"),
        ({"query_string": {"query": "senior AND tide", "fields": ["work.role", "work.company"]}}, "ann"),
        ({"query_string": {"query": "senior harbour", "default_operator": "AND"}}, ""),
        ({"query_string": {"query": "(lima OR cali) -peru"}}, "cid"),
        ({"query_string": {"query": 'country:Colombia AND NOT city:"Bogota"'}}, "cid"),
        ({"query_string": {"query": "+engineer -senior"}}, "bob"),
        ({"query_string": {"query": "work.company:harb*"}}, "bob"),
        ({"query_string": {"query": ""}}, ""),
        ({"simple_query_string": {"query": "lima", "fields": ["city^3"]}}, "bob"),
        ({"bool": {}}, "ann bob cid"),
        ({"bool": {"must": [{"term": {"active": True}}, {"range": {"years": {"gte": 5}}}]}}, "cid"),
        ({"bool": {"must": {"term": {"country": "Colombia"}}, "must_not": {"term": {"_id": "ann"}}}}, "cid"),
        ({"bool": {"should": [{"term": {"_id": "ann"}}, {"term": {"_id": "bob"}}]}}, "ann bob"),
        ({"bool": {"filter": {"term": {"active": True}}, "should": [{"term": {"_id": "bob"}}]}}, "ann cid"),
        (
            {
                "bool": {
                    "filter": {"match_all": {}},
                    "should": [{"term": {"_id": "bob"}}, {"term": {"country": "Peru"}}],
                    "minimum_should_match": 2,
                }
            },
            "bob",
        ),
        ({"bool": {"must_not": [{"exists": {"field": "notes"}}]}}, "bob"),
        ({"constant_score": {"filter": {"term": {"country": "Peru"}}}}, "bob"),
        ({"dis_max": {"queries": [{"term": {"_id": "ann"}}, {"term": {"_id": "cid"}}]}}, "ann cid"),
        # a nested query looks at one object at a time
        (
            {
                "nested": {
                    "path": "skills",
                    "ignore_unmapped": True,
                    "query": {
                        "bool": {
                            "must": [
                                {"bool": {"should": [{"match": {"skills.skill": "Java"}}]}},
                                {"range": {"skills.months": {"gte": 24}}},
                            ]
                        }
                    },
                }
            },
            "ann",
        ),
        (
            {"bool": {"must": [{"term": {"skills.skill": "React"}}, {"range": {"skills.months": {"gte": 30}}}]}},
            "ann bob",
        ),
        (
            {
                "bool": {
                    "must_not": [
                        {"nested": {"path": "languages", "query": {"term": {"languages.language": "English"}}}}
                    ]
                }
            },
            "cid",
        ),
        (
            {
                "nested": {
                    "path": "languages",
                    "query": {
                        "bool": {
                            "must": [{"term": {"languages.language": "English"}}],
                            "must_not": [{"exists": {"field": "languages.level"}}],
                        }
                    },
                }
            },
            "bob",
        ),
    ],
    ids=str,
)
def test_a_query_finds(server: LocalElastic, query: Any, expected: str) -> None:
    assert sorted(found(server, query)) == expected.split()
    status, counted = server.answer("POST", "/people/_count", {"query": query})
    assert (status, counted["count"]) == (200, len(expected.split()))


def test_better_matches_come_first(server: LocalElastic) -> None:
    assert found(server, {"match": {"work.role": "senior engineer"}}) == ["ann", "bob"]
    boosted = {"bool": {"should": [{"match": {"city": "lima"}}, {"match": {"city": {"query": "cali", "boost": 50}}}]}}
    assert found(server, boosted) == ["cid", "bob"]
    _, answer = server.answer("POST", "/people/_search", {"query": boosted})
    scores = [hit["_score"] for hit in answer["hits"]["hits"]]
    assert answer["hits"]["max_score"] == scores[0] > scores[1] > 0


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ([{"years": "desc"}], "cid bob ann"),
        ([{"years": {"order": "asc"}}], "ann bob cid"),
        (["city.keyword"], "ann cid bob"),
        ([{"salary": "asc"}], "ann bob cid"),
        ([{"salary": "desc"}], "bob ann cid"),
        ([{"salary": {"order": "desc", "missing": "_first"}}], "cid bob ann"),
        ([{"country": "asc"}, {"years": "desc"}], "cid ann bob"),
        ([{"skills.months": {"order": "desc"}}], "bob ann cid"),
        ([{"since": "desc"}], "ann bob cid"),
        ("years", "ann bob cid"),
        ([{"_id": "desc"}], "cid bob ann"),
    ],
    ids=str,
)
def test_an_order(server: LocalElastic, sort: Any, expected: str) -> None:
    assert found(server, {"match_all": {}}, sort=sort) == expected.split()


def test_pages_and_what_is_shown(server: LocalElastic) -> None:
    body = {"sort": ["years"], "from": 1, "size": 1, "_source": ["name", "work.role", "skills.skill"]}
    _, answer = server.answer("POST", "/people/_search", body)
    assert answer["hits"]["total"] == {"value": 3, "relation": "eq"}
    assert answer["hits"]["max_score"] is None
    assert answer["hits"]["hits"] == [
        {
            "_index": "people",
            "_id": "bob",
            "_score": None,
            "_source": {
                "name": "Bob Mac Donald",
                "work": {"role": "engineer"},
                "skills": [{"skill": "Java"}, {"skill": "React"}],
            },
            "sort": [7],
        }
    ]
    for asked, shown in (
        (False, None),
        ("na*", {"name"}),
        ({"excludes": ["work", "skills.*", "notes"]}, set(PEOPLE["ann"]) - {"work", "notes"}),
        ([], set(PEOPLE["ann"])),
    ):
        body = {"query": {"ids": {"values": ["ann"]}}, "_source": asked}
        (hit,) = server.answer("POST", "/people/_search", body).body["hits"]["hits"]
        assert ("_source" in hit) is (shown is not None)
        assert shown is None or set(hit["_source"]) == shown
    assert server.answer("POST", "/people/_search", {"from": 9_999, "size": 2}).status == 400


AGGREGATIONS = {
    "countries": {"terms": {"field": "country"}},
    "first": {"terms": {"field": "country.keyword", "size": 1, "order": {"_key": "desc"}}},
    "paid": {"terms": {"field": "country", "order": {"most": "desc"}}, "aggs": {"most": {"max": {"field": "salary"}}}},
    "years": {
        "range": {"field": "years", "ranges": [{"key": "Junior", "from": 0, "to": 5}, {"key": "Senior", "from": 5}]}
    },
    "active": {"terms": {"field": "active"}},
    "average": {"avg": {"field": "years"}},
    "numbers": {"stats": {"field": "salary"}},
    "cities": {"cardinality": {"field": "city"}},
    "english": {
        "nested": {"path": "languages"},
        "aggs": {
            "only": {
                "filter": {"term": {"languages.language": "English"}},
                "aggs": {"levels": {"terms": {"field": "languages.level"}}},
            }
        },
    },
    "skills": {
        "nested": {"path": "skills"},
        "aggs": {
            "names": {
                "terms": {"field": "skills.skill", "size": 20_000, "order": {"_key": "asc"}},
                "aggs": {"people": {"reverse_nested": {}}},
            }
        },
    },
    "steps": {"histogram": {"field": "years", "interval": 5}},
    "months": {"date_histogram": {"field": "since", "calendar_interval": "month"}},
    "unpaid": {"missing": {"field": "salary"}},
    "named": {"filters": {"filters": {"red": {"term": {"tags": "red"}}}}},
    "mine": {
        "filter": {"term": {"_id": "ann"}},
        "aggs": {
            "hits": {
                "top_hits": {
                    "_source": ["email"],
                    "size": 1,
                    "script_fields": {"mine": {"script": {"source": "params.v", "params": {"v": "x"}}}},
                }
            }
        },
    },
}


def test_aggregations(server: LocalElastic) -> None:
    status, answer = server.answer("POST", "/people/_search", {"size": 0, "aggs": AGGREGATIONS})
    assert status == 200
    assert answer["hits"]["hits"] == []
    found = answer["aggregations"]

    def buckets(name: str, *path: str) -> list[tuple[Any, int]]:
        part = found[name]
        for one in path:
            part = part[one]
        return [(one["key"], one["doc_count"]) for one in part["buckets"]]

    assert buckets("countries") == [("Colombia", 2), ("Peru", 1)]
    assert found["first"] == {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": 2,
        "buckets": [{"key": "Peru", "doc_count": 1}],
    }
    assert [(one["key"], one["most"]["value"]) for one in found["paid"]["buckets"]] == [
        ("Peru", 4000.0),
        ("Colombia", 2500.5),
    ]
    assert found["years"]["buckets"] == [
        {"key": "Junior", "from": 0.0, "to": 5.0, "doc_count": 1},
        {"key": "Senior", "from": 5.0, "doc_count": 2},
    ]
    assert found["active"]["buckets"][0] == {"key": 1, "key_as_string": "true", "doc_count": 2}
    assert found["average"] == {"value": 22 / 3}
    assert found["numbers"] == {"count": 2, "min": 2500.5, "max": 4000.0, "avg": 3250.25, "sum": 6500.5}
    assert found["cities"] == {"value": 3}
    assert found["english"]["doc_count"] == 3
    assert found["english"]["only"]["doc_count"] == 2
    assert buckets("english", "only", "levels") == [("Native", 1)]
    assert found["skills"]["names"]["buckets"] == [
        {"key": "Java", "doc_count": 2, "people": {"doc_count": 2}},
        {"key": "React", "doc_count": 2, "people": {"doc_count": 2}},
    ]
    assert buckets("steps") == [(0.0, 1), (5.0, 1), (10.0, 1)]
    assert [one["key_as_string"] for one in found["months"]["buckets"]] == [
        "2024-09-01T00:00:00.000Z",
        "2026-01-01T00:00:00.000Z",
        "2026-09-01T00:00:00.000Z",
    ]
    assert found["unpaid"] == {"doc_count": 1}
    assert found["named"] == {"buckets": {"red": {"doc_count": 2}}}
    (hit,) = found["mine"]["hits"]["hits"]["hits"]
    assert (hit["_source"], hit["fields"]) == ({"email": "ann@example.com"}, {"mine": ["x"]})


@pytest.mark.parametrize(
    ("body", "clause"),
    [
        ({"query": {"geo_distance": {}}}, "query `geo_distance`"),
        ({"query": {"function_score": {}}}, "query `function_score`"),
        ({"query": {"match": {"a": {"query": "b", "cutoff_frequency": 1}}}}, "option of `match` `cutoff_frequency`"),
        ({"query": {"query_string": {"query": "years:[1 TO 2]"}}}, "part of `query_string` `[1`"),
        ({"query": {"multi_match": {"query": "a", "type": "phrases"}}}, "type of `multi_match` `phrases`"),
        ({"aggs": {"a": {"percentiles": {"field": "years"}}}}, "aggregation `percentiles`"),
        ({"aggs": {"a": {"terms": {"script": "doc"}}}}, "option"),
        ({"highlight": {"fields": {}}}, "part of a search `highlight`"),
        ({"knn": {}}, "part of a search `knn`"),
        ({"sort": [{"_script": {}}]}, "sort `_script`"),
        ({"aggs": {"a": {"date_histogram": {"field": "since", "fixed_interval": "7d"}}}}, "interval"),
    ],
    ids=str,
)
def test_what_it_cannot_do_it_names(server: LocalElastic, body: Any, clause: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        server.answer("POST", "/people/_search", body)
    assert clause in caught.value.message
    assert "--cloud-endpoint" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"query": {"matches": {}}}, "unknown query [matches]"),
        ({"query": {"term": {"a": 1}, "match": {"a": 1}}}, "one clause"),
        ({"query": {"term": {}}}, "takes one field"),
        ({"query": {"terms": {"a": "b"}}}, "requires a list"),
        ({"query": {"regexp": {"city": "("}}}, "cannot be read"),
        ({"query": {"query_string": {"query": "(a"}}}, "Cannot parse '(a'"),
        ({"aggs": {"a": {"median": {"field": "years"}}}}, "unknown aggregation type [median]"),
        ({"aggs": {"a": {"avg": {}}}}, "Required one of fields"),
        ({"size": -1}, "[-1]"),
        ({"query": {"range": {"years": 5}}}, "[range] takes an object"),
        ({"sort": [{"years": "up"}]}, "SortOrder.up"),
        ({"sort": 5}, "[sort] takes names"),
        ({"_source": 5}, "[_source] takes names"),
        ({"aggs": {"a": {"terms": 5}}}, "[terms] takes an object"),
        ({"aggs": {"a": {"range": {"field": "years", "ranges": [5]}}}}, "[ranges] takes a list"),
        ({"aggs": {"a": {"range": {"field": "years", "ranges": [{"from": "x"}]}}}}, "[from] is neither"),
        ({"aggs": {"a": {"date_histogram": {"field": "far", "calendar_interval": "day"}}}}, "years 1 to 9999"),
    ],
    ids=str,
)
def test_what_a_server_refuses_too(server: LocalElastic, body: Any, reason: str) -> None:
    server.answer("PUT", "/people/_doc/far", {"far": 10**18})
    status, answer = server.answer("POST", "/people/_search", body)
    assert status == 400
    assert reason in answer["error"]["reason"]


def test_words_that_python_takes_for_numbers_are_words(server: LocalElastic) -> None:
    for number, word in enumerate(("inf", "nan", "-Infinity")):
        server.answer("PUT", f"/words/_doc/{number}", {"said": word})
    histogram = {"date_histogram": {"field": "said", "calendar_interval": "day"}}
    status, answer = server.answer("POST", "/words/_search", {"size": 0, "aggs": {"days": histogram}})
    assert (status, answer["aggregations"]["days"]) == (200, {"buckets": []})
    assert server.answer("POST", "/words/_count", {"query": {"term": {"said": "nan"}}})[1]["count"] == 1


#: Requests, each part of which is put in the place of a part by `test_no_odd_part_is_a_fault_of_ours`.
REQUESTS: list[tuple[str, Any]] = [
    ("/people/_search", {"query": {name: clause}})
    for name, clause in {
        "match": {"name": {"query": "ann", "operator": "and"}},
        "terms": {"city": ["Lima"]},
        "ids": {"values": ["bob"]},
        "range": {"years": {"gte": 1}},
        "wildcard": {"name": {"value": "A*"}},
        "multi_match": {"query": "ann", "fields": ["name"], "type": "best_fields"},
        "bool": {"must": [{"match_all": {}}], "should": [{"match_all": {}}], "minimum_should_match": 1},
        "nested": {"path": "skills", "query": {"term": {"skills.skill": "java"}}, "score_mode": "avg"},
        "query_string": {"query": "name:ann", "fields": ["name"]},
    }.items()
]
REQUESTS += [
    ("/people/_search", {"size": 0, "aggs": {"a": {name: asked, "aggs": {"b": {"avg": {"field": "years"}}}}}})
    for name, asked in {
        "terms": {"field": "city", "size": 3, "order": {"_count": "desc"}, "min_doc_count": 1, "missing": "none"},
        "filters": {"filters": {"all": {"match_all": {}}}},
        "nested": {"path": "skills"},
        "range": {"field": "years", "ranges": [{"from": 1, "to": 2, "key": "k"}]},
        "histogram": {"field": "years", "interval": 1},
        "date_histogram": {"field": "since", "calendar_interval": "day"},
    }.items()
]
REQUESTS += [
    ("/people/_search", {"sort": [{"years": {"order": "desc", "missing": "_last"}}], "_source": {"includes": ["a"]}}),
    ("/people/_search", {"aggs": {"a": {"top_hits": {"size": 1, "sort": [{"years": "desc"}], "_source": ["name"]}}}}),
    ("/_mget", {"docs": [{"_index": "people", "_id": "ann"}]}),
    ("/people/_mget", {"ids": ["ann"]}),
    ("/people/_bulk", [{"update": {"_id": "ann"}}, {"doc": {"years": 1}, "upsert": {"years": 1}}]),
    ("/_msearch", [{"index": "people"}, {"query": {"match_all": {}}}]),
    ("/people/_mapping", {"properties": {"years": {"type": "integer"}}}),
]
ODD: list[Any] = [5, -1, 1e308, 10**30, "x", "", [], [5], [None], {}, {"x": 5}, None, True, "\0"]


def with_each_part(value: Any, other: Any) -> list[Any]:
    """A value with one of its parts replaced, for each part."""
    made = [other]
    if isinstance(value, dict):
        made += [{**value, name: one} for name, part in value.items() for one in with_each_part(part, other)]
    elif isinstance(value, list):
        for index, part in enumerate(value):
            made += [[*value[:index], one, *value[index + 1 :]] for one in with_each_part(part, other)]
    return made


@pytest.mark.parametrize(("path", "request_body"), REQUESTS, ids=str)
def test_no_odd_part_is_a_fault_of_ours(server: LocalElastic, path: str, request_body: Any) -> None:
    for odd in ODD:
        for body in with_each_part(request_body, odd):
            try:
                status, _ = server.answer("POST", path, body)
            except XanoScriptError:
                continue
            assert status in (200, 400, 404), body


@pytest.mark.parametrize("least", [0, "50%", -1, None])
def test_a_wish_alone_must_come_true(server: LocalElastic, least: Any) -> None:
    wish = {"should": [{"match": {"country": "Peru"}}], "minimum_should_match": least}
    assert found(server, {"bool": wish}) == ["bob"]
    assert len(found(server, {"bool": {**wish, "filter": [{"match_all": {}}]}})) == 3


def test_documents_are_written_read_and_deleted(server: LocalElastic) -> None:
    assert server.answer("PUT", "/tides/_doc/a%2Fb", {"level": 1}).body["result"] == "created"
    assert server.answer("PUT", "/tides/_doc/a%2Fb", {"level": 2, "deep": {"x": 1, "y": 1}}).body["_version"] == 2
    assert server.answer("POST", "/tides/_update/a%2Fb", {"doc": {"deep": {"x": 2}}}).body["result"] == "updated"
    assert server.answer("POST", "/tides/_update/a%2Fb", {"doc": {"level": 2}}).body["result"] == "noop"
    status, got = server.answer("GET", "/tides/_doc/a%2Fb", None)
    assert (status, got["found"], got["_source"]) == (200, True, {"level": 2, "deep": {"x": 2, "y": 1}})
    assert server.answer("GET", "/tides/_source/a%2Fb", None).body == got["_source"]
    assert server.answer("PUT", "/tides/_create/a%2Fb", {}).status == 409
    made = server.answer("POST", "/tides/_doc", {"level": 5})
    assert (made.status, len(made.body["_id"])) == (201, 20)
    assert server.answer("DELETE", "/tides/_doc/a%2Fb", None).body["result"] == "deleted"
    assert server.answer("DELETE", "/tides/_doc/a%2Fb", None).status == 404
    assert server.answer("GET", "/tides/_doc/a%2Fb", None) == (
        404,
        {"_index": "tides", "_id": "a/b", "found": False},
    )
    assert server.answer("POST", "/tides/_update/none", {"doc": {}}).status == 404
    assert found(server, {"match": {"level": 2}}) == []


def test_a_line_of_bulk_ends_at_a_newline_alone(server: LocalElastic) -> None:
    server.answer("POST", "/tides/_bulk", '{"index": {"_id": "1"}}\n{"port": "Oban\u2028pier"}\r\n')
    assert server.answer("GET", "/tides/_source/1", None).body == {"port": "Oban\u2028pier"}


def test_bulk_and_its_lines(server: LocalElastic) -> None:
    lines = (
        '{"index": {"_index": "tides", "_id": "1"}}\n{"level": 1}\n{"create": {"_id": "1"}}\n{"level": 2}\n'
        '{"update": {"_id": "1"}}\n{"doc": {"port": "Oban"}}\n{"delete": {"_id": "2"}}\n{"update": {"_id": "3"}}\n'
        '{"doc": {"level": 3}, "doc_as_upsert": true}\n'
    )
    status, answer = server.answer("POST", "/tides/_bulk", lines)
    assert (status, answer["errors"]) == (200, True)
    outcomes = [(kind, one["status"], one.get("result")) for item in answer["items"] for kind, one in item.items()]
    assert outcomes == [
        ("index", 201, "created"),
        ("create", 409, None),
        ("update", 200, "updated"),
        ("delete", 404, "not_found"),
        ("update", 201, "created"),
    ]
    assert server.answer("GET", "/tides/_source/1", None).body == {"level": 1, "port": "Oban"}
    assert server.answer("POST", "/_bulk", '{"index": {}}\n{').status == 400
    assert server.answer("POST", "/_bulk", '{"put": {}}\n{}').status == 400


def test_indexes(server: LocalElastic) -> None:
    mapping = {"mappings": {"properties": {"level": {"type": "float"}}}, "settings": {"number_of_shards": 1}}
    assert server.answer("PUT", "/tides", mapping).body["acknowledged"] is True
    assert server.answer("PUT", "/tides", mapping).status == 400
    assert server.answer("GET", "/tides", None).body["tides"]["mappings"] == mapping["mappings"]
    assert server.answer("GET", "/tides/_mapping", None).body == {"tides": {"mappings": mapping["mappings"]}}
    assert server.answer("HEAD", "/tides", None).status == 200
    assert server.answer("HEAD", "/none", None).status == 404
    server.answer("PUT", "/tides/_doc/1", {"level": 1})
    both = server.answer("GET", "/people,tides/_search?size=1&q=level:1", None).body
    assert [hit["_index"] for hit in both["hits"]["hits"]] == ["tides"]
    assert server.answer("POST", "/t*/_count", {}).body["count"] == 1
    assert server.answer("POST", "/tides/_delete_by_query", {"query": {"match_all": {}}}).body["deleted"] == 1
    assert server.answer("DELETE", "/tides", None).status == 200
    assert server.answer("DELETE", "/tides", None).status == 404
    assert server.answer("GET", "/people/_mget", {"ids": ["ann", "none"]}).body["docs"][1]["found"] is False
    asked = [{}, {"query": {"term": {"_id": "ann"}}}, {"index": "none"}, {}]
    answers = server.answer("POST", "/people/_msearch", asked).body["responses"]
    assert [one["hits"]["total"]["value"] for one in answers] == [1, 0]
    with pytest.raises(UnavailableError, match="_cat"):
        server.answer("GET", "/_cat/indices", None)


def test_an_index_that_nobody_made_is_empty(server: LocalElastic) -> None:
    status, answer = server.answer("POST", "/nobody/_search", {"aggs": {"a": {"terms": {"field": "b"}}}})
    assert (status, answer["hits"]["total"]["value"]) == (200, 0)
    assert answer["aggregations"]["a"]["buckets"] == []


def test_documents_stay_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "cloud" / "search.db"
    first = DocumentStore(file)
    LocalElastic(first, "elasticsearch", NOW).answer("PUT", "/tides/_doc/1", {"port": "Oban"})
    first.close()
    again = LocalElastic(DocumentStore(file), "elasticsearch", NOW)
    assert again.answer("POST", "/tides/_count", {"query": {"match": {"port": "oban"}}}).body["count"] == 1
    other = LocalElastic(DocumentStore(file), "opensearch", NOW)
    assert other.answer("POST", "/tides/_count", {}).body["count"] == 0
    (tmp_path / "broken.db").write_text("not a database, but long enough to look like one" * 30)
    with pytest.raises(UnavailableError, match="cannot be used"):
        DocumentStore(tmp_path / "broken.db").names("elasticsearch")


# Algolia -------------------------------------------------------------------------------------------------------------

PRODUCTS = [
    {"objectID": "1", "name": "Blue lamp", "category": "lights", "price": 30, "stock": True, "tags": ["new", "blue"]},
    {"objectID": "2", "name": "Red chair", "category": "seats", "price": 80, "stock": False},
    {"objectID": "3", "name": "Blue chair", "category": "seats", "price": 120, "stock": True, "brand": {"name": "Oak"}},
]


@pytest.fixture
def shop() -> LocalAlgolia:
    made = LocalAlgolia(DocumentStore(None), "SHOP", NOW)
    body = {"requests": [{"action": "addObject", "body": one} for one in PRODUCTS]}
    assert made.answer("POST", "/1/indexes/products/batch", body).body["objectIDs"] == ["1", "2", "3"]
    return made


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"query": ""}, "1 2 3"),
        ({"query": "blue"}, "1 3"),
        ({"query": "blue ch"}, "3"),
        ({"query": "cha"}, "2 3"),
        ({"query": "chiar"}, "2 3"),
        ({"query": "oak"}, "3"),
        ({"query": "sofa"}, ""),
        ({"query": "lights", "restrictSearchableAttributes": ["name"]}, ""),
        ({"filters": "category:seats"}, "2 3"),
        ({"filters": "category:seats AND price<100"}, "2"),
        ({"filters": "price:50 TO 200 AND NOT stock:true"}, "2"),
        ({"filters": "(category:lights OR price >= 120) AND stock:true"}, "1 3"),
        ({"filters": 'name:"Red chair" OR tags:new'}, "1 2"),
        ({"filters": "price != 80"}, "1 3"),
        ({"filters": "price = 80"}, "2"),
        ({"facetFilters": ["category:seats", ["stock:true", "price:80"]]}, "2 3"),
        ({"facetFilters": ["category:-seats"]}, "1"),
        ({"hitsPerPage": 2, "page": 1}, "3"),
    ],
    ids=str,
)
def test_records_are_found(shop: LocalAlgolia, asked: Any, expected: str) -> None:
    status, answer = shop.answer("POST", "/1/indexes/products/query", asked)
    assert status == 200
    assert sorted(hit["objectID"] for hit in answer["hits"]) == expected.split()


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/1/indexes/*/queries", {"requests": 5}, "[requests] takes a list"),
        ("/1/indexes/*/queries", {}, "[requests] takes a list"),
        ("/1/indexes/harbours/batch", {"requests": ["x"]}, "[requests] takes a list"),
        ("/1/indexes/harbours/query", {"hitsPerPage": -1}, "`hitsPerPage`"),
        ("/1/indexes/harbours/query", {"page": "x"}, "`page`"),
        ("/1/indexes/harbours/query", {"facetFilters": "[a"}, "not JSON"),
        ("/1/indexes/harbours/query", {"facets": "[a"}, "not JSON"),
    ],
    ids=str,
)
def test_what_algolia_refuses_too(shop: LocalAlgolia, path: str, body: Any, reason: str) -> None:
    status, answer = shop.answer("POST", path, body)
    assert status == 400
    assert reason in answer["message"]


def test_facets_pages_and_settings(shop: LocalAlgolia) -> None:
    asked = {"query": "", "facets": ["category", "stock"], "hitsPerPage": 2, "attributesToRetrieve": ["price"]}
    answer = shop.answer("POST", "/1/indexes/products/query", asked).body
    assert answer["facets"] == {"category": {"seats": 2, "lights": 1}, "stock": {"true": 2, "false": 1}}
    assert (answer["nbHits"], answer["nbPages"], answer["page"], answer["hitsPerPage"]) == (3, 2, 0, 2)
    assert answer["hits"][0] == {"objectID": "1", "price": 30}
    settings = {
        "customRanking": ["desc(price)"],
        "searchableAttributes": ["name"],
        "attributesForFaceting": ["category"],
    }
    assert "taskID" in shop.answer("PUT", "/1/indexes/products/settings", settings).body
    assert shop.answer("GET", "/1/indexes/products/settings", None).body == settings
    found = shop.answer("GET", "/1/indexes/products?query=&facets=*", None).body
    assert [hit["objectID"] for hit in found["hits"]] == ["3", "2", "1"]
    assert found["facets"] == {"category": {"seats": 2, "lights": 1}}
    assert shop.answer("POST", "/1/indexes/products/query", {"query": "lights"}).body["nbHits"] == 0
    several = {"requests": [{"indexName": "products", "query": "lamp"}, {"indexName": "none", "params": "query=a"}]}
    results = shop.answer("POST", "/1/indexes/*/queries", several).body["results"]
    assert [one["nbHits"] for one in results] == [1, 0]


def test_records_are_changed(shop: LocalAlgolia) -> None:
    assert shop.answer("POST", "/1/indexes/products/1/partial", {"price": 31}).body["objectID"] == "1"
    assert shop.answer("GET", "/1/indexes/products/1", None).body["price"] == 31
    assert shop.answer("GET", "/1/indexes/products/9", None) == (
        404,
        {"message": "ObjectID does not exist", "status": 404},
    )
    shop.answer("DELETE", "/1/indexes/products/1", None)
    body = {"requests": [{"action": "deleteObject", "body": {"objectID": "2"}}, {"action": "updateObject", "body": {}}]}
    assert shop.answer("POST", "/1/indexes/products/batch", body).status == 400
    assert shop.answer("POST", "/1/indexes/products/query", {}).body["nbHits"] == 1
    assert shop.answer("POST", "/1/indexes/products/clear", {}).status == 200
    assert shop.answer("GET", "/1/indexes", None).body["items"] == []
    assert LocalAlgolia(shop._store, "OTHER", NOW).answer("GET", "/1/indexes", None).body["items"] == []


@pytest.mark.parametrize("text", ["category:", "(a:b", "a:b)", "a:b AND", "AND", "a < b"])
def test_filters_that_cannot_be_read(text: str) -> None:
    with pytest.raises(SearchError):
        filter_query(text)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/1/indexes/products/query", {"aroundLatLng": "1,2"}),
        ("/1/indexes/products/browse", {}),
        ("/1/indexes/products/1/partial", {"price": {"_operation": "Increment", "value": 1}}),
        ("/1/keys", {}),
    ],
)
def test_what_the_index_of_algolia_cannot_do(shop: LocalAlgolia, path: str, body: Any) -> None:
    if path.endswith("browse"):
        path += "/more/parts"
    with pytest.raises(UnavailableError, match="cannot do the"):
        shop.answer("POST", path, body)


def test_patterns_take_a_time_that_grows_with_the_text(server: LocalElastic) -> None:
    server.answer("PUT", "/people/_doc/long", {"name": "a" * 50_000})
    stars = {"wildcard": {"name.keyword": "*a" * 300 + "b"}}
    assert found(server, stars) == []
    assert found(server, {"regexp": {"name.keyword": "(a+)+(a+)+b"}}) == []


def test_many_documents_are_written_and_changed(server: LocalElastic) -> None:
    lines = [one for number in range(1_000) for one in ({"index": {"_id": str(number)}}, {"n": number, "t": "word"})]
    for _ in range(2):
        _, answer = server.answer("POST", "/many/_bulk", lines)
    assert answer["items"][0]["index"]["_version"] == 2
    assert server.answer("POST", "/many/_count", {"query": {"match": {"t": "word"}}}).body["count"] == 1_000
