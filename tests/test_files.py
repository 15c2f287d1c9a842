"""Files: resources and uploads, the vault and its signed addresses, archives, CSV and JSON lines as streams."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xsrun
from xsrun.errors import InputError, LimitError, NotFoundError, UnavailableError, UsageError, XanoScriptError
from xsrun.running.context import Context, Limits
from xsrun.services import archives
from xsrun.services.files import SPOOL_SIZE, FileResource, Spool, guess_type, kind_of, upload_of
from xsrun.services.vault import Vault, path_parts, safe_name
from xsrun.statements import stream_formats
from xsrun.statements.file_values import data_url, file_of
from xsrun.values.characters import value_of
from xsrun.values.conversion import as_list, type_name
from xsrun.values.csv_text import read_rows
from xsrun.values.streams import READ_TWICE, Stream

NOW = 1_700_000_000_000


def run(source: str, **options: Any) -> Any:
    """The variables that statements leave; raises the program's error."""
    with xsrun.Workspace.from_sources({"main.xs": source}, **options) as workspace:
        result = workspace.run()
    if result.error is not None:
        raise result.error
    return result.response


# Resources -----------------------------------------------------------------------------------------------------------


def test_a_spool_moves_to_disk_when_it_grows() -> None:
    spool = Spool()
    for _ in range(3):
        spool.write(b"x" * (SPOOL_SIZE // 2))
    content = spool.finish()
    assert not isinstance(content, bytes)
    path = content.path
    file = FileResource("big.txt", content)
    del content, spool
    reader = file.open()
    assert file.size == SPOOL_SIZE // 2 * 3
    del file
    assert reader.read(3) == b"xxx"
    assert path.exists(), "a reader keeps the file"
    reader.close()
    del reader
    assert not path.exists()


def test_media_types_do_not_depend_on_the_machine() -> None:
    assert guess_type("a.CSV") == "text/csv"
    assert guess_type("a.webp") == "image/webp"
    assert guess_type("a.docx").endswith("wordprocessingml.document")
    assert guess_type("note", "høj".encode()) == "text/plain"
    assert guess_type("note", b"\x89PNG\0") == "application/octet-stream"
    assert guess_type("note", "ø".encode()[:1] * 20) == "application/octet-stream"
    assert kind_of("a.pdf", "application/pdf") == "pdf"
    assert kind_of("a.png", "image/png") == "image"


def test_uploads_from_python(tmp_path: Path) -> None:
    path = tmp_path / "tide.csv"
    path.write_text("a,b\n")
    assert upload_of(path).as_value() == {
        "path": "tide.csv",
        "name": "tide.csv",
        "type": "csv",
        "size": 4,
        "mime": "text/csv",
    }
    assert upload_of(("x.txt", b"hi", "text/weird")).mime == "text/weird"
    assert upload_of(("y.csv", path)).read() == b"a,b\n"
    assert [one.name for one in upload_of([str(path), b"x"])] == ["tide.csv", "upload"]
    with path.open("rb") as file:
        assert upload_of(file).name == "tide.csv"
    for wrong in (5, ("x", 5), tmp_path / "none", io.StringIO("x")):
        with pytest.raises(UsageError):
            upload_of(wrong)


UPLOAD = """
query "upload" verb=POST {
  input {
    file doc
    file[]? more?
  }
  stack {
    storage.create_attachment {
      value = $input.doc
      access = "private"
      filename = $input.doc.name
    } as $stored
    storage.read_file_resource {
      value = $stored
    } as $read
  }
  response = {stored: $stored, data: $read.data, size: $input.doc.size}
}
"""
PICTURE = """
query "picture" verb=POST {
  input {
    image? photo
  }
  stack { }
  response = $input.photo
}
"""


def test_an_upload_goes_into_a_file_input_and_the_vault(tmp_path: Path) -> None:
    workspace = xsrun.Workspace.from_sources({"up.xs": UPLOAD}, vault=tmp_path)
    result = workspace.run("upload", files={"doc": ("../../tide: table.txt", b"high at noon")})
    assert result.error is None
    stored = result.response["stored"]
    assert result.response["data"] == "high at noon"
    assert result.response["size"] == 12
    assert stored["name"] == "tide_ table.txt"
    assert stored["path"].startswith("/vault/")
    assert (tmp_path / "private" / stored["path"].removeprefix("/vault/")).read_bytes() == b"high at noon"


def test_an_upload_into_another_type_misses_its_path() -> None:
    workspace = xsrun.Workspace.from_sources({"picture.xs": PICTURE})
    error = workspace.run("picture", kind="query", files={"photo": ("a.png", b"x")}).error
    assert isinstance(error, InputError)
    assert (error.message, error.param) == ("Missing param: path", "photo.path")


def test_data_urls() -> None:
    file = data_url("data:image/png;base64,aGk=")
    assert file is not None
    assert (file.name, file.mime, file.read()) == ("file.png", "image/png", b"hi")
    assert data_url("data:text/plain;charset=utf-8;base64,aGk=") is not None
    for text in ("data:,plain", "data:image/png;base64,?", "data:", "https://example.com/a.png"):
        assert data_url(text) is None


@pytest.mark.parametrize("value", ["just a text", None, 5, [], {}, {"path": 5}])
def test_what_is_no_file_misses_its_path(value: Any) -> None:
    with pytest.raises(InputError) as caught:
        file_of(Context(), value)
    assert caught.value.param == "value.path"


# The vault -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault", b"k" * 32)


def test_files_are_stored_found_and_deleted(vault: Vault) -> None:
    stored = vault.store(FileResource("a b.txt", b"hi"), "public", "")
    assert stored == {
        "access": "public",
        "path": stored["path"],
        "name": "a b.txt",
        "type": "txt",
        "size": 2,
        "mime": "text/plain",
        "meta": {"validated": False},
    }
    place, access = vault.find(stored["path"])
    assert (place.read_bytes(), access) == (b"hi", "public")
    assert vault.open(stored["path"]).read() == b"hi"
    vault.delete(stored["path"])
    assert list((vault.folder / "public").iterdir()) == []
    for act in (vault.find, vault.open, vault.delete):
        with pytest.raises(NotFoundError):
            act(stored["path"])


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "/vault/../../etc/passwd",
        "/vault/a/../../b",
        "/vault//a",
        "",
        "/",
        "/vault/",
        ".",
        "a/./b",
        "..\\..\\x",
        "C:/windows",
        "/vault/C:\\x",
        "a\0b",
        "x" * 300,
        "a/" * 600 + "b",
        "\ud800",
    ],
)
def test_no_path_leads_out_of_the_vault(vault: Vault, path: str) -> None:
    (vault.folder.parent / "secret").write_text("no")
    for act in (
        lambda: vault.find(path),
        lambda: vault.delete(path),
        lambda: vault.append(path, b"x"),
        lambda: vault.sign(path, 1, NOW),
    ):
        with pytest.raises(XanoScriptError, match="Invalid path"):
            act()


