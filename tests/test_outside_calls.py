"""`api.request` and its kin against a real server on loopback, the network policy, recordings, streamed answers."""

from __future__ import annotations

import datetime
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_server import Server, serving

import xsrun
from xsrun.errors import InputError, LimitError, UnavailableError, UsageError, XanoScriptError
from xsrun.services.http_messages import body_of, build_query, header_lines, with_query
from xsrun.services.network import NetworkPolicy, is_loopback
from xsrun.services.recording import Recording


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def run(source: str, **options: Any) -> Any:
    """The variables that statements leave; raises the program's error."""
    with xsrun.Workspace.from_sources({"main.xs": source}, **options) as workspace:
        result = workspace.run()
    if result.error is not None:
        raise result.error
    return json.loads(json.dumps(result.response, default=repr))


def call(server: Server, path: str, attributes: str = "", statement: str = "api.request", **options: Any) -> Any:
    """The result of one call."""
    url = "" if "url =" in attributes else f'url = "{server.url}{path}"'
    return run(f"{statement} {{\n{url}\n{attributes}\n}} as $r", **options)["r"]


def echo(server: Server, attributes: str, path: str = "/echo") -> Any:
    return call(server, path, attributes)["response"]["result"]


def headers_of(seen: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in seen["headers"]}


# Requests ------------------------------------------------------------------------------------------------------------


def test_params_of_get_are_the_query_string(server: Server) -> None:
    seen = echo(server, 'method = "GET"\nparams = {q: "a b", list: [1, 2], deep: {x: true}, none: null}', "/echo?k=v")
    assert seen["query"] == "k=v&q=a+b&list%5B0%5D=1&list%5B1%5D=2&deep%5Bx%5D=1"
    assert seen["body"] == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_params_of_other_methods_are_json(server: Server, method: str) -> None:
    seen = echo(server, f'method = "{method}"\nparams = {{a: [1, "ø"], b: null}}')
    assert seen["method"] == method
    assert json.loads(seen["body"]) == {"a": [1, "ø"], "b": None}
    assert headers_of(seen)["content-type"] == "application/json"


def test_a_form_where_the_header_says_so(server: Server) -> None:
    header = '"content-type: application/x-www-form-urlencoded"'
    seen = echo(server, f'method = "POST"\nparams = {{a: "x y", b: {{c: 1}}}}\nheaders = [{header}]')
    assert seen["body"] == "a=x+y&b%5Bc%5D=1"


def test_texts_and_the_nameless_member_are_the_body_as_they_are(server: Server) -> None:
    assert echo(server, 'method = "POST"\nparams = "raw & ready"')["body"] == "raw & ready"
    seen = echo(server, 'method = "POST"\nparams = {}|set:"":"bytes"\nheaders = ["Content-Type: image/png"]')
    assert (seen["body"], headers_of(seen)["content-type"]) == ("bytes", "image/png")


def test_headers_come_in_order_and_nothing_is_added_but_what_http_needs(server: Server) -> None:
    seen = echo(server, 'method = "GET"\nheaders = ["X-One: 1", "X-Two: a: b", "X-One: 2", "no colon", "Accept:"]')
    assert [pair for pair in seen["headers"] if pair[0].startswith("X-")] == [
        ["X-One", "1"],
        ["X-Two", "a: b"],
        ["X-One", "2"],
    ]
    assert set(headers_of(seen)) == {"host", "x-one", "x-two", "accept-encoding"}


def test_files_make_a_multipart_form(server: Server) -> None:
    source = f"""
    storage.create_file_resource {{
      filename = "tide.txt"
      filedata = "high"
    }} as $file
    api.request {{
      url = "{server.url}/echo"
      method = "POST"
      params = {{note: "x", files: [$file]}}
    }} as $r
    var $file {{ value = null }}
    """
    seen = run(source)["r"]["response"]["result"]
    assert headers_of(seen)["content-type"].startswith("multipart/form-data; boundary=")
    assert 'name="files[0]"; filename="tide.txt"' in seen["body"]
    assert "text/plain\r\n\r\nhigh\r\n" in seen["body"]


