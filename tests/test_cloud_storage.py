"""Object storage: the same statements on moto, Azurite and gcp-storage-emulator, and on folders that stand for them.

Azurite comes from npm; where it is not installed its tests are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cloud_servers
import httpx
import pytest
from http_server import running
from recording_server import recording

import xsrun
from xsrun.cli import main
from xsrun.errors import InputError, NotFoundError, UnavailableError, UsageError, XanoScriptError
from xsrun.server import create_application
from xsrun.services.cloud import azure_blobs, google_storage, local_bucket, s3
from xsrun.services.recording import Recording

#: A key with all that an address may not hold as it is.
KEY = "2026/tïd es+%&#~.txt"


@dataclass
class Provider:
    """How the statements of a provider are written, and where its server is; without one its folder stands for it."""

    service: str
    namespace: str
    account: str
    file_key: str = "filePath"
    path: str = "path"
    sign: str = "filePath"
    env: dict[str, Any] = field(default_factory=dict)
    url: str | None = None

    def statement(self, name: str, attributes: str, result: str = "x") -> str:
        return f"cloud.{self.namespace}.{name} {{\n{self.account}\n{attributes}\n}} as ${result}\n"

    @property
    def options(self) -> dict[str, Any]:
        return {"env": self.env} | ({} if self.url is None else {"cloud": {self.service: self.url}})

    def run(self, *statements: str, **options: Any) -> dict[str, Any]:
        """The variables that statements leave; raises the program's error."""
        with xsrun.Workspace.from_sources({"main.xs": FILE + "".join(statements)}, **self.options | options) as made:
            return ended(made)


FILE = 'storage.create_file_resource {\n  filename = "tides.txt"\n  filedata = "high"\n} as $file\n'
S3 = Provider(
    "s3",
    "aws.s3",
    'bucket = "harbour"\nregion = "eu-west-1"\nkey = "AKID"\nsecret = $env.SECRET',
    "file_key",
    "prefix",
    "file_key",
    {"SECRET": "s3cr3t-of-amazon"},
)
AZURE = Provider(
    "azure",
    "azure.storage",
    f'account_name = "{cloud_servers.AZURE_ACCOUNT}"\naccount_key = $env.SECRET\ncontainer_name = "charts"',
    sign="path",
    env={"SECRET": cloud_servers.AZURE_KEY},
)
GOOGLE = Provider(
    "google",
    "google.storage",
    'service_account = $env.SECRET\nbucket = "harbour"',
    env={"SECRET": cloud_servers.service_account()},
)
PROVIDERS = {"s3": S3, "azure": AZURE, "google": GOOGLE}


def ended(workspace: xsrun.Workspace) -> dict[str, Any]:
    result = workspace.run()
    if result.error is not None:
        raise result.error
    return {name: value for name, value in result.response.items() if name != "file"}


@pytest.fixture(scope="module")
def amazon() -> Iterator[str]:
    with cloud_servers.s3_server() as url:
        yield url


@pytest.fixture(scope="module")
def azure() -> Iterator[str]:
    with cloud_servers.azure_server() as url:
        yield url


@pytest.fixture(scope="module")
def google() -> Iterator[str]:
    with cloud_servers.google_server() as url:
        yield url


def at(provider: Provider, url: str, **changes: Any) -> Provider:
    """A provider at the address of a server."""
    return replace(provider, url=url, **changes)


@pytest.fixture(scope="module", params=["amazon", "azure", "google"])
def remote(request: pytest.FixtureRequest) -> Provider:
    """A provider with a server that another project wrote."""
    provider = {"amazon": S3, "azure": AZURE, "google": GOOGLE}[request.param]
    return at(provider, request.getfixturevalue(request.param))


@pytest.fixture(params=["s3", "azure", "google"])
def local(request: pytest.FixtureRequest) -> Provider:
    """A provider without a network."""
    return PROVIDERS[request.param]