def test_no_link_leads_out_of_the_vault(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("no")
    (vault.folder / "public").mkdir()
    try:
        (vault.folder / "public" / "link").symlink_to(tmp_path)
    except OSError:
        pytest.skip("no symbolic links here")
    with pytest.raises(XanoScriptError, match="Invalid path"):
        vault.open("/vault/link/secret")


def test_a_vault_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault", b"k" * 32)
    (vault.folder / "public").write_text("a file where a folder should be")
    with pytest.raises(UnavailableError, match="the vault cannot be written"):
        vault.store(FileResource("a.txt", b"x"), "public", "")


@given(st.text(max_size=400))
def test_file_names_are_safe(name: str) -> None:
    safe = safe_name(name)
    assert path_parts(f"a/{safe}") == ["a", safe]
    assert safe.isprintable()
    assert len(safe.encode("utf-8", "surrogatepass")) <= 255


@given(st.text(max_size=40))
def test_any_path_is_inside_or_refused(name: str) -> None:
    try:
        parts = path_parts(name)
    except XanoScriptError:
        return
    top = Path("/top")
    assert Path(os.path.normpath(top.joinpath(*parts))).is_relative_to(top)
    assert Path(os.path.normpath(top.joinpath(*parts))) != top


def test_signed_addresses(vault: Vault) -> None:
    address = vault.sign("/vault/a/ø b.pdf", 60, NOW, "https://shop.test")
    assert address.startswith("https://shop.test/vault/a/%C3%B8%20b.pdf?expires=1700000060&signature=")
    signature = address.rpartition("=")[2]
    path = "/vault/a/ø b.pdf"
    assert vault.grants(path, "1700000060", signature, NOW)
    assert vault.grants(path, "1700000060", signature, NOW + 60_000)
    assert not vault.grants(path, "1700000060", signature, NOW + 60_001)
    assert not vault.grants(path, "1700000061", signature, NOW)
    assert not vault.grants(path + "x", "1700000060", signature, NOW)
    assert not vault.grants(path, "1700000060", "ø", NOW)
    for expires in ("", "soon", "-1", "9" * 30, "١٧"):
        assert not vault.grants(path, expires, signature, NOW)
    assert not Vault(None, b"o" * 32).grants(path, "1700000060", signature, NOW)


def test_the_key_and_the_vault_lie_beside_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "keep.xs").write_text(
        'function "keep" { input { }\n stack {\n storage.create_file_resource { filename = "a.txt"\n filedata = "x" }'
        " as $f\n storage.create_attachment { value = $f\n } as $s\n"
        ' storage.sign_private_url { pathname = "/vault/a"\n ttl = 5 } as $u\n }\n response = $u }'
    )
    addresses = []
    for _ in range(2):
        with xsrun.Workspace.load(tmp_path, clock=NOW) as workspace:
            addresses.append(workspace.run("keep").response)
    assert addresses[0] == addresses[1]
    assert len(list((tmp_path / ".xsrun" / "vault" / "public").rglob("a.txt"))) == 2
    assert (tmp_path / ".xsrun" / ".gitignore").read_text() == "*\n"


