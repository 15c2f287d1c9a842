"""`xsrun support`: which statements and filters of the language are implemented, counted against its catalogue."""

from __future__ import annotations

import argparse
from typing import NotRequired, TypedDict

from xsrun.cli.declared_options import Options
from xsrun.manual.reference import KINDS
from xsrun.values.conversion import to_json


class SupportRow(TypedDict):
    """One name of the catalogue. `stand_in`: what stands on this machine for the service that it works with."""

    name: str
    status: str
    stand_in: NotRequired[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument(
        "--missing", action="store_true", help="list what is not implemented, and what a local stand-in serves"
    )


def support() -> dict[str, list[SupportRow]]:
    """Name and status of everything in the catalogue: "yes" or "no".

    What works with a local stand-in is "yes" and has the member `stand_in`.
    """
    from xsrun import registry
    from xsrun.language import catalogue

    tables: dict[str, list[SupportRow]] = {}
    for title, kind in KINDS.items():
        rows: list[SupportRow] = []
        for name in catalogue.names(kind):
            record = registry.find(kind, name)
            row: SupportRow = {"name": name, "status": "no" if record is None else "yes"}
            if record is not None and record.stand_in:
                row["stand_in"] = record.stand_in.what
            rows.append(row)
        tables[title] = rows
    return tables


def summary(rows: list[SupportRow]) -> str:
    """How many of a table work, and how many of these with a local stand-in."""
    done = [row for row in rows if row["status"] == "yes"]
    stood_in = sum("stand_in" in row for row in done)
    text = f"{len(done)} of {len(rows)}"
    return f"{text}, {stood_in} of them with a local stand-in" if stood_in else text


def run(options: Options) -> int:
    tables = support()
    if options.missing:
        listed = {title: [row for row in rows if lacks(row)] for title, rows in tables.items()}
    if options.json:
        print(to_json(listed if options.missing else tables))
        return 0
    for title, rows in tables.items():
        print(f"{title.replace('_', ' ')}: {summary(rows)}")
        for row in listed[title] if options.missing else ():
            print(f"  {row['name']}: {row.get('stand_in', row['status'])}")
    return 0


def lacks(row: SupportRow) -> bool:
    """Is a row not implemented, or only with a local stand-in?"""
    return row["status"] != "yes" or "stand_in" in row
