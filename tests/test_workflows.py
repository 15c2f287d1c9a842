"""What `.github` tells its host: workflows, forms and the action are valid by the schemas that check-jsonschema brings,
and what they run is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from xsrun.cli.arguments import COMMANDS

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
#: file -> schema
SCHEMAS = {
    **dict.fromkeys(WORKFLOWS, "vendor.github-workflows"),
    **dict.fromkeys(FORMS, "vendor.github-issue-forms"),
    GITHUB / "ISSUE_TEMPLATE" / "config.yml": "vendor.github-issue-config",
    GITHUB / "dependabot.yml": "vendor.dependabot",
    GITHUB / "action.yml": "vendor.github-actions",
}


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


def problems(path: Path, schema: str) -> str:
    """What check-jsonschema says of a file."""
    from check_jsonschema import main
    from click.testing import CliRunner

    done = CliRunner().invoke(main, ["--builtin-schema", schema, str(path)])
    return "" if done.exit_code == 0 else done.output


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_file_fits_its_schema(path: Path) -> None:
    pytest.importorskip("check_jsonschema")
    assert problems(path, SCHEMAS[path]) == ""


def test_a_workflow_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema")
    (tmp_path / "ci.yml").write_text("name: CI\non: push\njobs:\n  a:\n    run-on: ubuntu-latest\n", encoding="utf-8")
    assert "run-on" in problems(tmp_path / "ci.yml", "vendor.github-workflows")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_ends_and_may_do_little(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert int(job["timeout-minutes"]) <= 60, name


@pytest.mark.parametrize("path", [*WORKFLOWS, GITHUB / "action.yml"], ids=lambda path: path.name)
def test_what_is_run_is_there(path: Path) -> None:
    text = re.sub(r"(?m)^ *#.*$", "", path.read_text(encoding="utf-8"))
    for named in re.findall(r"(?<![\w/.])(?:\.ci|tests|samples)/[\w./-]+", text):
        assert (ROOT / named).exists(), named
    assert set(re.findall(r"\bxsrun ([a-z]+)\b", text)) <= set(COMMANDS)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_forms_ask_for_what_is_needed(path: Path) -> None:
    """A report carries the smallest program and the versions; a wish may come without."""
    form = read(path)
    asked = {part["id"]: part for part in form["body"] if "id" in part}
    assert ".xs" in str(asked["program"])
    if form["labels"] != ["idea"]:
        assert asked["version"]["attributes"]["label"] == "xsrun --version --verbose"
        assert asked["version"]["validations"]["required"] == "true"


def test_security_says_how_to_report() -> None:
    assert "## Reporting" in (GITHUB / "SECURITY.md").read_text(encoding="utf-8")
    links = [link["url"] for link in read(GITHUB / "ISSUE_TEMPLATE" / "config.yml")["contact_links"]]
    assert any(url.endswith("/security/advisories/new") for url in links)