def check_a_file_comes_back(provider: Provider) -> dict[str, Any]:
    """Store, describe, list, read and delete a file, and miss it then."""
    key = f'{provider.file_key} = "{KEY}"'
    found = provider.run(
        provider.statement("upload_file", f'{key}\nfile = $file\nmetadata = {{Owner: "ann"}}', "stored"),
        provider.statement("get_file_info", key, "info"),
        provider.statement("list_directory", f'{provider.path} = "2026/t"', "list"),
        provider.statement("list_directory", f'{provider.path} = "2025/"', "empty"),
        provider.statement("read_file", key, "read"),
        provider.statement("upload_file", f'{provider.file_key} = "copy.txt"\nfile = $read', "copied"),
        provider.statement("delete_file", key),
        provider.statement("list_directory", f'{provider.path} = ""', "left"),
        f"try_catch {{ try {{ {provider.statement('read_file', key)} }} catch {{ var $miss {{ value = $error }} }} }}",
    )
    assert found["stored"]["name"] == found["info"]["name"] == KEY
    assert found["read"] == {"name": KEY.rpartition("/")[2], "size": 4, "mime": "text/plain", "data": "high"}
    info = found["info"]
    assert (info["size"], info["mime"], info["metadata"]) == (4, "text/plain", {"owner": "ann"})
    assert info["etag"] == found["stored"]["etag"] != ""
    assert info["last_modified"].startswith("20")
    (listed,) = found["list"]["files"]
    if provider.service == "s3":
        assert listed == {"Key": KEY, "LastModified": listed["LastModified"], "ETag": info["etag"], "Size": 4}
    else:
        assert listed | {"mime": info["mime"], "metadata": {"owner": "ann"}} == info
    assert found["empty"] == {"files": [], "next_page_token": None}
    left = [one.get("Key") or one["name"] for one in found["left"]["files"]]
    assert "copy.txt" in left and KEY not in left  # a server has files of other tests, too
    assert found["miss"]["code"] == "ERROR_CODE_NOT_FOUND"
    return found


def test_a_file_comes_back_from_a_server(remote: Provider) -> None:
    found = check_a_file_comes_back(remote)
    assert found["stored"]["location"].startswith(str(remote.url))


def test_a_file_comes_back_from_the_folder(local: Provider) -> None:
    found = check_a_file_comes_back(local)
    assert f"/cloud/{local.service}/" in found["stored"]["location"]


def test_a_signed_address_of_a_server_gives_the_file(remote: Provider) -> None:
    key = f'= "{KEY}"'
    found = remote.run(
        remote.statement("upload_file", f"{remote.file_key} {key}\nfile = $file"),
        remote.statement("sign_url", f"{remote.sign} {key}\nttl = 60", "url"),
    )
    reply = httpx.get(found["url"], trust_env=False)
    assert (reply.status_code, reply.text) == (200, "high")
    if remote.service == "azure":  # which alone looks at the signature
        assert httpx.get(found["url"].replace("sp=r", "sp=w"), trust_env=False).status_code == 403


def test_pages_are_asked_for_one_by_one(remote: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (s3, azure_blobs, google_storage):
        monkeypatch.setattr(module, "PAGE", 2)
    uploads = [
        remote.statement("upload_file", f'{remote.file_key} = "page/{number}.txt"\nfile = $file') for number in range(3)
    ]
    first = remote.run(*uploads, remote.statement("list_directory", f'{remote.path} = "page/"', "list"))["list"]
    if remote.service == "google" and len(first["files"]) == 3:
        pytest.skip("this emulator gives everything at once")
    assert len(first["files"]) == 2
    assert first["next_page_token"]
    if remote.service == "s3":
        more = f'prefix = "page/"\nnext_page_token = "{first["next_page_token"]}"'
        second = remote.run(remote.statement("list_directory", more, "list"))["list"]
        assert [one["Key"] for one in second["files"]] == ["page/2.txt"]
        assert second["next_page_token"] is None


def test_what_a_server_refuses_is_an_error_that_can_be_caught(remote: Provider) -> None:
    elsewhere = remote.account.replace('"harbour"', '"nowhere"').replace('"charts"', '"nowhere"')
    lost = replace(remote, account=elsewhere)
    with pytest.raises(XanoScriptError) as caught:
        lost.run(lost.statement("upload_file", f'{lost.file_key} = "a.txt"\nfile = $file'))
    assert caught.value.catchable
    assert remote.env["SECRET"] not in str(caught.value)


def test_a_wrong_key_is_refused_by_azure(azure: str) -> None:
    wrong = at(AZURE, azure, env={"SECRET": "d3Jvbmc="})
    with pytest.raises(XanoScriptError, match="AuthorizationFailure"):
        wrong.run(wrong.statement("read_file", 'filePath = "a.txt"'))


def test_object_lock_is_asked_for(amazon: str) -> None:
    httpx.put(f"{amazon}/locked", headers={"x-amz-bucket-object-lock-enabled": "true"}, trust_env=False)
    made = at(S3, amazon, account=S3.account.replace("harbour", "locked"))
    lock = 'object_lock_mode = "compliance"\nobject_lock_retain_until = "2999-12-31"'
    made.run(made.statement("upload_file", f'file_key = "a.txt"\nfile = $file\n{lock}'))
    address = made.run(made.statement("sign_url", 'file_key = "a.txt"'))["x"]
    kept = httpx.get(address, trust_env=False).headers
    assert kept["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert kept["x-amz-object-lock-retain-until-date"].startswith("2999-12-31T00:00:00")


#: Answers whose parts are not what they should be.
ODD_ANSWERS = [
    b"<R><Contents><Key>a</Key><Size>many</Size><LastModified>0001-01-01T00:00:00+14:00</LastModified></Contents>"
    b"<Blobs><Blob><Name>a</Name><Properties><Content-Length>many</Content-Length></Properties></Blob></Blobs></R>",
    b'{"name": 5, "size": "many", "metadata": [1], "updated": 5, "items": [{"size": "\xc2\xb2"}]}',
    b'{"items": [1]}',
    b'{"items": "x"}',
    b"[1]",
    b"<html>",
    b"",
]


@pytest.mark.parametrize("body", ODD_ANSWERS, ids=str)
@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))
def test_an_odd_answer_is_no_fault_of_ours(provider: Provider, body: bytes) -> None:
    kind = "application/xml" if body[:1] == b"<" else "application/json"
    with recording(lambda *_: (200, body), {"Content-Type": kind, "Last-Modified": "never"}) as server:
        made = at(provider, server.url)
        for name, attributes in {
            "list_directory": f'{made.path} = ""',
            "read_file": f'{made.file_key} = "a"',
            "get_file_info": f'{made.file_key} = "a"',
            "upload_file": f'{made.file_key} = "a"\nfile = $file',
            "delete_file": f'{made.file_key} = "a"',
        }.items():
            try:
                made.run(made.statement(name, attributes))
            except XanoScriptError as error:
                assert "internal error" not in error.message, name


