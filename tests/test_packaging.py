"""The wheel holds everything and runs alone in an empty environment; which Pythons are tested is told as it is."""

from __future__ import annotations

import email
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from local_server import serving

import xsrun
from xsrun.errors import UnavailableError
from xsrun.services.javascript import JavaScript, libraries
from xsrun.services.network import NetworkPolicy
from xsrun.services.recording import Recording

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def wheel_of(source: Path, folder: Path) -> Path:
    """Build the wheel of a folder or sdist, at a time that is written down."""
    words = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(words, check=True, capture_output=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1750000000"})
    (made,) = folder.glob("xsrun-*.whl")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    words = [sys.executable, "-m", "build", "--sdist", "--outdir", str(folder), str(ROOT)]
    subprocess.run(words, check=True, capture_output=True)
    (made,) = folder.glob("xsrun-*.tar.gz")
    return made


def test_every_build_gives_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    """Byte for byte, whether it is built from the repository or from the sdist."""
    again = wheel_of(sdist, tmp_path)
    first, second = zipfile.ZipFile(wheel), zipfile.ZipFile(again)
    assert first.namelist() == second.namelist()
    assert [name for name in first.namelist() if first.read(name) != second.read(name)] == []
    assert wheel.read_bytes() == again.read_bytes()


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        about = email.message_from_string(archive.read(name).decode())
        assert archive.read("xsrun/py.typed") == b""
        assert any(one.endswith("licenses/LICENSE") for one in archive.namelist())
    assert about["Version"] == xsrun.__version__
    assert about["License-Expression"] == "MIT"
    assert {line.partition(",")[0] for line in about.get_all("Project-URL")} == set(PROJECT["urls"])
    assert "Typing :: Typed" in about.get_all("Classifier")
    assert set(about.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    page = about.get_payload()
    links = re.findall(r"\]\(([^)]+)\)", re.sub(r"`[^`]*`", "", page))
    assert len(links) > 30
    place = f"{PROJECT['urls']['Repository']}/(blob|raw)/v{xsrun.__version__}/"
    assert [link for link in links if not link.startswith("https://")] == []
    ours = [link for link in links if link.startswith(f"{PROJECT['urls']['Repository']}/")]
    assert [link for link in ours if not re.match(place, link)] == []
    assert [path for link in ours if not (ROOT / (path := re.sub(place, "", link).partition("#")[0])).exists()] == []


def test_the_sdist_holds_what_its_tests_need(sdist: Path) -> None:
    """All that the repository has, but for what tells git and hosts what to do."""
    with tarfile.open(sdist) as archive:
        held = {one.name.partition("/")[2] for one in archive.getmembers() if one.isfile()}
    kept = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if kept.returncode != 0:
        pytest.skip("this is not a clone of the repository")
    assert {one for one in kept.stdout.split("\0") if one and (ROOT / one).exists()} - held == set()


@pytest.mark.slow
def test_the_sdist_passes_its_tests(sdist: Path, tmp_path: Path) -> None:
    """Unpacked and installed as the README says, tests of every kind pass, those of pages and packages too."""
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    subprocess.run([sys.executable, "-m", "venv", str(folder / ".venv")], check=True)
    python = folder / ".venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-e", ".[dev]"], cwd=folder, check=True, capture_output=True)
    topics = "house workflows security_policy readme fields"
    files = [f"tests/test_{topic}.py" for topic in topics.split()]
    words = [python, "-m", "pytest", "-p", "no:cacheprovider", *files]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]


def test_the_version_stands_in_one_place() -> None:
    assert "version" in PROJECT["dynamic"]
    extension = json.loads((ROOT / "xsrun" / "editor" / "vscode" / "package.json").read_text(encoding="utf-8"))
    assert extension["version"] == xsrun.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", changes, re.MULTILINE)
    assert released[0] == xsrun.__version__
    assert re.findall(r"^\[([^\]]+)\]: https://", changes, re.MULTILINE) == released


def test_what_developers_need_is_told_once() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert groups["dev"] == ["xsrun[dev]"]