def test_the_vault_of_a_workspace_without_files_goes_with_it() -> None:
    workspace = xsrun.Workspace.from_sources({"a.xs": ""})
    vault = workspace.service("vault")
    vault.append("a.txt", b"x")
    folder = vault.folder
    workspace.close()
    assert not folder.exists()


def test_tests_have_a_vault_of_their_own(tmp_path: Path) -> None:
    source = """
    function "save" {
      input { }
      stack {
        storage.append_file {
          pathname = "count.txt"
          data = "x"
        }
        storage.read_file_resource {
          value = {path: "count.txt"}
        } as $read
      }
      response = $read.size
      test "one" { expect.to_equal ($response) { value = 1 } }
      test "two" { expect.to_equal ($response) { value = 1 } }
    }
    """
    report = xsrun.Workspace.from_sources({"save.xs": source}, vault=tmp_path).test()
    assert [one.status for one in report.results] == ["pass", "pass"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 9, b"\xff\xd8\xff\xe0\0", b"RIFF1234WEBPVP8 "]
)
def test_a_broken_image_has_no_size(content: bytes) -> None:
    from xsrun.statements.storage import dimensions

    assert dimensions(FileResource("a.png", content)) == {}


def test_an_image_must_be_called_one() -> None:
    source = """
    storage.create_file_resource {
      filename = "doc.pdf"
      filedata = "x"
    } as $file
    storage.create_image {
      value = $file
      access = "public"
      filename = ""
    } as $image
    """
    with pytest.raises(XanoScriptError) as caught:
        run(source)
    assert (caught.value.message, caught.value.code) == ("Invalid file extension.", "ERROR_FATAL")


# Archives ------------------------------------------------------------------------------------------------------------


def quota(limit: int | None = 16_000_000) -> archives.Quota:
    return archives.Quota(limit)


def archive_with(**files: bytes) -> FileResource:
    made = archives.create("a.zip", None)
    for name, content in files.items():
        archives.add(made, name, FileResource(name, content), NOW, quota())
    return made


def unpacked(archive: FileResource, password: str = "") -> dict[str, bytes]:
    return {file.name: file.read() for file in archives.extract(archive, password, quota())}


def test_archives_are_made_and_changed() -> None:
    archive = archive_with(a=b"one", b=b"two", c=b"x" * 3_000_000)
    assert unpacked(archive) == {"a": b"one", "b": b"two", "c": b"x" * 3_000_000}
    archives.add(archive, "b", FileResource("b", b"changed"), NOW, quota())
    archives.delete(archive, ["a"], quota())
    assert [one["path"] for one in archives.contents(archive)] == ["c", "b"]
    assert unpacked(archive)["b"] == b"changed"
    with zipfile.ZipFile(archive.open()) as checked:
        assert checked.testzip() is None
    with pytest.raises(XanoScriptError, match="has no file z"):
        archives.delete(archive, ["z"], quota())
    archives.add(archive, "deep/er/x", FileResource("x", b"1"), NOW, quota())
    archives.delete(archive, ["deep/"], quota())
    assert [one["path"] for one in archives.contents(archive)] == ["c", "b"]


def test_an_upload_is_not_changed_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(archive_with(a=b"one").read())
    before = path.read_bytes()
    archive = upload_of(path)
    archives.add(archive, "b", FileResource("b", b"two"), NOW, quota())
    assert path.read_bytes() == before
    assert unpacked(archive) == {"a": b"one", "b": b"two"}


