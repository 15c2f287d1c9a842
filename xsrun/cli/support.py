"""`xsrun support`: which statements and filters of the language are implemented, counted against its catalogue."""

from __future__ import annotations

import argparse

from xsrun.manual.reference import KINDS
from xsrun.values.conversion import to_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--missing", action="store_true", help="list what is not implemented")


def support() -> dict[str, list[dict[str, str]]]:
    """Name and status of everything in the catalogue: "yes", "no", or "unavailable: why"."""
    from xsrun import registry
    from xsrun.language import catalogue

    tables: dict[str, list[dict[str, str]]] = {}
    for title, kind in KINDS.items():
        rows = []
        for name in catalogue.names(kind):
            record = registry.find(kind, name)
            status = "no" if record is None else "yes"
            if record is not None and record.unavailable:
                status = f"unavailable: {record.unavailable}"
            rows.append({"name": name, "status": status})
        tables[title] = rows
    return tables


def run(options: argparse.Namespace) -> int:
    tables = support()
    if options.json and options.missing:
        tables = {title: [row for row in rows if row["status"] != "yes"] for title, rows in tables.items()}
    if options.json:
        print(to_json(tables))
        return 0
    for title, rows in tables.items():
        done = sum(row["status"] == "yes" for row in rows)
        refused = [row for row in rows if row["status"].startswith("unavailable")]
        note = f", {len(refused)} raise a documented error" if refused else ""
        print(f"{title.replace('_', ' ')}: {done} of {len(rows)}{note}")
        if options.missing:
            for row in rows:
                if row["status"] != "yes":
                    print(f"  {row['name']}: {row['status']}")
    return 0
