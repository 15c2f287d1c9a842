"""Compare with the official language server: xsrun must accept every text that its own tests expect to be accepted.

    python tests/official/compare.py COLLECTED [--refused]

COLLECTED is what `collect.mjs` wrote. In the folder `language-server` of a clone of
github.com/akrzemianowski/xanoscript_vscode_plugin, outside of this repository:

    npm install chevrotain@11 lodash-es chai@5 mocha@11 vscode-languageserver@9 vscode-languageserver-textdocument
    sed -i 's/^export function lexDocument.*{/&\\n  globalThis.__note?.(inputText);/' lexer/lexer.js
    COLLECTED=collected.json npx mocha --require .../tests/official/collect.mjs 'parser/**/*.spec.js'

Many of the texts are pieces; each is put where it belongs, by the file of its test. `--refused` lists the texts that
the official parser refuses and of which `xsrun check` says nothing; some of those the engine runs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import xsrun
from xsrun.syntax.parser import parser
from xsrun.syntax.source import Source

#: Folders of statements whose names do not begin with the folder's.
UNPREFIXED = ("controls", "schema")
UNIT_TEST = 'function f {\n input {\n }\n stack {\n }\n response = 1\n test "a" {\n expect.<>\n }\n}'
WORKFLOW_TEST = "workflow_test a {\n stack {\n expect.<>\n }\n}"
IN_LOOP = "for (1) {\n each as $q {\n <>\n }\n}"
IN_FUNCTION = "function f {\n input {\n }\n stack {\n <>\n }\n response = 1\n}"
IN_SCHEMA = "table t {\n schema {\n int id\n <>\n }\n}"
IN_INPUT = "function f {\n input {\n <>\n }\n stack {\n }\n response = 1\n}"
KINDS = ("query a verb=GET", "function f", "table t", "task t", "api_group a")
#: The rule that a test names first -> where the piece that the rule reads stands.
OF_RULE = {
    "arrayNoValueAs": "array.pop $list <>",
    "arrayValueAs": "array.union $list <>",
    "arrayValueIfAs": "array.filter <>",
    "arrayValueOnly": "array.push $list <>",
    "valueAttrOnly": "array.push $list <>",
    "nakedStack": IN_FUNCTION.replace("stack {\n <>\n }", "stack <>"),
    "objectWithAttributes": "var $x { value = <> }",
    "arraySlice": IN_INPUT.replace("<>", "text<> a"),
    "columnDefaultValueAttribute": IN_INPUT.replace("<>", "text a <>"),
    "columnMetadataDefinition": IN_INPUT.replace("<>", "text a <>"),
    "enumColumnMetadataDefinition": IN_INPUT.replace("<>", "enum a <>"),
    "filterDefinition": IN_INPUT.replace("<>", "text a <>"),
    "inputFilterFn": IN_INPUT.replace("<>", "text a filters=<>"),
}
#: Texts that the official tests give up on early, so that the parser has not met the fault yet.
UNFINISHED = ("should fail", "rejects malformed", "shouldn't")


def frames(file: str, title: str) -> list[str]:
    """The texts around a piece: `<>` is where it stands. Empty when it stands nowhere by itself."""
    parts = Path(file).parts[1:]
    rule = title.partition(" ")[0]
    if rule.startswith("schemaParse"):
        return []
    if rule in OF_RULE:
        return [OF_RULE[rule]]
    if len(parts) == 1 or parts[0] == "tests":
        return ["<>"]
    if parts[0] == "functions":
        if len(parts) == 2:
            return ["<>", "debug.<>"]
        if parts[1] == "expect":
            return [UNIT_TEST, WORKFLOW_TEST]
        if parts[1] in UNPREFIXED:
            return ["<>", IN_LOOP, IN_FUNCTION]
        return [parts[1] + ".<>", "<>", "storage.<>"]
    if parts[0] == "generic":
        return ["var $x { value = <> }", "var $x {\n value = <>\n}"] if parts[1].startswith("valueExp") else []
    if parts[0] == "clauses":
        return [kind + " {\n<>\n}" for kind in KINDS]
    return [IN_SCHEMA, IN_INPUT]


def parses(text: str) -> bool:
    return not any(one.severity == "error" for one in parser().parse(Source(text), "document").diagnostics)


def says_nothing(text: str) -> bool:
    return not any(one.severity != "info" for one in xsrun.check({"a.xs": text}))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("collected", type=Path)
    options.add_argument("--refused", action="store_true")
    choice = options.parse_args()
    counted: Counter[str] = Counter()
    missed: list[dict[str, Any]] = []
    for one in json.loads(choice.collected.read_text(encoding="utf-8")):
        texts = [frame.replace("<>", one["text"].strip()) for frame in frames(one["file"], one["title"])]
        if not texts:
            counted["pieces that stand nowhere by themselves"] += 1
        elif one["accepted"]:
            good = any(map(parses, texts)) or any(words in one["title"] for words in UNFINISHED)
            counted["accepted by both" if good else "accepted by the official parser only"] += 1
            missed += [] if good else [one]
        else:
            silent = any(map(says_nothing, texts))
            counted["refused there, unnoticed here" if silent else "refused there, reported here"] += 1
            if silent and choice.refused:
                print(f"== {one['file']}: {one['title']}\n{one['text']}\n")
    for name, count in counted.items():
        print(f"{count:6} {name}")
    for one in missed:
        print(f"\n== {one['file']}: {one['title']}\n{one['text']}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
