"""What generated code calls is listed, and what is listed is called."""

from __future__ import annotations

import ast
import builtins
import dis
import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import xsrun
from xsrun import registry
from xsrun.evaluator.generated.vocabulary import GLOBALS
from xsrun.workspace.code_cache import compiled_stack

PACKAGE = Path(__file__).parents[1] / "xsrun"


def texts_of(tree: ast.Module) -> Iterator[str]:
    """The texts in a module that may be templates or names: all but its docstrings."""
    holders = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)]
    first = [node.body[0] for node in holders if node.body]
    prose = {id(node.value) for node in first if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def test_every_name_stands_in_a_template() -> None:
    words: set[str] = set()
    for room in ("evaluator", "statements", "filters"):
        for module in (PACKAGE / room).rglob("*.py"):
            for text in texts_of(ast.parse(module.read_text(encoding="utf-8"))):
                words.update(re.findall(r"[A-Za-z_]\w*", text))
    assert sorted(GLOBALS.keys() - words - {"bind_one"}) == []


def global_names(code: CodeType) -> set[str]:
    """The names that a code object and those inside it read as globals."""
    found = {one.argval for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL"}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= global_names(inner)
    return found


def test_generated_code_names_nothing_else() -> None:
    """Over the examples of every statement and filter: each global is in the list, the linker's, or Python's own."""
    for kind in ("statement", "filter"):
        for record in registry.every(kind):  # type: ignore[arg-type]
            for example in record.examples:
                source = example.source if kind == "statement" else f"var $found {{ value = {example.source} }}"
                (construct,) = xsrun.Workspace.from_sources({"example.xs": source}).constructs
                if construct.kind != "stack" or construct.problems:
                    continue
                compiled = compiled_stack(construct)
                known = {*GLOBALS, *vars(builtins), *compiled.linker.constants, *compiled.linker.builtins}
                known |= {*compiled.linker.callees, *compiled.linker.fields, "run", "direct"}
                unknown = {one for one in global_names(compiled.code) - known if not one.startswith(("v_", "o_"))}
                assert unknown == set(), (record.name, unknown)