def test_the_shape_of_a_result(server: Server) -> None:
    result = call(server, "/text", 'method = "get"\nparams = {a: 1}\nheaders = ["X-A: b"]')
    assert result["request"] == {
        "url": f"{server.url}/text",
        "method": "GET",
        "headers": ["X-A: b"],
        "params": {"a": 1},
    }
    assert set(result["response"]) == {"headers", "result", "status"}
    assert result["response"]["status"] == 200
    assert result["response"]["headers"][0] == "HTTP/1.1 200 OK"
    assert "Content-Type: text/plain; charset=utf-8" in result["response"]["headers"]


def test_cookies_of_one_call_are_not_sent_by_the_next(server: Server) -> None:
    call_twice = (
        f'api.request {{ url = "{server.url}/echo"\n }} as $a\napi.request {{ url = "{server.url}/echo"\n }} as $b'
    )
    assert "cookie" not in headers_of(run(call_twice)["b"]["response"]["result"])


def test_what_is_no_method_or_url_is_refused(server: Server) -> None:
    with pytest.raises(InputError) as caught:
        call(server, "/echo", 'method = "FETCH"')
    assert caught.value.param == "method"
    with pytest.raises(InputError):
        run('api.request { method = "GET"\n } as $r')


# Answers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("/text", "høj vande"),
        ("/html-json", {"level": 3}),
        ("/broken-json", '{"level": '),
        ("/gzip", {"packed": True}),
        ("/empty", ""),
        ("/list", [1, 2, 3]),
    ],
)
def test_bodies_are_decoded_where_they_can_be(server: Server, path: str, result: Any) -> None:
    assert call(server, path)["response"]["result"] == result


def test_a_binary_body_keeps_its_bytes(server: Server) -> None:
    source = f"""
    api.request {{ url = "{server.url}/binary"
    }} as $r
    var $r {{ value = $r.response.result|bin2hex }}
    """
    assert run(source)["r"] == bytes(range(256)).hex()


def test_an_error_status_raises_nothing(server: Server) -> None:
    response = call(server, "/nowhere")["response"]
    assert (response["status"], response["result"]) == (404, {"error": "no such page"})


def test_head_and_options(server: Server) -> None:
    assert call(server, "/echo", 'method = "HEAD"')["response"]["result"] == ""
    assert echo(server, 'method = "OPTIONS"')["method"] == "OPTIONS"


# Redirects -----------------------------------------------------------------------------------------------------------


def test_redirects_are_followed(server: Server) -> None:
    assert echo(server, 'method = "GET"', "/moved")["path"] == "/echo"
    seen = echo(server, 'method = "POST"\nparams = {a: 1}', "/see-other")
    assert (seen["method"], seen["body"]) == ("GET", "")
    seen = echo(server, 'method = "POST"\nparams = {a: 1}', "/kept")
    assert (seen["method"], seen["body"], seen["query"]) == ("POST", '{"a":1}', "kept=1")


def test_redirects_are_left_alone_on_request(server: Server) -> None:
    response = call(server, "/moved", "follow_location = false")["response"]
    assert response["status"] == 302
    assert "Location: /echo" in response["headers"]


def test_a_circle_of_redirects_ends(server: Server) -> None:
    response = call(server, "/loop")["response"]
    assert (response["status"], response["result"]) == (0, False)
    assert "redirects followed" in response["error"]


def test_a_redirect_to_a_host_that_nobody_allowed_is_refused(server: Server) -> None:
    with pytest.raises(UnavailableError, match=r"example\.com/secret"):
        call(server, "/away")


