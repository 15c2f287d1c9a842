"""Puts the grammar's tables into the wheel, so that even the first run of an installed xsrun need not build them.

An editable install has none: its grammar may change, and what it builds is kept in the cache.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TablesHook(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, self.root)
        from xsrun.syntax import tables

        made = Path(self.directory) / "xanoscript.tables"
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(tables.packed())
        build_data["force_include"][str(made)] = "xsrun/syntax/xanoscript.tables"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        (Path(self.directory) / "xanoscript.tables").unlink(missing_ok=True)