# The folder ----------------------------------------------------------------------------------------------------------


def workspace_in(folder: Path, *statements: str, **options: Any) -> xsrun.Workspace:
    (folder / "function").mkdir(exist_ok=True)
    (folder / "function" / "a.xs").write_text(
        "function a {\n  input {\n  }\n  stack {\n" + FILE + "".join(statements) + "  }\n  response = $x\n}\n"
    )
    return xsrun.Workspace.load(folder, **options)


def test_files_put_into_the_folder_are_in_the_bucket(tmp_path: Path) -> None:
    place = tmp_path / ".xsrun" / "cloud" / "s3" / "harbour" / "2026"
    place.mkdir(parents=True)
    (place / "chart.pdf").write_bytes(b"%PDF-1.7")
    with workspace_in(tmp_path, S3.statement("get_file_info", 'file_key = "2026/chart.pdf"'), **S3.options) as made:
        found = made.run().response
    assert (found["size"], found["mime"]) == (8, "application/pdf")
    with workspace_in(tmp_path, S3.statement("upload_file", 'file_key = "b.txt"\nfile = $file'), **S3.options) as made:
        assert made.run().error is None
    assert (place.parent / "b.txt").read_text() == "high"


def test_no_key_leads_out_of_the_folder(tmp_path: Path, local: Provider) -> None:
    for key in ("../../escape.txt", "/etc/passwd", "a/../../../escape.txt", "b/..", "a\\\\b", ".meta/x"):
        attributes = f'{local.file_key} = "{key}"\nfile = $file'
        with workspace_in(tmp_path, local.statement("upload_file", attributes), **local.options) as made:
            result = made.run()
        assert result.error is None, key
        assert result.response["name"] == key.replace("\\\\", "\\")
    top = tmp_path / ".xsrun" / "cloud"
    assert {path.name for path in tmp_path.iterdir()} == {".xsrun", "function"}
    assert {path.name for path in top.iterdir()} == {local.service, ".meta"}


def test_no_name_of_a_bucket_leads_out_of_its_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    for bucket in ("../../outside", str(outside), "..", ".", "s3/../../../outside", "..\\\\outside", "a/b"):
        account = S3.account.replace("harbour", bucket)
        there = replace(S3, account=account)
        statements = there.statement("upload_file", 'file_key = "x.txt"\nfile = $file', "u")
        statements += there.statement("list_directory", 'prefix = ""')
        with workspace_in(tmp_path, statements, **S3.options) as made:
            result = made.run()
        assert result.error is None, bucket
        assert [one["Key"] for one in result.response["files"]] == ["x.txt"], bucket
    assert [path.name for path in outside.iterdir()] == ["kept.txt"]
    assert {path.name for path in tmp_path.iterdir()} == {".xsrun", "function", "outside"}
    assert {path.name for path in (tmp_path / ".xsrun" / "cloud").iterdir()} == {"s3", ".meta"}