# Failures ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "seconds", "reason"),
    [
        ("/slow", 0.3, "timed out after"),
        ("/drip", 0.3, "timed out after"),
        ("/hang-up", 60, "Empty reply from server"),
        ("/cut", 60, "outstanding read data"),
        ("/nonsense", 60, ""),
        ("/bad-gzip", 60, "content unencoding"),
    ],
)
def test_failures_are_answers_of_status_0(server: Server, path: str, seconds: float, reason: str) -> None:
    response = call(server, path, f"timeout = {seconds}")["response"]
    assert (response["status"], response["result"], response["headers"]) == (0, False, [])
    assert reason in response["error"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9/", "Failed to connect to 127.0.0.1 port 9: Connection refused"),
        ("ftp://127.0.0.1/x", 'Protocol "ftp" not supported'),
        ("file:///etc/passwd", 'Protocol "file" not supported'),
        ("http://", "URL rejected"),
        ("http://127.0.0.1:99999/", "URL rejected"),
        ("http://[::1/", "URL rejected"),
    ],
)
def test_addresses_that_lead_nowhere(server: Server, url: str, reason: str) -> None:
    response = call(server, "", f'url = "{url}"\ntimeout = 60')["response"]
    assert response["status"] == 0
    assert reason in response["error"]


@pytest.mark.parametrize("path", ["/large", "/bomb"])
def test_an_answer_larger_than_a_value_may_be_ends_the_run(server: Server, path: str) -> None:
    with pytest.raises(LimitError, match="limit is 1,000,000"):
        call(server, path, limits=xsrun.Limits(size=1_000_000))


def test_the_time_limit_of_the_run_counts(server: Server) -> None:
    with pytest.raises(LimitError, match="time limit"):
        call(server, "/slow", "timeout = 60", limits=xsrun.Limits(seconds=0.3))


def test_a_failure_is_no_error_that_a_program_must_catch(server: Server) -> None:
    source = f"""
    try_catch {{
      try {{
        api.request {{ url = "{server.url}/hang-up"
        }} as $r
        var $way {{ value = "try" }}
      }}
      catch {{
        var $way {{ value = "catch" }}
      }}
    }}
    """
    assert run(source)["way"] == "try"


# Certificates --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server with a certificate of its own making, and that certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(pem + private)
    with serving() as running:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        running.socket = context.wrap_socket(running.socket, server_side=True)
        yield f"https://localhost:{running.server_address[1]}", pem.decode()


def test_certificates_are_tested_unless_the_program_says_otherwise(server: Server, secure: tuple[str, str]) -> None:
    url, certificate = secure
    response = call(server, "", f'url = "{url}/text"')["response"]
    assert response["status"] == 0
    assert "certificate" in response["error"]
    assert call(server, "", f'url = "{url}/text"\nverify_peer = false')["response"]["status"] == 200
    source = f'api.request {{ url = "{url}/text"\n ca_certificate = $env.CA\n }} as $r'
    assert run(source, env={"CA": certificate})["r"]["response"]["status"] == 200
    other = url.replace("localhost", "127.0.0.1")
    source = f'api.request {{ url = "{other}/text"\n ca_certificate = $env.CA\n verify_host = VERIFY\n }} as $r'
    assert run(source.replace("VERIFY", "true"), env={"CA": certificate})["r"]["response"]["status"] == 0
    assert run(source.replace("VERIFY", "false"), env={"CA": certificate})["r"]["response"]["status"] == 200


def test_certificates_that_are_none(server: Server, secure: tuple[str, str]) -> None:
    for attribute in ("ca_certificate", "certificate"):
        response = call(server, "", f'url = "{secure[0]}/text"\n{attribute} = "nonsense"')["response"]
        assert response["status"] == 0
        assert response["error"]


# The policy ----------------------------------------------------------------------------------------------------------


def test_other_machines_are_refused_unless_named() -> None:
    with pytest.raises(UnavailableError) as caught:
        run('try_catch { try { api.request { url = "https://example.com/a?key=1"\n } as $r\n } catch { } }')
    assert "example.com" in caught.value.message
    assert "key" not in caught.value.message
    assert "--allow-net example.com" in (caught.value.hint or "")
    assert caught.value.line == 1


