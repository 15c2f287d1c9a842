"""What xsrun puts into other tools: hooks of pre-commit, the action for GitHub, notes for coding agents."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from xsrun.analysis import check_sources
from xsrun.cli import main
from xsrun.diagnostics.export import to_sarif
from xsrun.editor.agent_notes import FILE, SECTION, with_section

ROOT = Path(__file__).parents[1]
SHOP = ROOT / "samples" / "shop"
ACTION = yaml.safe_load((ROOT / ".github" / "action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
GOOD = "function good {\n  input {\n  }\n\n  stack {\n    var $x {\n      value = 1\n    }\n  }\n\n  response = $x\n\n"
GOOD += '  test "one" {\n    expect.to_equal ($response) {\n      value = 1\n    }\n  }\n}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backend" / "function"
    made.mkdir(parents=True)
    (made / "good.xs").write_text(GOOD, encoding="utf-8")
    return made.parent


def shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the action as GitHub does."""
    around = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **environment}
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(words, cwd=folder, env=around, capture_output=True, text=True)


def step(name: str) -> str:
    """The script of a step."""
    (found,) = [one["run"] for one in ACTION["runs"]["steps"] if one.get("name") == name]
    return str(found)


@pytest.mark.skipif(sys.platform == "win32", reason="the action runs on bash")
def test_the_steps_of_the_action(folder: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    given = {"FOLDER": ".", "JUNIT": str(tmp_path / "tests.xml"), "GITHUB_STEP_SUMMARY": str(summary)}
    assert shell(step("Check"), folder, **given).returncode == 0
    assert shell(step("Look at the format"), folder, **given).returncode == 0
    done = shell(step("Test"), folder, **given)
    assert done.returncode == 0, done.stderr
    told = summary.read_text(encoding="utf-8")
    assert "1 passed, 0 failed" in told and "good.xs" in told and "100" in told
    assert "testsuite" in (tmp_path / "tests.xml").read_text(encoding="utf-8")
    (folder / "function" / "good.xs").write_text(
        GOOD.replace("value = 1\n    }\n  }\n}", "value = 2\n}}}"), encoding="utf-8"
    )
    assert shell(step("Test"), folder, **given).returncode == 1
    assert shell(step("Look at the format"), folder, **given).returncode == 1
    (folder / "function" / "good.xs").write_text(GOOD.replace("value", "valu"), encoding="utf-8")
    done = shell(step("Check"), folder, **given)
    assert done.returncode == 1 and "::error file=function/good.xs,line=7" in done.stdout
    done = shell(step("Write the problems as SARIF"), folder, SARIF=str(tmp_path / "found.sarif"), **given)
    assert done.returncode == 0
    document = json.loads((tmp_path / "found.sarif").read_text(encoding="utf-8"))
    assert_sarif(document)
    assert document["runs"][0]["results"][0]["ruleId"] == "XS315"


def assert_sarif(document: Any) -> None:
    """What the schema of SARIF 2.1.0 asks of the parts that are used here."""
    assert document["version"] == "2.1.0" and document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] and run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for rule in driver["rules"]:
        assert rule["id"] and rule["shortDescription"]["text"] and rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    for result in run["results"]:
        assert result["message"]["text"] and result["level"] in ("none", "note", "warning", "error")
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        for location in result["locations"]:
            place = location["physicalLocation"]
            assert re.fullmatch(r"[^\s\\]+", place["artifactLocation"]["uri"])
            region = place["region"]
            assert region["startLine"] >= 1 and region["startColumn"] >= 1
            assert (region["endLine"], region["endColumn"]) > (region["startLine"], region["startColumn"])
        for fix in result.get("fixes", ()):
            (change,) = fix["artifactChanges"]
            for replacement in change["replacements"]:
                assert replacement["deletedRegion"]["charOffset"] >= 0
                assert isinstance(replacement["insertedContent"]["text"], str)