def test_a_link_out_of_the_folder_is_not_in_the_bucket(tmp_path: Path) -> None:
    bucket = local_bucket.LocalBucket(tmp_path / "cloud", "s3", "b", None, forgiving=True)  # type: ignore[arg-type]
    bucket.write("a.txt", xsrun.services.files.FileResource("a.txt", b"high"), {}, None)
    (tmp_path / "secret.txt").write_text("secret")
    (bucket.folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert [one.key for one in bucket.list("").objects] == ["a.txt"]
    with pytest.raises(XanoScriptError, match="leads out"):
        bucket.read("link.txt")


def test_what_is_known_of_a_file_is_in_no_other_files_way(tmp_path: Path) -> None:
    bucket = local_bucket.LocalBucket(tmp_path, "s3", "b", None, forgiving=True)  # type: ignore[arg-type]
    for key in ("report", "report.json/part", "report.json%json"):
        bucket.write(key, xsrun.services.files.FileResource("a.txt", b"high"), {"of": key}, None)
    for key in ("report", "report.json/part", "report.json%json"):
        assert bucket.info(key).metadata == {"of": key}


def test_a_key_of_a_bucket_is_as_it_was_written(tmp_path: Path) -> None:
    bucket = local_bucket.LocalBucket(tmp_path, "s3", "b", None, forgiving=True)  # type: ignore[arg-type]
    keys = ["a//b", "a/./b", "%41", "50%", 'a:"b"', "é/ö.txt", "..", "trailing/", ".meta/x"]
    for key in keys:
        bucket.write(key, xsrun.services.files.FileResource("a.txt", key.encode()), {}, None)
    assert sorted(one.key for one in bucket.list("").objects) == sorted(keys)
    assert all(bucket.read(key)[1] == key.encode() for key in keys)
    with pytest.raises(XanoScriptError, match="cannot hold"):
        bucket.write("%41/b", xsrun.services.files.FileResource("a.txt", b""), {}, None)


def test_pages_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_bucket, "PAGE", 2)
    bucket = local_bucket.LocalBucket(tmp_path, "s3", "b", None, forgiving=True)  # type: ignore[arg-type]
    for key in ("a&", "b ", "c/d", "c/e"):
        bucket.write(key, xsrun.services.files.FileResource("a.txt", b""), {}, None)
    first = bucket.list("")
    second = bucket.list("", first.next_token or "")
    assert [one.key for one in [*first.objects, *second.objects]] == ["a&", "b ", "c/d", "c/e"]
    assert second.next_token is None


def test_a_locked_file_stays(tmp_path: Path) -> None:
    lock = 'object_lock_mode = "governance"\nobject_lock_retain_until = "2031-01-01"'
    locked = S3.statement("upload_file", f'file_key = "a.txt"\nfile = $file\n{lock}')
    gone = S3.statement("delete_file", 'file_key = "a.txt"')
    with pytest.raises(XanoScriptError, match="object lock"):
        S3.run(locked, gone)
    later = {"clock": 1_950_000_000_000}
    S3.run(locked.replace("2031", "2026"), gone, **later)


def test_a_lock_until_a_year_that_services_do_not_know() -> None:
    lock = 'object_lock_mode = "governance"\nobject_lock_retain_until = 253402300800000'
    with pytest.raises(XanoScriptError, match="The time is out of range"):
        S3.run(S3.statement("upload_file", f'file_key = "a.txt"\nfile = $file\n{lock}'))


def test_deleting_what_is_not_there(local: Provider) -> None:
    gone = local.statement("delete_file", f'{local.file_key} = "none.txt"')
    if local.service == "s3":
        local.run(gone)
    else:
        with pytest.raises(NotFoundError):
            local.run(gone)


