"""The statements of search services: on the index of this machine, and what they send to a real server."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from recording_server import RecordingServer, recording

import xsrun
from xsrun.cli import main
from xsrun.errors import InputError, UnavailableError, XanoScriptError
from xsrun.services.network import NetworkPolicy
from xsrun.services.recording import Recording
from xsrun.services.search.algolia import LocalAlgolia
from xsrun.services.search.documents import DocumentStore
from xsrun.services.search.elastic import LocalElastic

NOW = 1_790_000_000_000
AWS = 'key_id = "AKID"\naccess_key = $env.SECRET\nregion = "eu-west-1"'
ELASTIC = 'key_id = "harbour"\naccess_key = $env.SECRET'
ENV = {"SECRET": "s3cr3t-of-search"}


def run(source: str, **options: Any) -> Any:
    """The variables that statements leave; raises the program's error."""
    with xsrun.Workspace.from_sources({"main.xs": source}, env=ENV, **options) as workspace:
        result = workspace.run()
    if result.error is not None:
        raise result.error
    return result.response


def statement(name: str, attributes: str, result: str = "x") -> str:
    return f"cloud.{name} {{\n{attributes}\n}} as ${result}\n"


@pytest.fixture
def elastic() -> Iterator[RecordingServer]:
    store = DocumentStore(None)
    engine = LocalElastic(store, "elasticsearch", NOW)
    with recording(engine.answer, {"X-Elastic-Product": "Elasticsearch"}) as server:
        yield server


# The index of this machine -------------------------------------------------------------------------------------------

PUT = 'method = "PUT"\nindex = "tides"\ndoc_id = "{}"\ndoc = {}'


@pytest.mark.parametrize(("service", "account"), [("elasticsearch", ELASTIC), ("aws.opensearch", AWS)])
def test_documents_and_queries(service: str, account: str) -> None:
    source = "".join(
        statement(f"{service}.document", f'{account}\nbase_url = "https://search.example.com"\n' + PUT.format(key, doc))
        for key, doc in (
            ("1", '{port: "Oban", level: 3}'),
            ("2", '{port: "Ullapool", level: 5}'),
            ("3", '"{\\"level\\": 9}"'),
        )
    )
    source += statement(f"{service}.document", f'{account}\nindex = "tides"\ndoc_id = "2"', "two")
    source += statement(f"{service}.document", f'{account}\nindex = "tides"\ndoc_id = "9"', "none")
    source += statement(f"{service}.document", f'{account}\nmethod = "DELETE"\nindex = "tides"\ndoc_id = "3"', "gone")
    source += statement(f"{service}.document", f'{account}\nmethod = "DELETE"\nindex = "tides"\ndoc_id = "3"', "lost")
    wizard = (
        'expression = [{field: "level", op: "gt", value: "2"}]\nsize = 1\nfrom = 1\n'
        'sort = [{field: "level", order: "desc"}]\nincluded_fields = "port, other"\npayload = {}'
    )
    source += statement(f"{service}.query", f'{account}\nindex = "tides"\n{wizard}', "wizard")
    source += statement(f"{service}.query", f'{account}\nindex = "tides"\npayload = ""\nreturn_type = "count"', "all")
    own = 'payload = \'{"query": {"match": {"port": "oban"}}, "size": 5}\'\nsize = ""\nfrom = 7\nsort = []'
    source += statement(f"{service}.query", f'{account}\nindex = "tides"\n{own}', "own")
    source += statement(f"{service}.request", f'{account}\nurl = "/tides/_count"\nquery = {{}}', "raw")
    found = run(source)
    assert found["two"]["_source"] == {"port": "Ullapool", "level": 5}
    assert (found["none"], found["gone"]["result"], found["lost"]) == (404, "deleted", 404)
    assert found["wizard"]["hits"]["total"]["value"] == 2
    assert [hit["_source"] for hit in found["wizard"]["hits"]["hits"]] == [{"port": "Oban"}]
    assert found["all"]["count"] == found["raw"]["count"] == 2
    assert [hit["_id"] for hit in found["own"]["hits"]["hits"]] == []  # `from` of the statement, `size` of the payload