def test_the_extra_all_is_all_of_them() -> None:
    extras = PROJECT["optional-dependencies"]
    (named,) = re.findall(r"xsrun\[(.*)\]", extras["all"][0])
    assert set(named.split(",")) == set(extras) - {"all", "dev"}
    guide = (ROOT / "xsrun" / "manual" / "guides" / "install.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE)) == set(extras) - {"all", "dev"}


def test_wheel_carries_grammar_catalogue_and_worker(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "xsrun/syntax/xanoscript.lark" in names
    assert "xsrun/syntax/xanoscript.tables" in names
    assert "xsrun/language/catalogue/statements.json" in names
    assert "xsrun/services/javascript/worker.js" in names
    assert not [name for name in names if name.startswith(("tests/", "samples/"))]


def test_wheel_runs_a_sample_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", str(wheel)], check=True, capture_output=True)
    sample = ROOT / "samples" / "jwe" / "jwe_encode.xs"
    done = subprocess.run(
        [str(python), "-m", "xsrun", "run", str(sample), "--input", "secret_data=hello"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"expires_in": 3600' in done.stdout
    parses = "from xsrun.syntax import tables, parser; tables._build = None; parser.parser()"  # without building tables
    subprocess.run([str(python), "-c", parses], cwd=tmp_path, env={**os.environ, "XSRUN_CACHE": "off"}, check=True)


# The libraries from npm ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libraries of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith("xsrun/services/javascript/libraries/")]
        if not names:
            pytest.skip("npm was not there when the wheel was built")
        place = tmp_path_factory.mktemp("libraries")
        archive.extractall(place, names)
    return place / "xsrun" / "services" / "javascript" / "libraries"


@pytest.fixture
def javascript(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JavaScript]:
    monkeypatch.setattr(libraries, "FOLDER", folder)
    service = JavaScript(timeout=60.0)
    yield service
    service.close()


def test_all_libraries_are_there_with_their_licences(folder: Path) -> None:
    assert {path.stem for path in folder.glob("*.js")} == libraries.NAMES
    licences = (folder / "LICENCES.txt").read_text(encoding="utf-8")
    pinned = json.loads((ROOT / "xsrun" / "services" / "javascript" / "npm" / "package.json").read_text())
    for name, version in pinned["dependencies"].items():
        assert name == "esbuild" or f"{name} {version} (" in licences
    assert licences.count("Permission is hereby granted") > 30


LIBRARIES = [
    ("return _.chunk([1, 2, 3], 2)", [[1, 2], [3]]),
    ("return moment.utc('2020-01-31').add(1, 'month').format()", "2020-02-29T00:00:00Z"),
    ("return DateTime.fromISO('2020-01-31', {zone: 'utc'}).plus({months: 1}).toISODate()", "2020-02-29"),
    ("return luxon.Duration.fromObject({hours: 1}).toISO()", "PT1H"),
    ("return [uuid.validate(uuid.v4()), uuid.v5('a', uuid.v5.URL)]", [True, "e1407479-3136-56c0-9908-bb02fb0339e2"]),
    ("return math.evaluate('sqrt(16) + 2^3')", 12),
    ("return cryptojs.MD5('a').toString()", "0cc175b9c0f1b6a831c399e269772661"),
    ("return cryptojs.AES.decrypt(cryptojs.AES.encrypt('a', 'k').toString(), 'k').toString(cryptojs.enc.Utf8)", "a"),
    (
        "const signed = aws4.sign({host: 'a.amazonaws.com', path: '/'}, {accessKeyId: 'a', secretAccessKey: 'b'});"
        "return signed.headers.Authorization.split(' ')[0]",
        "AWS4-HMAC-SHA256",
    ),
    ("return ethers.formatEther('1000000000000000000')", "1.0"),
    ("return new fastXmlParser.XMLParser().parse('<a><b>1</b></a>')", {"a": {"b": 1}}),
    (
        "const key = new TextEncoder().encode('x'.repeat(32)); const head = {alg: 'HS256'};"
        "const token = await new jose.SignJWT({a: 1}).setProtectedHeader(head).sign(key);"
        "return (await jose.jwtVerify(token, key)).payload",
        {"a": 1},
    ),
    ("return (await mailparser.simpleParser('Subject: hi\\n\\nbody')).subject", "hi"),
    (
        "const mail = {from: 'a@b.c', to: 'd@e.f', subject: 'x', text: 'y'};"
        "return JSON.parse((await nodemailer.createTransport({jsonTransport: true}).sendMail(mail)).message).subject",
        "x",
    ),
    ("return [typeof require('lodash').map, typeof require('crypto-js').MD5]", ["function", "function"]),
]


@pytest.mark.parametrize(("code", "value"), LIBRARIES)
def test_a_library_works(javascript: JavaScript, code: str, value: Any) -> None:
    assert javascript.call(code, {}) == value


def test_a_library_changed_by_one_call_is_whole_in_the_next(javascript: JavaScript) -> None:
    for name in ("_.map", "moment.utc", "uuid.v4", "require('lodash').map"):
        javascript.call(f"{name} = () => 'evil'; _.prototype.mark = 1; return 1", {})
    assert javascript.call("return [_.map([1], n => n + 1), moment.utc(0).year(), uuid.v4().length]", {}) == [
        [2],
        1970,
        36,
    ]


@pytest.mark.parametrize(
    "code",
    [
        "return await nodemailer.createTransport({host: '192.0.2.1'}).sendMail({from: 'a@b.c', to: 'd@e.f'})",
        "const proxy = {host: '192.0.2.1', port: 1080, type: 5}, destination = {host: 'a.example', port: 80};"
        "return await socks.SocksClient.createConnection({proxy, command: 'connect', destination})",
    ],
)
def test_what_reaches_sockets_is_refused(javascript: JavaScript, code: str) -> None:
    with pytest.raises(UnavailableError, match="network access") as caught:
        javascript.call(code, {})
    assert "--allow-net" in (caught.value.hint or "")


def test_what_has_no_library_says_so(javascript: JavaScript) -> None:
    with pytest.raises(UnavailableError, match="preloaded library utils"):
        javascript.call("return utils.anything()", {})


def lambda_of(code: str, **options: Any) -> Any:
    source = f"api.lambda {{\n  code = {json.dumps(code)}\n  timeout = 60\n}} as $r\n"
    with xsrun.Workspace.from_sources({"a.xs": source}, **options) as workspace:
        result = workspace.run()
    if result.error is not None:
        raise result.error
    return result.response["r"]


def test_axios_follows_the_rules_for_hosts_and_is_recorded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "FOLDER", folder)
    file = tmp_path / "calls.json"
    with serving() as server:
        code = f"""
            const made = axios.create({{baseURL: '{server.url}', headers: {{'X-Own': 'a'}}}});
            const answer = await made.post('/echo', {{a: [1]}}, {{params: {{q: 'b c'}}}});
            const missing = await axios.get('{server.url}/nowhere').catch(error => error.response.status);
            return [answer.status, answer.data.method, answer.data.query, answer.data.body, missing,
              answer.data.headers.find(([name]) => name.toLowerCase() === 'x-own')[1]]"""
        expected = [200, "POST", "q=b+c", '{"a":[1]}', 404, "a"]
        network = NetworkPolicy(recording=Recording(file, replaying=False))
        assert lambda_of(code, network=network) == expected
        assert network.recording is not None
        network.recording.save()
        seen = len(server.seen)
        replayed = NetworkPolicy(recording=Recording(file, replaying=True))
        assert lambda_of(code, network=replayed) == expected
        assert len(server.seen) == seen
    with pytest.raises(UnavailableError, match=r"192\.0\.2\.1") as caught:
        lambda_of("return (await axios.get('http://192.0.2.1/')).data")
    assert "--allow-net" in (caught.value.hint or "")
    handled = "try { await axios.get('http://192.0.2.1/') } catch (error) { return 'handled' }"
    assert lambda_of(handled) == "handled"


# Which Pythons -------------------------------------------------------------------------------------------------------

VERSION = re.compile(r"\b3\.(\d+)\b")
PYTHONS = [
    found.group()
    for line in PROJECT["classifiers"]
    if (found := VERSION.search(line.removeprefix("Programming Language :: Python ::")))
]


def test_classifiers_go_on_from_the_oldest_python_without_a_gap() -> None:
    oldest = int(PYTHONS[0].removeprefix("3."))
    assert [f"3.{oldest + step}" for step in range(len(PYTHONS))] == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_the_readme_names_the_pythons_that_are_tested() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"Tested on Python (.+?):", readme, re.DOTALL)
    assert [found.group() for found in VERSION.finditer(told)] == PYTHONS


def test_the_workflow_tests_them_everywhere() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["suite"]["strategy"]["matrix"]
    assert matrix["python"] == PYTHONS
    assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
    lowest = workflow["jobs"]["lowest"]["steps"]
    assert [step["with"]["python-version"] for step in lowest if "with" in step] == PYTHONS[:1]


def program(folder: Path, name: str, script: str) -> None:
    """Put a shell script of this name into a folder."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_ci_looks_for_all_of_them(tmp_path: Path) -> None:
    """Interpreters are looked for on PATH, in pyenv and in Debian sid; what is not found is named with the reason."""
    program(tmp_path, f"python{PYTHONS[0]}", "echo 2.7")  # of another version than its name says
    for version in PYTHONS[1:]:
        program(tmp_path, f"python{version}", f"echo {version}")
    program(tmp_path, "id", "echo 1000")  # nobody here may set up Debian sid
    nowhere = str(tmp_path / "nowhere")
    environment = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin", "PYENV_ROOT": nowhere, "XSRUN_CI_CACHE": nowhere}
    done = subprocess.run([ROOT / ".ci" / "pythons"], capture_output=True, text=True, env=environment, check=True)
    found = [line.split(" ", 2) for line in done.stdout.splitlines()]
    assert [line[0] for line in found] == PYTHONS
    assert [line[1] for line in found[1:]] == [str(tmp_path / f"python{version}") for version in PYTHONS[1:]]
    assert found[0][1] in ("-", "/usr/bin/python3.11", "/bin/python3.11")
    if found[0][1] == "-":
        assert found[0][2].startswith("neither on PATH nor in pyenv, and Debian sid can only be set up by root")


def test_sid_brings_the_newest_ones() -> None:
    script = (ROOT / ".ci" / "sid").read_text(encoding="utf-8")
    (packages,) = re.findall(r"^packages=(.*)$", script, re.MULTILINE)
    assert {f"python{version}" for version in PYTHONS[-2:]} <= set(packages.split(","))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("given", ["", "1 passed\n", "a\n\nb\n1 passed in 2 s\n"])
def test_what_ci_found_stands_before_the_last_line(tmp_path: Path, given: str) -> None:
    (tmp_path / "summary").write_text("one\ntwo\n", encoding="utf-8")
    words = [ROOT / ".ci" / "before-last-line", tmp_path / "summary"]
    done = subprocess.run(words, input=given, capture_output=True, text=True, check=True)
    *before, last = given.splitlines() or [""]
    assert done.stdout.splitlines() == [*before, "one", "two", *([last] if given else [])]


@pytest.mark.skipif(sys.platform != "linux", reason="Debian only")
def test_a_half_made_sid_is_thrown_away(tmp_path: Path) -> None:
    """A root folder that is not complete is made anew; one that cannot be made leaves nothing behind but the reason."""
    for name, script in {
        "id": "echo 0",
        "apt-get": "exit 1",
        "flock": "exit 0",
        "unshare": 'shift 3; exec "$@"',
        "chroot": 'test -e "$1/complete"',
        "debootstrap": 'mkdir -p "$4"; echo E: no mirror; test -n "$MIRROR" && touch "$4/complete"',
    }.items():
        program(tmp_path, name, script)
    cache = tmp_path / "cache"
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "XSRUN_CI_CACHE": str(cache), "MIRROR": ""}

    def look() -> subprocess.CompletedProcess[str]:
        words = [ROOT / ".ci" / "sid", "has", "python3.14"]
        return subprocess.run(words, capture_output=True, text=True, env=environment, check=False)

    (cache / "sid").mkdir(parents=True)
    (cache / "sid.part").mkdir()
    done = look()
    assert (done.returncode, done.stderr) == (1, "debootstrap failed: E: no mirror\n")
    assert {path.name for path in cache.iterdir()} == {"lock", "log"}
    environment["MIRROR"] = "yes"
    assert look().returncode == 0
    (cache / "sid" / "kept").touch()
    assert look().returncode == 0
    assert (cache / "sid" / "kept").exists()