@pytest.mark.parametrize(
    ("name", "attributes", "problem"),
    [
        ("sign_url", 'file_key = "a"\nttl = 0', "'0' is not one of the allowable values"),
        ("sign_url", 'file_key = "a"\nttl = 604801', "'604801'"),
        ("read_file", 'file_key = ""', "Missing param: file_key"),
        ("upload_file", 'file_key = "a"\nfile = "text"', "Missing param: path"),
        ("upload_file", 'file_key = "a"\nfile = $file\nmetadata = {a: "b\\nc"}', "metadata `a`"),
        ("upload_file", 'file_key = "a"\nfile = $file\nobject_lock_mode = "never"', "'never'"),
        ("upload_file", 'file_key = "a"\nfile = $file\nobject_lock_mode = "governance"', "object_lock_retain_until"),
    ],
)
def test_attributes_that_make_no_sense(name: str, attributes: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        S3.run(S3.statement(name, attributes))


def test_a_service_account_that_is_not_whole() -> None:
    made = at(GOOGLE, "http://127.0.0.1:9", env={"SECRET": cloud_servers.service_account()[:40]})
    with pytest.raises(InputError, match="not the JSON of a key"):
        made.run(made.statement("list_directory", 'path = ""'))


# The real service or the folder --------------------------------------------------------------------------------------

READ = S3.statement("list_directory", 'prefix = ""')


def test_the_run_says_that_a_stand_in_answered() -> None:
    with xsrun.Workspace.from_sources({"main.xs": READ + READ}, **S3.options) as made:
        (told,) = made.run().warnings
    assert told.message == (
        "`cloud.aws.s3.list_directory` was answered by xsrun's stand-in for Amazon S3; "
        "--allow-net s3.eu-west-1.amazonaws.com asks the real one"
    )


def test_a_named_endpoint_is_never_given_up() -> None:
    options = {**S3.options, "cloud": {"s3": "https://minio.example.com"}}
    with xsrun.Workspace.from_sources({"main.xs": READ}, **options) as made:
        error = made.run().error
    assert isinstance(error, UnavailableError)
    assert error.hint == "allow it with --allow-net minio.example.com"


@pytest.mark.parametrize("given", [{"s4": "http://a"}, {"s3": "a"}, {"s3": "ftp://a"}, {"s3": "http://"}, ["s3"]])
def test_an_endpoint_that_is_none(given: Any) -> None:
    with pytest.raises(UsageError):
        xsrun.Workspace.from_sources({"main.xs": READ}, cloud=given)


def test_the_endpoint_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], amazon: str) -> None:
    (tmp_path / "main.xs").write_text(S3.statement("list_directory", 'prefix = "none/"'))
    words = ["run", str(tmp_path / "main.xs"), "--cloud-endpoint", f"s3={amazon}", "--env", "SECRET=abcdefgh"]
    assert main(words) == 0
    seen = capsys.readouterr()
    assert json.loads(seen.out) == {"x": {"files": [], "next_page_token": None}}
    assert seen.err == ""
    main([*words, "--cloud-endpoint", "s4=http://127.0.0.1:1"])
    assert "there is no cloud service `s4`" in capsys.readouterr().err


def test_a_recording_answers_in_place_of_the_server(tmp_path: Path, amazon: str) -> None:
    store = S3.statement("upload_file", 'file_key = "a.txt"\nfile = $file', "stored")
    made = at(S3, amazon)
    policy = xsrun.services.network.NetworkPolicy(recording=Recording(tmp_path / "r.json", replaying=False))
    seen = made.run(store, READ, network=policy)
    text = (tmp_path / "r.json").read_text()
    assert S3.env["SECRET"] not in text
    again = xsrun.services.network.NetworkPolicy(recording=Recording(tmp_path / "r.json", replaying=True))
    assert made.run(store, READ, network=again) == seen
    # what was not recorded is answered by the folder
    other = xsrun.services.network.NetworkPolicy(recording=Recording(tmp_path / "r.json", replaying=True))
    assert S3.run(READ, network=other)["x"]["files"] == []


def test_tests_have_buckets_of_their_own(tmp_path: Path) -> None:
    source = (
        "function a {\n  input {\n  }\n  stack {\n"
        + FILE
        + S3.statement("list_directory", 'prefix = ""')
        + S3.statement("upload_file", 'file_key = "a.txt"\nfile = $file', "y")
        + "  }\n  response = $x.files|count\n"
        + '  test "one" {\n    expect.to_equal ($response) {\n      value = 0\n    }\n  }\n'
        + '  test "two" {\n    expect.to_equal ($response) {\n      value = 0\n    }\n  }\n}\n'
    )
    (tmp_path / "a.xs").write_text(source)
    with xsrun.Workspace.load(tmp_path, **S3.options) as made:
        report = made.test()
    assert (report.passed, report.failed) == (2, 0), [one.message for one in report.results]
    assert not (tmp_path / ".xsrun" / "cloud").exists()


