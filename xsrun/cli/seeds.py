"""Rows to begin with, from a file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from xsrun.cli.options import read_file
from xsrun.errors import UsageError


def read_seed(name: str) -> dict[str, list[dict[str, Any]]]:
    """Rows by table: a JSON or YAML object of lists, or a CSV file whose name is the table's."""
    path = Path(name)
    text = read_file(name)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return {path.stem: [dict(row) for row in csv.DictReader(io.StringIO(text))]}
    if suffix in (".yaml", ".yml"):
        import yaml

        try:
            rows = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise UsageError(f"{name} is not YAML: {error}") from None
    else:
        try:
            rows = json.loads(text)
        except ValueError as error:
            raise UsageError(f"{name} is not JSON: {error}") from None
    if isinstance(rows, list):
        return {path.stem: rows}
    if not isinstance(rows, dict) or not all(isinstance(value, list) for value in rows.values()):
        raise UsageError(f"{name} must hold an object of lists, one for each table")
    return rows


def seed_file(workspace: Any, name: str) -> None:
    """Seed a workspace from a file."""
    workspace.seed(read_seed(name))