@pytest.mark.slow
def test_sarif_passes_the_validator_of_its_authors(tmp_path: Path) -> None:
    """What the broken files of the tests bring about, by the schema and the rules of the multitool from npm."""
    if shutil.which("npm") is None or platform.system() != "Linux":
        pytest.skip("the validator is installed by npm, on Linux")
    words = [
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--silent",
        "--prefix",
        ".",
        "@microsoft/sarif-multitool@5.7.0",
    ]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    files = sorted((ROOT / "tests" / "diagnostics").rglob("*.xs"))
    texts = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in files}
    found = [one for name, text in texts.items() for one in check_sources({name: text})]
    assert len({one.code for one in found}) > 30 and any(one.fix for one in found)
    (tmp_path / "found.sarif").write_text(json.dumps(to_sarif(found)), encoding="utf-8")
    words = ["node_modules/.bin/sarif-multitool", "validate", "found.sarif", "--rule-kind", "Sarif"]
    around = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    done = subprocess.run(words, cwd=tmp_path, env=around, capture_output=True, text=True)
    assert done.returncode == 0 and "Analysis completed successfully" in done.stdout, done.stdout
    assert re.findall(r"(?:error|warning) .*", done.stdout) == []


def test_the_action_names_no_input_that_it_lacks() -> None:
    text = (ROOT / ".github" / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    assert all("${{" not in one.get("run", "") for one in ACTION["runs"]["steps"]), (
        "values come through the environment"
    )


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_the_hooks_of_pre_commit(hook: dict[str, Any], folder: Path) -> None:
    assert re.search(hook["files"], "function/good.xs") and hook["language"] == "python"
    names = ["function/good.xs"] if hook.get("pass_filenames", True) else []
    script = " ".join([hook["entry"], *names])
    assert shell(script, folder).returncode == 0
    (folder / "function" / "good.xs").write_text(GOOD.replace("$x {", "$x {{"), encoding="utf-8")
    assert shell(script, folder).returncode == 1


# Notes for coding agents ---------------------------------------------------------------------------------------------


def test_notes_are_written_when_they_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / FILE
    assert main(["init", str(tmp_path)]) == 2 and "--agents" in capsys.readouterr().err
    assert not path.exists()
    assert main(["init", str(tmp_path), "--agents"]) == 0 and capsys.readouterr().out == f"wrote {path}\n"
    assert path.read_text(encoding="utf-8") == SECTION
    assert main(["init", str(tmp_path), "--agents"]) == 0 and "is up to date" in capsys.readouterr().out
    path.write_text(f"# Ours\n\n{SECTION.replace('each edit', 'EACH edit')}\nMore of ours.\n", encoding="utf-8")
    assert main(["init", str(tmp_path), "--agents"]) == 0 and "changed the section" in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == f"# Ours\n\n{SECTION}\nMore of ours.\n"
    assert main(["init", str(tmp_path / "none"), "--agents"]) == 2 and "no such folder" in capsys.readouterr().err


def test_notes_stand_behind_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / FILE
    path.write_bytes(b"# Ours\r\n\r\nLine")
    assert main(["init", str(tmp_path), "--agents"]) == 0 and "added a section" in capsys.readouterr().out
    assert path.read_bytes().startswith(b"# Ours\r\n\r\nLine\n\n<!-- xsrun: begin -->")
    path.write_text("<!-- xsrun: end -->", encoding="utf-8")
    assert main(["init", str(tmp_path), "--agents"]) == 2 and "only one of" in capsys.readouterr().err
    path.write_bytes(b"\xff")
    assert main(["init", str(tmp_path), "--agents"]) == 2 and "is not UTF-8" in capsys.readouterr().err
    assert with_section(with_section("a")) == with_section("a")


def test_the_commands_that_the_notes_name_are_there() -> None:
    from xsrun.cli.arguments import COMMANDS

    assert set(re.findall(r"`xsrun (\w+)", SECTION)) <= set(COMMANDS)