@pytest.mark.parametrize(
    ("condition", "query"),
    [
        ('{field: "a", value: 1}', {"must": [{"match": {"a": 1}}]}),
        ('{field: "a", op: "!=", value: 1}', {"must_not": [{"match": {"a": 1}}]}),
        ('{field: "a", op: ">=", value: 1}', {"must": [{"range": {"a": {"gte": 1}}}]}),
        ('{field: "a", op: "in", value: [1]}', {"must": [{"terms": {"a": [1]}}]}),
        (
            '{field: "a", op: "contains", value: "b"}',
            {"must": [{"wildcard": {"a": {"value": "*b*", "case_insensitive": True}}}]},
        ),
        ('{field: "a", op: "exists"}', {"must": [{"exists": {"field": "a"}}]}),
    ],
    ids=str,
)
def test_expressions_become_queries(elastic: RecordingServer, condition: str, query: Any) -> None:
    attributes = f'{ELASTIC}\nbase_url = "{elastic.url}"\nindex = "t"\nexpression = [{condition}]'
    run(statement("elasticsearch.query", attributes))
    assert elastic.seen[-1].body == {"query": {"bool": query}}


def test_the_run_says_that_a_stand_in_answered() -> None:
    query = f'{ELASTIC}\nindex = "tides"\npayload = {{}}'
    source = statement("elasticsearch.query", query) + statement("elasticsearch.query", query)
    with xsrun.Workspace.from_sources({"main.xs": source}, env=ENV) as workspace:
        (told,) = workspace.run().warnings
    assert told.message == (
        "`cloud.elasticsearch.query` was answered by xsrun's stand-in for Elasticsearch; "
        "--cloud-endpoint elasticsearch=URL asks the real one"
    )


def test_documents_stay_with_a_workspace_and_tests_have_their_own(tmp_path: Path) -> None:
    put = statement("elasticsearch.document", PUT.format("1", "{a: 1}"), "put")
    count = statement("elasticsearch.query", 'index = "tides"\nreturn_type = "count"', "n")
    test = '  test "{}" {{\n    expect.to_equal ($response) {{\n      value = 0\n    }}\n  }}\n'
    (tmp_path / "a.xs").write_text(
        "function a {\n  input {\n  }\n  stack {\n" + count + put + "  }\n  response = $n.count\n"
        f"{test.format('one')}{test.format('two')}}}\n"
    )
    for expected in (0, 1):
        with xsrun.Workspace.load(tmp_path) as workspace:
            assert workspace.run().response == expected
            report = workspace.test()
            assert (report.passed, report.failed) == (2, 0), [one.message for one in report.results]
    assert (tmp_path / ".xsrun" / "cloud" / "search.db").exists()