def test_the_policy() -> None:
    policy = NetworkPolicy.of(["example.com", "*.example.org", "api.test:8443"])
    assert policy.allows("EXAMPLE.com", 443)
    assert policy.allows("a.b.example.org", 80)
    assert not policy.allows("example.org", 80)
    assert not policy.allows("badexample.com", 80)
    assert policy.allows("api.test", 8443)
    assert not policy.allows("api.test", 443)
    assert policy.allows("127.0.0.1", 1)
    assert not NetworkPolicy.of(policy, in_test=True).allows("127.0.0.1", 1)
    assert NetworkPolicy.of(True).allows("anything.test")
    assert is_loopback("::1")
    assert not is_loopback("127.0.0.1.example.com")


def test_a_name_in_the_user_part_of_an_address_is_not_its_host() -> None:
    for url in (
        "http://127.0.0.1:80@example.com/",
        "http://127.0.0.1\\\\@example.com/",
        "http://example.com#@localhost/",
    ):
        with pytest.raises(UnavailableError, match=r"example\.com"):
            run(f'api.request {{ url = "{url}"\n }} as $r')


def test_an_unmocked_call_in_a_test_never_leaves(server: Server) -> None:
    source = f"""
    function "ask" {{
      input {{ }}
      stack {{
        api.request {{
          url = "{server.url}/echo"
          mock = {{"mocked": {{response: {{status: 200, result: 1}}}}}}
        }} as $r
      }}
      response = $r.response.status
      test "mocked" {{
        expect.to_equal ($response) {{ value = 200 }}
      }}
      test "open" {{
        expect.to_equal ($response) {{ value = 200 }}
      }}
    }}
    """
    count = len(server.seen)
    report = xsrun.Workspace.from_sources({"ask.xs": source}).test()
    assert {one.name: one.status for one in report.results} == {"mocked": "pass", "open": "error"}
    failed = next(one for one in report.results if one.name == "open")
    assert "no mock for this call" in failed.message
    assert len(server.seen) == count


# Recordings ----------------------------------------------------------------------------------------------------------

ASKING = """
api.request {
  url = "URL/echo?api_key=hidden&q=1"
  method = "POST"
  params = {secret: "hidden", name: "Ann"}
  headers = ["Authorization: Bearer hidden"]
} as $a
api.request { url = "URL/binary"
} as $b
api.request { url = "URL/hang-up"
} as $c
stream.from_request { url = "URL/rows"
} as $stream
var $rows { value = [] }
foreach ($stream) {
  each as $row {
    array.push $rows { value = $row }
  }
}
var $stream { value = null }
var $b { value = $b.response.result|bin2hex }
"""


def test_a_recording_answers_with_the_network_refused(tmp_path: Path) -> None:
    file = tmp_path / "recorded" / "calls.json"
    with serving() as server:
        source = ASKING.replace("URL", server.url)
        policy = NetworkPolicy(recording=Recording(file, replaying=False))
        first = run(source, network=policy)
        count = len(server.seen)
    requests = [one["request"] for one in json.loads(file.read_text())["calls"]]
    assert len(requests) == 4
    assert "hidden" not in json.dumps(requests)
    policy = NetworkPolicy(recording=Recording(file, replaying=True))
    second = run(source, network=policy)
    assert second == first
    assert count == len(server.seen)


def test_a_recording_gives_answers_in_order_and_misses_what_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "calls.json"
    call_ = {"request": {"method": "GET", "url": "http://example.com/a"}}
    answers = [
        {"status": status, "reason": "", "version": "HTTP/2", "headers": [], "body": ""} for status in (200, 201)
    ]
    document = {"format": "xsrun recording 1", "calls": [{**call_, "response": answer} for answer in answers]}
    file.write_text(json.dumps(document))
    source = """
    var $seen { value = [] }
    for (3) {
      each as $i {
        api.request { url = "http://example.com/a"
        } as $r
        array.push $seen { value = $r.response.status }
      }
    }
    """
    network = NetworkPolicy(recording=Recording(file, replaying=True))
    assert run(source, network=network)["seen"] == [200, 201, 201]
    with pytest.raises(UnavailableError, match=r"has no response for `api\.request` to GET http://example\.com/b"):
        run('api.request { url = "http://example.com/b"\n } as $r', network=network)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "other", "calls": []}', '{"format": "xsrun recording 1"}']
)
def test_what_is_no_recording(tmp_path: Path, text: str) -> None:
    file = tmp_path / "calls.json"
    file.write_text(text)
    with pytest.raises(UsageError):
        Recording(file, replaying=True)
    with pytest.raises(UsageError):
        Recording(tmp_path / "none.json", replaying=True)