@pytest.mark.parametrize("encryption", ["", "standard", "aes-128"])
def test_encrypted_archives(encryption: str) -> None:
    pytest.importorskip("pyzipper")
    archive = archives.create("a.zip", "pass word")
    archives.add(archive, "a", FileResource("a", b"secret" * 100), NOW, quota(), "", encryption)
    archives.add(archive, "b", FileResource("b", b""), NOW, quota(), "", encryption)
    archives.delete(archive, ["b"], quota())
    assert b"secret" not in archive.read()
    sent = FileResource("a.zip", archive.read())
    assert unpacked(sent, "pass word") == {"a": b"secret" * 100}
    for wrong in ("", "other"):
        with pytest.raises(XanoScriptError, match="password"):
            archives.extract(sent, wrong, quota())


def test_without_its_package_an_encrypted_archive_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyzipper", None)
    archive = archives.create("a.zip", "pw")
    with pytest.raises(xsrun.XanoScriptError, match="pyzipper") as caught:
        archives.add(archive, "a", FileResource("a", b"1"), NOW, quota())
    assert "pip install" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "C:\\x", "..\\x", "\\\\host\\x"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(XanoScriptError, match="Invalid file path"):
        archives.extract(FileResource("a.zip", buffer.getvalue()), "", quota())
    with pytest.raises(XanoScriptError, match="Invalid file path"):
        archives.add(archives.create("a.zip", None), name, FileResource("x", b"x"), NOW, quota())


def test_a_bomb_is_refused_before_it_unpacks() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for number in range(4):
            target.writestr(f"{number}", b"0" * 10_000_000)
    bomb = FileResource("bomb.zip", buffer.getvalue())
    assert bomb.size < 50_000
    with pytest.raises(LimitError, match="unpacks to more"):
        archives.extract(bomb, "", quota(1_000_000))
    with pytest.raises(LimitError):
        archives.delete(bomb, ["1"], quota(100_000))
    assert len(archives.extract(bomb, "", quota(None))) == 4