@pytest.mark.parametrize(
    ("name", "attributes", "problem"),
    [
        ("elasticsearch.document", 'index = ""\ndoc_id = "1"', "Missing param: index"),
        ("elasticsearch.document", 'index = "a"', "Missing param: doc_id"),
        ("elasticsearch.document", 'index = "a"\ndoc_id = "1"\nmethod = "PATCH"', "'PATCH'"),
        ("elasticsearch.document", 'index = "a"\ndoc_id = "1"\nauth_type = "Key"', "'Key'"),
        ("elasticsearch.document", 'method = "PUT"\nindex = "a"\ndoc_id = "1"\ndoc = "text"', "doc is not JSON"),
        ("elasticsearch.query", 'index = "a"\npayload = "[1]"', "payload is not an object"),
        ("elasticsearch.query", 'index = "a"\nexpression = [{field: "a", op: "near"}]', "'near'"),
        ("elasticsearch.query", 'index = "a"\nexpression = [{op: "eq"}]', "no field"),
        ("elasticsearch.query", 'index = "a"\nreturn_type = "all"', "'all'"),
        ("elasticsearch.request", 'method = "GET"', "Missing param: url"),
        ("elasticsearch.bulk", 'index = "a"\noperations = [{action: "drop"}]', "'drop'"),
        ("aws.opensearch.query", 'index = "a"\nregion = "a b"', "'a b'"),
        ("algolia.search", 'app_id = "A"\nquery = "a"', "Missing param: index"),
        ("algolia.delete_object", 'app_id = "A"\nindex = "a"', "Missing param: objectID"),
    ],
)
def test_attributes_that_make_no_sense(name: str, attributes: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        run(f"cloud.{name} {{\n{attributes}\n}}")


def test_a_clause_that_the_stand_in_cannot_do_is_no_fault_of_the_program() -> None:
    source = statement("elasticsearch.query", 'index = "a"\npayload = {query: {geo_shape: {}}}')
    with pytest.raises(UnavailableError, match="cannot do the query `geo_shape`"):
        run(f"try_catch {{\n  try {{\n{source}  }}\n  catch {{\n  }}\n}}")


# A real server -------------------------------------------------------------------------------------------------------


def test_a_server_is_asked(elastic: RecordingServer) -> None:
    base = f'{ELASTIC}\nbase_url = "{elastic.url}/"\nindex = "ti/des"'
    source = statement("elasticsearch.document", base + '\nmethod = "POST"\ndoc = {port: "Oban"}', "made")
    source += statement("elasticsearch.document", base + "\ndoc_id = $made._id", "got")
    source += statement("elasticsearch.query", base + '\npayload = {query: {match: {port: "oban"}}}', "found")
    with xsrun.Workspace.from_sources({"main.xs": source}, env=ENV) as workspace:
        result = workspace.run()
    assert result.error is None, result.error
    assert result.warnings == []
    assert result.response["found"]["hits"]["hits"][0]["_id"] == result.response["made"]["_id"]
    post, get, search = elastic.seen
    key = base64.b64encode(b"harbour:s3cr3t-of-search").decode()
    assert (post.method, post.path, post.body) == ("POST", "/ti%2Fdes/_doc", {"port": "Oban"})
    assert (get.method, get.path, get.body) == ("GET", f"/ti%2Fdes/_doc/{result.response['made']['_id']}", None)
    assert (search.method, search.path) == ("POST", "/ti%2Fdes/_search")
    assert {one.headers["authorization"] for one in elastic.seen} == {f"ApiKey {key}"}


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ('auth_type = "Basic"\nkey_id = "ann"\naccess_key = "secret-1"', "Basic YW5uOnNlY3JldC0x"),
        ('auth_type = "Bearer"\naccess_key = "secret-1"', "Bearer secret-1"),
        ('auth_type = "bearer"\nkey_id = "secret-1"', "Bearer secret-1"),
        ("", None),
    ],
)
def test_ways_to_prove_oneself(elastic: RecordingServer, account: str, expected: str | None) -> None:
    run(statement("elasticsearch.request", f'{account}\nurl = "{elastic.url}/a/_count"'))
    assert elastic.seen[-1].headers.get("authorization") == expected


def test_what_a_server_refuses_is_an_error_with_its_reason(elastic: RecordingServer) -> None:
    source = statement(
        "elasticsearch.query", f'base_url = "{elastic.url}"\nindex = "a"\npayload = {{query: {{no: 1}}}}'
    )
    with pytest.raises(XanoScriptError, match=r"unknown query \[no\] \(HTTP 400\)") as caught:
        run(source)
    assert caught.value.catchable
    with pytest.raises(XanoScriptError, match="Failed to connect"):
        run(source.replace(elastic.url, "http://127.0.0.1:9"))