# Microservices, Webflow ----------------------------------------------------------------------------------------------


def test_a_microservice_is_called_by_host_and_path(server: Server) -> None:
    host = server.url.removeprefix("http://")
    attributes = f"""
    host = "{host}"
    path = "echo"
    method = "POST"
    params = {{a: 1}}
    headers = []
    timeout = 60
    follow_location = true
    """
    source = f"api.microservice {{ {attributes} }} as $r"
    assert run(source)["r"]["response"]["result"]["body"] == '{"a":1}'


def test_webflow_sends_the_token_of_the_environment(server: Server) -> None:
    env = {"WEBFLOW_API_TOKEN": "tok", "WEBFLOW_API_URL": server.url}
    result = run('webflow.request { path = "/echo"\n } as $r', env=env)["r"]
    assert headers_of(result["response"]["result"])["authorization"] == "Bearer tok"
    assert result["request"]["headers"] == []
    elsewhere = run(f'webflow.request {{ path = "{server.url}/echo"\n }} as $r', env=env)["r"]
    assert "authorization" not in headers_of(elsewhere["response"]["result"])
    with pytest.raises(UnavailableError, match=r"api\.webflow\.com"):
        run('webflow.request { path = "/v2/sites"\n } as $r')


# Streams -------------------------------------------------------------------------------------------------------------


def items(server: Server, path: str, attributes: str = "", **options: Any) -> list[Any]:
    source = f"""
    stream.from_request {{
      url = "{server.url}{path}"
      method = "GET"
      timeout = 60
      {attributes}
    }} as $stream
    var $items {{ value = [] }}
    foreach ($stream) {{
      each as $item {{
        array.push $items {{ value = $item }}
      }}
    }}
    var $stream {{ value = null }}
    """
    found: list[Any] = run(source, **options)["items"]
    return found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/lines", [{"n": 1}, {"n": 2}]),
        ("/chunks", [{"n": 0}, {"n": 1}, {"n": 2}]),
        ("/rows", [{"name": "Ann", "age": "30"}, {"name": 'Bo "B"', "age": "4"}]),
        ("/events", [{"n": 1}, "a\nb", "[DONE]"]),
        ("/list", [1, 2, 3]),
        ("/text", ["høj vande"]),
        ("/gzip", [{"packed": True}]),
    ],
)
def test_answers_are_streamed_by_their_type(server: Server, path: str, expected: list[Any]) -> None:
    assert items(server, path) == expected


def test_items_come_while_the_answer_is_under_way(server: Server) -> None:
    source = f"""
    stream.from_request {{ url = "{server.url}/paced"\n timeout = 60 }} as $stream
    foreach ($stream) {{
      each as $item {{
        util.sleep {{ value = $item.n }}
      }}
    }}
    """
    seen: list[float] = []

    def ask_for_more(seconds: float) -> None:
        seen.append(seconds)
        server.more.release()

    with xsrun.Workspace.from_sources({"main.xs": source}) as workspace:
        workspace.sleep = ask_for_more
        assert workspace.run().error is None
    assert seen == [0, 1, 2]


def test_a_large_answer_streams_in_pieces(server: Server) -> None:
    pieces = items(server, "/large", 'format = "raw"\nchunk_size = 500000', limits=xsrun.Limits(size=1_000_000))
    assert [len(piece) for piece in pieces] == [500_000] * 6


def test_a_stream_that_fails_raises(server: Server) -> None:
    with pytest.raises(XanoScriptError, match=r"stream\.from_request: transfer closed"):
        items(server, "/cut-lines")
    with pytest.raises(XanoScriptError, match="Empty reply"):
        items(server, "/hang-up")
    with pytest.raises(XanoScriptError, match="timed out"):
        run(f'stream.from_request {{ url = "{server.url}/slow"\n timeout = 0.2\n }} as $s')