def test_a_bomb_that_lies_about_its_size_is_found_out() -> None:
    content = bytearray(archive_with(a=b"0" * 5_000_000).read())
    directory = content.rindex(b"PK\1\2")
    for place in (22, directory + 24):
        content[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(XanoScriptError):
        archives.extract(FileResource("a.zip", bytes(content)), "", quota(1_000))


def test_too_many_entries_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for number in range(archives.MOST_ENTRIES + 1):
            target.writestr(str(number), b"")
    with pytest.raises(LimitError, match="entries"):
        archives.extract(FileResource("a.zip", buffer.getvalue()), "", quota())


@settings(max_examples=150)
@given(st.data())
def test_a_broken_archive_is_the_programs_error(data: st.DataObject) -> None:
    content = bytearray(archive_with(a=b"one two three " * 50, b=b"two").read())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    broken = bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    acts: list[Callable[[FileResource], object]] = [
        archives.contents,
        lambda archive: archives.extract(archive, "", quota()),
        lambda archive: archives.delete(archive, ["a"], quota()),
        lambda archive: archives.add(archive, "n", FileResource("n", b"1"), NOW, quota()),
    ]
    for act in acts:
        with suppress(XanoScriptError):
            act(FileResource("a.zip", broken))


# Streams -------------------------------------------------------------------------------------------------------------


def rows_of(text: str | bytes, **marks: Any) -> list[Any]:
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    chosen = {"separator": ",", "enclosure": '"', "escape": '"', **marks}
    return list(stream_formats.csv_objects(Context(), file, **chosen))


def test_a_stream_is_a_resource_that_is_read_once() -> None:
    stream = Stream(iter([1, 2, 3]))
    assert type_name(stream) == "resource"
    assert next(iter(stream)) == 1
    assert as_list(stream) == [2, 3], "a loop that was left early goes on"
    with pytest.raises(XanoScriptError, match=READ_TWICE):
        as_list(stream)


def test_csv_with_marks_lines_in_cells_and_short_rows() -> None:
    text = '\ufeffname,note\r\nAnn,"a ""b"", c\r\nd"\r\n\r\nBo\nCy,x,y\n'
    assert rows_of(text) == [
        {"name": "Ann", "note": 'a "b", c\r\nd'},
        {"name": "Bo", "note": None},
        {"name": "Cy", "note": "x"},
    ]
    assert rows_of("a;'b;c'\n", separator=";", enclosure="'", header=False) == [["a", "b;c"]]
    assert rows_of(b"n\n\xff\xfe\n") == [{"n": b"\xff\xfe"}]
    assert rows_of("") == []
    with pytest.raises(XanoScriptError, match="separator"):
        rows_of("a", separator=",,")


cells = st.text(alphabet='ab,"\n\r\\ ø', max_size=6)


@settings(max_examples=300)
@given(st.text(alphabet='ab,"\n\r\\ ', max_size=60), st.sampled_from(['"', "\\", ""]), st.integers(1, 9))
def test_rows_read_in_pieces_are_those_of_the_whole(text: str, escape: str, piece: int) -> None:
    saved, stream_formats.PIECE = stream_formats.PIECE, piece
    try:
        rows = rows_of(text, escape=escape, header=False)
    finally:
        stream_formats.PIECE = saved
    assert rows == read_rows(text, ",", '"', escape)


@settings(max_examples=100)
@given(st.lists(st.lists(cells, min_size=2, max_size=3), max_size=8))
def test_written_rows_are_read_again(rows: list[list[str]]) -> None:
    text = b"".join(stream_formats.chunks(Context(), rows, "csv"))
    expected = [[value_of(cell) for cell in row] for row in rows]
    assert rows_of(text, header=False) == expected


def lines(text: bytes, limits: Limits | None = None) -> list[Any]:
    return list(stream_formats.json_lines(Context(limits=limits), io.BytesIO(text)))


def test_json_lines() -> None:
    assert lines(b'\xef\xbb\xbf{"a":1}\r\n\n  [2]  \n"x"') == [{"a": 1}, [2], "x"]
    with pytest.raises(XanoScriptError, match="Syntax error") as caught:
        lines(b"1\n{oops\n")
    assert "line 2" in (caught.value.hint or "")
    with pytest.raises(LimitError):
        lines(b'"' + b"x" * 300_000 + b'"', Limits(size=100_000))


def test_a_cell_that_never_ends_meets_the_limit() -> None:
    context = Context(limits=Limits(size=100_000))
    file = io.BytesIO(b'a\n"' + b"x\n" * 200_000)
    with pytest.raises(LimitError):
        list(stream_formats.csv_objects(context, file, ",", '"', '"'))


def test_loops_run_over_streams_and_errors_have_their_line() -> None:
    source = """
    stream.from_jsonl {
      value = "1\\n2\\n{"
    } as $lines
    var $sum { value = 0 }
    foreach ($lines) {
      each as $n {
        math.add $sum { value = $n }
      }
    }
    """
    with pytest.raises(XanoScriptError) as caught:
        run(source)
    assert caught.value.line == 6
    assert json.dumps(run(source.replace("\\n{", ""), limits=Limits())["sum"]) == "3"


#: The peak is this program's own: what `getrusage` tells begins with that of the process that started it.
MEASURE = """
import sys
import xsrun

def peak():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM:")).split()[1])

source = '''
query "load" verb=POST {
  input { file rows }
  stack {
    stream.from_csv { value = $input.rows
    } as $stream
    var $count { value = 0 }
    foreach ($stream) { each as $row { math.add $count { value = 1 } } }
  }
  response = $count
}
'''
limits = xsrun.Limits(steps=None, seconds=None)
workspace = xsrun.Workspace.from_sources({"load.xs": source}, limits=limits)
workspace.run("load", files={"rows": ("small.csv", b"a,b\\n1,2\\n")})
before = peak()
result = workspace.run("load", files={"rows": sys.argv[1]})
print(result.response, before, peak())
"""


def peak_of(path: Path, kind: str, megabytes: int) -> tuple[int, int, int]:
    """Rows counted, and the peak memory in KB before and after a file of this size was streamed."""
    row = b'1234567,"Ann ""the boat"" Ask",north sound,2024-05-01T10:00:00Z\n'
    row = row if kind == "quoted" else row.replace(b'"', b"")
    block = row * (1_000_000 // len(row))
    with path.open("wb") as file:
        file.write(b"id,name,place,at\n")
        for _ in range(megabytes):
            file.write(block)
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
    count, before, after = map(int, done.stdout.split())
    assert count == megabytes * (len(block) // len(row))
    return count, before, after


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory as Linux tells it")
@pytest.mark.parametrize("kind", ["plain", "quoted"])
def test_a_csv_file_is_never_in_memory(tmp_path: Path, kind: str) -> None:
    _, before, after = peak_of(tmp_path / "rows.csv", kind, 8)
    assert after - before < 4_000, "kilobytes for 8 MB"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory as Linux tells it")
@pytest.mark.parametrize("kind", ["plain", "quoted"])
def test_200_megabytes_of_csv_in_under_100_of_memory(tmp_path: Path, kind: str) -> None:
    _, _, after = peak_of(tmp_path / "rows.csv", kind, 200)
    assert after < 100_000