def test_an_endpoint_stands_for_all_statements(
    elastic: RecordingServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "main.xs").write_text(statement("elasticsearch.query", 'index = "a"\nreturn_type = "count"'))
    words = ["run", str(tmp_path / "main.xs"), "--cloud-endpoint", f"elasticsearch={elastic.url}"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["x"]["count"] == 0
    assert elastic.seen[-1].path == "/a/_count"


def test_a_search_is_recorded_and_replayed(elastic: RecordingServer, tmp_path: Path) -> None:
    attributes = f'{ELASTIC}\nbase_url = "{elastic.url}"\nindex = "a"\npayload = {{query: {{match: {{b: "c"}}}}}}'
    source = statement("elasticsearch.query", attributes)
    file = tmp_path / "r.json"
    seen = run(source, network=NetworkPolicy(recording=Recording(file, replaying=False)))
    assert "s3cr3t" not in file.read_text()
    assert run(source, network=NetworkPolicy(recording=Recording(file, replaying=True))) == seen
    assert len(elastic.seen) == 1


def test_secrets_stay_out_of_logs() -> None:
    source = statement("elasticsearch.query", f'{ELASTIC}\nindex = "a"') + "debug.log {\n  value = $env.SECRET\n}\n"
    with xsrun.Workspace.from_sources({"main.xs": source}, env=ENV) as workspace:
        result = workspace.run(trace=True)
    assert [entry.value for entry in result.logs] == ["***"]
    assert ENV["SECRET"] not in repr(result.trace)


# The official clients ------------------------------------------------------------------------------------------------


def client(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed: pip install --group clients")


def shape(server: RecordingServer, start: int = 0) -> list[tuple[str, str, Any, str | None]]:
    """What requests ask, and with which proof."""
    return [(one.method, one.path, one.body, one.headers.get("authorization")) for one in server.seen[start:]]


def test_elastics_client_sends_the_same(elastic: RecordingServer) -> None:
    package = client("elasticsearch")
    helpers = client("elasticsearch.helpers")
    query = {"match": {"port": "oban"}}
    with package.Elasticsearch(elastic.url, api_key=("harbour", ENV["SECRET"])) as official:
        official.index(index="tides", id="a/b c", document={"port": "Oban"})
        assert official.get(index="tides", id="a/b c")["_source"] == {"port": "Oban"}
        assert official.search(index="tides", query=query, size=5)["hits"]["total"]["value"] == 1
        assert official.count(index="tides", query=query)["count"] == 1
        actions = [
            {"_op_type": "index", "_index": "tides", "_id": "2", "_source": {"level": 1}},
            {"_op_type": "delete", "_index": "tides", "_id": "2"},
        ]
        assert helpers.bulk(official, actions) == (2, [])
        official.delete(index="tides", id="a/b c")
    theirs = shape(elastic)
    base = f'{ELASTIC}\nbase_url = "{elastic.url}"\nindex = "tides"'
    run(
        statement("elasticsearch.document", base + '\nmethod = "PUT"\ndoc_id = "a/b c"\ndoc = {port: "Oban"}')
        + statement("elasticsearch.document", base + '\ndoc_id = "a/b c"')
        + statement("elasticsearch.query", base + '\nquery = {match: {port: "oban"}}\nsize = 5')
        + statement("elasticsearch.query", base + '\nquery = {match: {port: "oban"}}\nreturn_type = "count"')
        + statement(
            "elasticsearch.bulk",
            base + '\noperations = [{action: "index", id: "2", doc: {level: 1}}, {action: "delete", id: "2"}]',
        )
        + statement("elasticsearch.document", base + '\nmethod = "DELETE"\ndoc_id = "a/b c"')
    )
    ours = shape(elastic, len(theirs))
    assert ours == [("POST", *one[1:]) if one[1] == "/_bulk" else one for one in theirs]  # either verb will do


def test_opensearchs_client_signs_the_same(elastic: RecordingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    package = client("opensearchpy")
    credentials = client("botocore.credentials").Credentials("AKID", ENV["SECRET"])
    host = elastic.url.removeprefix("http://")
    signer = package.Urllib3AWSV4SignerAuth(credentials, "eu-west-1", "es")
    official = package.OpenSearch(
        [elastic.url], http_auth=signer, use_ssl=False, connection_class=package.Urllib3HttpConnection
    )
    official.search(index="tides", body={"query": {"match": {"port": "oban"}}})
    theirs = elastic.seen[-1]
    # the same moment, and the headers that their client signs
    from datetime import UTC, datetime

    from xsrun.services.aws_signature import AwsAccount, signed_headers

    moment = datetime.strptime(theirs.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    run(
        statement(
            "aws.opensearch.query",
            f'{AWS}\nbase_url = "{elastic.url}"\nindex = "tides"\nquery = {{match: {{port: "oban"}}}}',
        )
    )
    ours = elastic.seen[-1]
    assert (ours.method, ours.path, ours.body) == (theirs.method, theirs.path, theirs.body)
    for one in (ours, theirs):
        assert one.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    # what ours signed is what its own headers say, as the server would check it
    stamp = datetime.strptime(ours.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    account = AwsAccount("AKID", ENV["SECRET"], "eu-west-1", "es")
    body = json.dumps(ours.body, separators=(",", ":")).encode()
    again = signed_headers(
        account, stamp, "POST", f"http://{host}{ours.path}", [("Content-Type", ours.headers["content-type"])], body
    )
    assert dict(again)["Authorization"] == ours.headers["authorization"]
    assert abs((stamp - moment).total_seconds()) < 3_600


def test_algolias_client_sends_the_same() -> None:
    search = client("algoliasearch.search.client")
    config = client("algoliasearch.search.config")
    hosts = client("algoliasearch.http.hosts")
    engine = LocalAlgolia(DocumentStore(None), "HARBOUR", NOW)
    with recording(engine.answer) as server:
        settings = config.SearchConfig("HARBOUR", ENV["SECRET"])
        address, _, port = server.url.removeprefix("http://").partition(":")
        settings.hosts = hosts.HostsCollection([hosts.Host(url=address, scheme="http", port=int(port))])
        official = search.SearchClientSync.create_with_config(settings)
        official.add_or_update_object("tides", "oban 1", {"port": "Oban", "objectID": "oban 1"})
        official.batch(
            "tides", {"requests": [{"action": "updateObject", "body": {"objectID": "2", "port": "Ullapool"}}]}
        )
        found = official.search_single_index("tides", {"query": "oban", "hitsPerPage": 5, "facets": ["port"]})
        assert [hit.object_id for hit in found.hits] == ["oban 1"]
        official.set_settings("tides", {"searchableAttributes": ["port"]})
        official.delete_object("tides", "oban 1")
        theirs = list(server.seen)
        account = 'app_id = "HARBOUR"\napi_key = $env.SECRET\nindex = "tides"'
        run(
            f'cloud.algolia.save_object {{\n{account}\nobject = {{port: "Oban", objectID: "oban 1"}}\n}}\n'
            f'cloud.algolia.save_objects {{\n{account}\nobjects = [{{objectID: "2", port: "Ullapool"}}]\n}}\n'
            f'cloud.algolia.search {{\n{account}\nquery = "oban"\nhitsPerPage = 5\nfacets = ["port"]\n}}\n'
            f'cloud.algolia.set_settings {{\n{account}\nsettings = {{searchableAttributes: ["port"]}}\n}}\n'
            f'cloud.algolia.delete_object {{\n{account}\nobjectID = "oban 1"\n}}\n',
            cloud={"algolia": server.url},
        )
        ours = server.seen[len(theirs) :]
    assert [(one.method, one.path, one.body) for one in ours] == [(one.method, one.path, one.body) for one in theirs]
    for one in (*ours, *theirs):
        assert one.headers["x-algolia-application-id"] == "HARBOUR"
        assert one.headers["x-algolia-api-key"] == ENV["SECRET"]


def test_algolias_own_hosts_are_named() -> None:
    source = 'cloud.algolia.search {\napp_id = "HARBOUR"\nindex = "a"\nquery = "b"\n}\n'
    with xsrun.Workspace.from_sources({"main.xs": source}) as workspace:
        (told,) = workspace.run().warnings
    assert "--allow-net harbour-dsn.algolia.net" in told.message
