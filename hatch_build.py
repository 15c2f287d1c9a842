"""Puts into the wheel what is made when it is built: the grammar's tables, so that even the first run of an installed
xsrun need not build them, and the libraries that JavaScript programs find, from npm. And makes the links of the README
lead somewhere on PyPI, too.

An editable install has neither: its grammar may change, and what it builds is kept in the cache. Where npm is not
there, or cannot reach its registry, the wheel comes without the libraries; using one is then an error that says so.
`XSRUN_NPM=off` leaves them out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

#: Where the versions and digests of the libraries, and of all that they need, are written down.
PINNED = "xsrun/services/javascript/npm"
#: The libraries by package. Those for browsers ask for no module of Node's; the others get what a lambda may have.
BROWSER = (
    *("axios", "crypto-js", "ethers", "fast-xml-parser", "jose", "lodash", "luxon", "mathjs", "moment", "uuid"),
)  # fmt: skip
NODE = ("aws4", "mailparser", "nodemailer", "socks")
_LICENCES = ("license", "licence", "copying", "notice")


class MadeFiles(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        self.made = Path(self.directory) / "made"
        self.made.mkdir(parents=True, exist_ok=True)
        sys.path.insert(0, self.root)
        from xsrun.syntax import tables

        packed = self.made / "xanoscript.tables"
        packed.write_bytes(tables.packed())
        build_data["force_include"][str(packed)] = "xsrun/syntax/xanoscript.tables"
        libraries = self.made / "libraries"
        try:
            bundle(Path(self.root) / PINNED, libraries)
        except Missing as reason:
            self.app.display_warning(f"xsrun comes without npm's libraries for JavaScript: {reason}")
        else:
            build_data["force_include"][str(libraries)] = "xsrun/services/javascript/libraries"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        shutil.rmtree(Path(self.directory) / "made", ignore_errors=True)


class Readme(MetadataHookInterface):  # type: ignore[misc, unused-ignore]
    """The README as PyPI shows it: relative links lead nowhere there, so they lead to this version's files."""

    def update(self, metadata: dict[str, Any]) -> None:
        root = Path(self.root)
        package = (root / "xsrun" / "__init__.py").read_text(encoding="utf-8")
        version = re.search(r'^__version__ = "(.+)"$', package, re.MULTILINE)
        assert version is not None
        text = (root / "README.md").read_text(encoding="utf-8")
        text = absolute(text, metadata["urls"]["Repository"], f"v{version[1]}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def absolute(text: str, repository: str, tag: str) -> str:
    """Markdown with whole addresses for the files and pictures of the repository."""

    def whole(link: re.Match[str]) -> str:
        view = "raw" if link["picture"] else "blob"
        return f"{link['picture']}{link['words']}({repository}/{view}/{tag}/{link['target']})"

    return re.sub(r"(?P<picture>!?)(?P<words>\[[^\]]*\])\((?P<target>(?!https?:|#)[^)\s]+)\)", whole, text)


class Missing(Exception):
    """Why the libraries cannot be had."""


def bundle(pinned: Path, target: Path) -> None:
    """Fetch the pinned packages and write each library as one file into a folder, with all licences beside them."""
    npm = shutil.which("npm")
    if npm is None or os.environ.get("XSRUN_NPM", "").lower() in ("off", "no", "none", "0"):
        raise Missing("npm is not there" if npm is None else "XSRUN_NPM says so")
    with tempfile.TemporaryDirectory() as work:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(pinned / name, work)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"], work)
        target.mkdir(parents=True, exist_ok=True)
        used: set[Path] = set()
        for name in (*BROWSER, *NODE):
            used |= _bundle_one(name, work, target / f"{name}.js")
        texts = [_licence(package) for package in sorted(used)]
        (target / "LICENCES.txt").write_text("\n".join(texts), encoding="utf-8")


def _bundle_one(name: str, work: str, target: Path) -> set[Path]:
    """Write one library as a function body that fills `module.exports`; the folders of the packages in it."""
    entry, facts = Path(work, "entry.js"), Path(work, "facts.json")
    entry.write_text(f"module.exports = require({name!r});\n")
    program = Path(work, "node_modules", "esbuild", "bin", "esbuild")
    options = [
        f"--platform={'node' if name in NODE else 'browser'}",
        "--format=cjs",
        "--target=esnext",
        "--charset=utf8",
    ]
    options += ["--bundle", "--minify-whitespace", "--minify-syntax", "--legal-comments=none", "--log-level=error"]
    options += ['--define:process.env.NODE_ENV="production"', f"--metafile={facts}", f"--outfile={target}"]
    _run([str(program), str(entry), *options], work)
    found = set()
    for source in json.loads(facts.read_text(encoding="utf-8"))["inputs"]:
        parts = Path(source).parts
        for place in range(len(parts) - 1, -1, -1):
            if parts[place] == "node_modules":
                length = 2 if parts[place + 1].startswith("@") else 1
                found.add(Path(work, *parts[: place + 1 + length]))
                break
    return found


def _licence(package: Path) -> str:
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    heading = f"{about['name']} {about['version']} ({about.get('license', 'see below')})"
    files = sorted(file for file in package.iterdir() if file.is_file() and file.name.lower().startswith(_LICENCES))
    texts = [file.read_text(encoding="utf-8", errors="replace").strip() for file in files]
    return "\n\n".join([heading, "=" * len(heading), *texts, ""])


def _run(command: list[str], folder: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{Path(command[0]).name} does not run: {type(error).__name__}") from None
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise Missing(f"{Path(command[0]).name} failed: {lines[0] if lines else done.returncode}")