def test_the_incoming_body_streams() -> None:
    source = """
    query "load" verb=POST {
      input { }
      stack {
        stream.from_request {
          format = "csv"
        } as $rows
        var $names { value = [] }
        foreach ($rows) {
          each as $row {
            array.push $names { value = $row.name }
          }
        }
      }
      response = $names
    }
    """
    workspace = xsrun.Workspace.from_sources({"load.xs": source})
    result = workspace.run("load", body=b"name\nAnn\nBo\n")
    assert result.response == ["Ann", "Bo"]


@pytest.mark.parametrize(
    ("attributes", "expected", "media_type"),
    [
        ("value = [{a: 1}, {a: 2}]", '{"a":1}\n{"a":2}\n', "application/octet-stream"),
        ('value = "as it is"', "as it is", "application/octet-stream"),
        ('value = ["x", 1]\nformat = "jsonl"', '"x"\n1\n', "application/jsonl"),
        ('value = [{a: 1, b: "x, y"}, {b: 2}]\nformat = "csv"', 'a,b\n1,"x, y"\n,2\n', "text/csv; charset=utf-8"),
        ('value = [{a: 1, b: 2}]\nformat = "csv"\nheaders = ["b"]', "b\n2\n", "text/csv; charset=utf-8"),
        (
            'value = [{event: "up", data: {n: 1}}, "two"]\nformat = "sse"',
            'event: up\ndata: {"n":1}\n\ndata: two\n\n',
            "text/event-stream",
        ),
    ],
)
def test_a_streamed_response(attributes: str, expected: str, media_type: str) -> None:
    source = f"""
    query "out" verb=GET {{
      input {{ }}
      stack {{
        api.stream {{
          {attributes}
          filename = "ø.txt"
        }}
      }}
      response = null
    }}
    """
    result = xsrun.Workspace.from_sources({"out.xs": source}).run("out")
    assert result.error is None
    assert result.response == expected
    headers = dict(result.headers)
    assert headers["Content-Type"] == media_type
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%B8.txt"
    assert result.stream is not None


def test_a_response_too_large_to_keep_is_refused() -> None:
    source = 'while (true) { each { api.stream { value = "0123456789"\n } } }'
    with pytest.raises(LimitError):
        run(source, limits=xsrun.Limits(size=10_000))


# Parts ---------------------------------------------------------------------------------------------------------------


def test_headers_in_other_forms() -> None:
    assert header_lines('["A: 1"]') == [("A", "1")]
    assert header_lines({"A": 1}) == [("A", "1")]
    assert header_lines("A: b:c") == [("A", "b:c")]
    assert header_lines(None) == header_lines("") == header_lines([]) == []
    assert header_lines([{"A": "1"}, "B:2"]) == [("A", "1"), ("B", "2")]


def test_queries() -> None:
    assert build_query({"a": 1.0, "b": False, "c": None, "d": b"\xff"}) == "a=1&b=0&d=%FF"
    assert with_query("http://x/?", {"a": 1}) == "http://x/?a=1"
    assert with_query("http://x/#f", {"a": 1}) == "http://x/?a=1#f"
    assert with_query("http://x/", "a=1") == "http://x/?a=1"
    assert with_query("http://x/", None) == "http://x/"


def test_bodies() -> None:
    assert body_of("POST", None, []) == (None, [])
    assert body_of("DELETE", {}, []) == (None, [])
    assert body_of("POST", {}, []) == (b"{}", [("Content-Type", "application/json")])
    assert body_of("POST", "[1]", [])[1] == [("Content-Type", "application/json")]
    assert body_of("POST", 5, []) == (b"5", [("Content-Type", "application/x-www-form-urlencoded")])
    body, headers = body_of("POST", {"a": "1"}, [("Content-Type", "multipart/form-data")])
    assert body is not None
    assert b'name="a"\r\n\r\n1\r\n' in body
    assert body == body_of("POST", {"a": "1"}, [("Content-Type", "multipart/form-data")])[0]
    assert headers[0][1].startswith("multipart/form-data; boundary=")


