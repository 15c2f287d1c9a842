"""While a query does its worst, others are answered: it goes on until another request tells it to end."""

from __future__ import annotations

import pytest
from databases import new_database
from http_server import running
from waiting import Gate, in_threads

import xsrun
from xsrun.server import create_application

COUNTING = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 100000) SELECT count(*) AS n FROM c"
#: what keeps a server busy -> statements that do it for a while
WORK = {
    "passes": "var $n { value = (1..300000)|count }",
    "filter": "var $n { value = (1..30000)|filter:$$ > 3|count }",
    "sort": "var $n { value = (1..200000)|reverse|sort|count }",
    "pattern": 'var $n { value = "/(a+)+b/"|regex_test:("a"|fill:0:24|join:"") }',
    "json": "var $n { value = (1..50000)|json_encode|json_decode|count }",
    "text": 'var $n { value = "ab"|fill:0:300000|join:""|to_upper|strlen }',
    "digest": 'var $n { value = "a"|fill:0:500000|join:""|sha512 }',
    "template": 'util.template_engine { value = "{% for a in 1..20000 %}x{% endfor %}" } as $n',
    "rows": "db.query item { where = $db.item.name != null } as $n",
    "direct": f'db.direct_query {{ sql = "{COUNTING}"\n response_type = "single" }} as $n',
    "write": 'db.add item { data = {name: "x"} } as $n',
    "transaction": 'db.transaction { stack { db.add item { data = {name: "x"} } as $n } }',
    "password": "security.create_password { character_count = 50000 } as $n",
    "key": 'security.create_rsa_key { bits = 2048\n format = "object" } as $n',
}


def query(name: str, stack: str, response: str) -> str:
    return (
        f'query "{name}" verb=GET {{\n  api_group = "g"\n  input {{\n  }}\n  stack {{\n{stack}\n  }}\n'
        f"  response = {response}\n}}\n"
    )


def files(work: str) -> dict[str, str]:
    until_told = f"""    util.sleep {{ value = 1 }}
    redis.get {{ key = "end" }} as $end
    while ($end == null) {{
      each {{
      {work}
      redis.get {{ key = "end" }} as $end
      }}
    }}"""
    return {
        "g.xs": 'api_group g {\n  canonical = "g"\n}\n',
        "item.xs": "table item {\n  auth = false\n  schema {\n    int id\n    text name\n  }\n}\n",
        "worst.xs": query("worst", until_told, "$end"),
        "ping.xs": query("ping", '    db.query item { return = {type: "exists"} } as $r', '"here"'),
        "end.xs": query("end", '    redis.set { key = "end"\n data = 1 }', '"told"'),
    }


@pytest.mark.parametrize("backend", ["memory", pytest.param("file", marks=pytest.mark.slow)])
@pytest.mark.parametrize("work", WORK)
def test_others_are_answered(work: str, backend: str) -> None:
    limits = xsrun.Limits(steps=None, seconds=None, memory=None)
    with xsrun.Workspace.from_sources(files(WORK[work]), database=new_database(backend), limits=limits) as workspace:
        workspace.sleep = gate = Gate()
        with running(create_application(workspace)) as client:
            ended = []
            with in_threads(lambda: ended.append(client.get("/api:g/worst"))):
                gate.wait_until_asleep()
                gate.open()
                for _ in range(3):
                    assert client.get("/api:g/ping").json == "here"
                assert ended == []
                assert client.get("/api:g/end").json == "told"
            assert [(one.status, one.json) for one in ended] == [(200, 1)]