def test_secrets_stay_out_of_logs_and_traces(local: Provider) -> None:
    said = "debug.log {\n  value = $env.SECRET\n}\n"
    source = local.statement("list_directory", f'{local.path} = ""') + said
    with xsrun.Workspace.from_sources({"main.xs": source}, **local.options) as made:
        result = made.run(trace=True)
    assert [entry.value for entry in result.logs] == ["***"]
    assert local.env["SECRET"] not in repr(result.trace)


def test_a_mock_takes_the_place_of_a_statement(tmp_path: Path) -> None:
    mocked = S3.statement("get_file_info", 'file_key = "a.txt"\nmock = {"it is there": {size: 7}}')
    (tmp_path / "a.xs").write_text(
        f"function a {{\n  input {{\n  }}\n  stack {{\n{mocked}  }}\n  response = $x.size\n"
        '  test "it is there" {\n    expect.to_equal ($response) {\n      value = 7\n    }\n  }\n}\n'
    )
    with xsrun.Workspace.load(tmp_path, **S3.options) as made:
        report = made.test()
        assert (report.passed, report.failed, made.run().status) == (1, 0, 404)


# Signed addresses ----------------------------------------------------------------------------------------------------


def test_a_client_finds_a_file_whose_key_looks_like_a_way_up() -> None:
    group = 'api_group "Harbour" {\n  canonical = "hb"\n}\n'
    stack = FILE + S3.statement("upload_file", 'file_key = "a/../b.txt"\nfile = $file')
    stack += S3.statement("sign_url", 'file_key = "a/../b.txt"', "address")
    source = 'query "sign" verb=GET {\n  api_group = "Harbour"\n  input {\n  }\n  stack {\n' + stack
    sources = {"g.xs": group, "q.xs": source + "  }\n  response = $address\n}\n"}
    with xsrun.Workspace.from_sources(sources, **S3.options) as made, running(create_application(made)) as client:
        parts = urlsplit(client.get("/api:hb/sign").json)
        # httpx resolves what looks like a way up, as browsers do
        found = httpx.get(f"http://127.0.0.1:{client.port}{parts.path}?{parts.query}", trust_env=False)
    assert (found.status_code, found.text) == (200, "high")


def test_serve_honours_the_addresses_of_the_folder() -> None:
    group = 'api_group "Harbour" {\n  canonical = "hb"\n}\n'
    reading = GOOGLE.statement("sign_url", 'filePath = "2026/tïde.txt"\nttl = 60', "read")
    writing = GOOGLE.statement("sign_url", 'filePath = "2026/tïde.txt"\nmethod = "POST"\nttl = 60', "write")
    source = (
        'query "sign" verb=GET {\n  api_group = "Harbour"\n  input {\n  }\n  stack {\n'
        + reading
        + writing
        + "  }\n  response = {read: $read, write: $write}\n}\n"
    )
    workspace = xsrun.Workspace.from_sources({"g.xs": group, "q.xs": source}, clock=1_800_000_000_000)
    with running(create_application(workspace)) as client:
        signed = client.get("/api:hb/sign").json
        read, write = (f"{urlsplit(url).path}?{urlsplit(url).query}" for url in (signed["read"], signed["write"]))
        assert client.get(read).status == 404
        assert client.send("POST", write, b"high", headers={"Content-Type": "text/markdown"}).status == 200
        found = client.get(read)
        assert (found.status, found.body, found.headers["content-type"]) == (200, b"high", "text/markdown")
        assert found.headers["content-security-policy"] == "sandbox"
        assert client.get(read, headers={"Range": "bytes=1-2"}).body == b"ig"
        for wrong in (
            read.replace("expires=18", "expires=19"),
            read.replace("t%C3%AFde", "other"),
            read.replace("/google/", "/s3/"),
            read.partition("&signature")[0],
            "/cloud/google/harbour/2026",
            "/cloud/",
            "/cloud/../token_key?expires=1&signature=a",
        ):
            assert client.get(wrong).status == 404, wrong
        assert client.send("POST", read, b"other").status == 404
        assert client.get(write).status == 404
    late = xsrun.Workspace.from_sources({"g.xs": group, "q.xs": source}, clock=1_800_000_061_000)
    late._services.exchange("cloud", workspace.service("cloud"))
    with running(create_application(late)) as client:
        assert client.get(read).status == 404