# Realtime ------------------------------------------------------------------------------------------------------------


def test_realtime_messages_are_kept_and_heard() -> None:
    source = """
    api.realtime_event {
      channel = "tides"
      data = {level: 3}
      auth_table = "user"
      auth_id = 7
    }
    realtime.publish {
      realtime_server = "harbour"
      channel = "boats"
      message = "left"
      data = "Ann"
    }
    """
    with xsrun.Workspace.from_sources({"main.xs": source}, clock=1_000) as workspace:
        realtime = workspace.service("realtime")
        heard: list[Any] = []
        end = realtime.listen(heard.append)
        assert workspace.run().error is None
        end()
        end()
        assert workspace.run().error is None
        assert heard == realtime.messages()[:2]
        first, second = heard
        assert (first.channel, first.data, first.auth_table, first.auth_id) == ("tides", {"level": 3}, "user", 7)
        assert (second.server, second.event, second.data, second.at) == ("harbour", "left", "Ann", 1_000)
        assert [one.channel for one in realtime.messages("boats")] == ["boats", "boats"]


def test_tests_answer_from_a_recording(tmp_path: Path) -> None:
    file = tmp_path / "calls.json"
    answer = {"status": 200, "reason": "OK", "version": "HTTP/1.1", "headers": [], "body": "5"}
    request = {"method": "GET", "url": "http://example.com/level"}
    file.write_text(json.dumps({"format": "xsrun recording 1", "calls": [{"request": request, "response": answer}]}))
    source = """
    function "ask" {
      input { }
      stack {
        api.request { url = "http://example.com/level"
        } as $r
      }
      response = $r.response.result
      test "recorded" {
        expect.to_equal ($response) { value = 5 }
      }
    }
    """
    (tmp_path / "ask.xs").write_text(source)
    from xsrun.cli import main

    assert main(["test", str(tmp_path), "--replay", str(file)]) == 0
    assert main(["test", str(tmp_path)]) == 1


# The command line ----------------------------------------------------------------------------------------------------


def test_record_then_replay_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from xsrun.cli import main

    program, recording = tmp_path / "ask.xs", tmp_path / "calls.json"
    with serving() as server:
        program.write_text(f'api.request {{\n  url = "{server.url}/echo"\n  method = "GET"\n}} as $r\n')
        assert main(["run", str(program), "--record", str(recording)]) == 0
        first = capsys.readouterr().out
    assert main(["run", str(program), "--replay", str(recording)]) == 0
    assert capsys.readouterr().out == first
    recording.write_text(recording.read_text().replace("/echo", "/other"))
    assert main(["run", str(program), "--replay", str(recording)]) == 1
    assert "has no response" in capsys.readouterr().err
    assert main(["run", str(program), "--replay", str(tmp_path / "none.json")]) == 2


def test_hosts_are_allowed_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from xsrun.cli import main

    program = tmp_path / "ask.xs"
    program.write_text('api.request {\n  url = "http://nowhere.invalid/"\n  timeout = 2\n} as $r\n')
    assert main(["run", str(program)]) == 1
    assert "--allow-net nowhere.invalid" in capsys.readouterr().err
    assert main(["run", str(program), "--allow-net", "nowhere.invalid"]) == 0
    assert '"status": 0' in capsys.readouterr().out


def test_files_are_uploaded_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from xsrun.cli import main

    (tmp_path / "a.csv").write_text("n\n1\n")
    program = tmp_path / "up.xs"
    program.write_text(
        "query up verb=POST {\n  input {\n    file[] files\n  }\n  stack {\n  }\n"
        "  response = $input.files|map:$$.name\n}\n"
    )
    file = f"files={tmp_path / 'a.csv'}"
    assert main(["run", str(program), "--file", file, "--file", file]) == 0
    assert json.loads(capsys.readouterr().out) == ["a.csv", "a.csv"]
    assert main(["run", str(program), "--file", "files=none.csv"]) == 2
