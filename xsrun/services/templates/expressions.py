"""Twig's expressions: its operators and precedences.

Jinja looks like Twig but reads and means other things by it. Here every operation becomes a call of a filter of the
environment: generated code reads no attribute, and calls nothing that a template could name otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from jinja2 import nodes
from jinja2.parser import Parser

from xsrun.diagnostics.suggest import nearest
from xsrun.hints import NoReturn
from xsrun.services.templates.functions import FunctionEnvironment
from xsrun.services.templates.lexer import unescape
from xsrun.values.conversion import Value

#: Twig's binary operators: token -> (precedence, is it right associative, function). Higher binds tighter.
_BINARY: dict[str, tuple[int, bool, str]] = {
    "name:or": (10, False, "or"),
    "name:xor": (12, False, "xor"),
    "name:and": (15, False, "and"),
    "eq": (20, False, "=="),
    "ne": (20, False, "!="),
    "===": (20, False, "same as"),
    "!==": (20, False, "not same as"),
    "<=>": (20, False, "<=>"),
    "lt": (20, False, "<"),
    "gt": (20, False, ">"),
    "lteq": (20, False, "<="),
    "gteq": (20, False, ">="),
    "name:in": (20, False, "in"),
    "name:not": (20, False, "not in"),
    "name:matches": (20, False, "matches"),
    "name:starts": (20, False, "starts with"),
    "name:ends": (20, False, "ends with"),
    "name:has": (20, False, "has"),
    "..": (25, False, ".."),
    "add": (30, False, "+"),
    "sub": (30, False, "-"),
    "tilde": (40, False, "~"),
    "mul": (60, False, "*"),
    "div": (60, False, "/"),
    "floordiv": (60, False, "//"),
    "mod": (60, False, "%"),
    "name:is": (100, False, "is"),
    "pow": (200, True, "**"),
    "??": (300, True, "??"),
}
_NOT, _SIGN = 50, 500
_CONSTANTS = {"true": True, "false": False, "null": None, "none": None}


def read_name(node: nodes.Expr) -> str | None:
    """The plain name that a node reads."""
    if isinstance(node, nodes.Filter) and node.name == "name" and isinstance(node.args[0], nodes.Const):
        return str(node.args[0].value)
    return None


class ExpressionParser(Parser):
    """Parses what stands in `{{ }}`, and between a tag's name and its end."""

    environment: FunctionEnvironment

    def __init__(
        self,
        environment: FunctionEnvironment,
        source: str,
        name: str | None = None,
        filename: str | None = None,
        state: str | None = None,
    ) -> None:
        super().__init__(environment, source, name, filename, state)
        self.strategy: str | None = None  # what `{% autoescape %}` says
        self.macro_modules = {"_self"}
        self.macro_names: dict[str, str] = {}
        self.open_tags: list[str] = []

    # Making nodes --------------------------------------------------------------------------------------------------

    def made(
        self, function: str, subject: nodes.Expr | None, *arguments: nodes.Expr, **named: nodes.Expr
    ) -> nodes.Filter:
        """A call of a function of the environment."""
        line = self.stream.current.lineno
        subject = nodes.Const(None, lineno=line) if subject is None else subject
        keywords = [nodes.Keyword(key, value, lineno=line) for key, value in named.items()]
        return nodes.Filter(subject, function, list(arguments), keywords, None, None, lineno=line)

    def const(self, value: Value) -> nodes.Const:
        return nodes.Const(value, lineno=self.stream.current.lineno)

    def statement(self, expression: nodes.Expr) -> nodes.Node:
        """A statement that only evaluates."""
        return nodes.ExprStmt(expression, lineno=expression.lineno)

    def unknown(self, what: str, name: str, known: Collection[str]) -> NoReturn:
        close = nearest(name, known)
        self.fail(f"Unknown {what} `{name}`" + (f"; did you mean `{close}`?" if close else ""))

    # Expressions ---------------------------------------------------------------------------------------------------

    def parse_tuple(
        self,
        simplified: bool = False,
        with_condexpr: bool = True,
        extra_end_rules: tuple[str, ...] | None = None,
        explicit_parentheses: bool = False,
        with_namespace: bool = False,
    ) -> nodes.Expr:
        """What stands in `{{ }}`."""
        node = self.parse_expression()
        if self.strategy and not (isinstance(node, nodes.Filter) and node.name in ("filter raw", "filter escape")):
            node = self.made("filter escape", node, self.const(self.strategy))
        return node

    def parse_expression(self, with_condexpr: bool = True) -> nodes.Expr:
        """A whole expression: operators, then `?:`, then arrow functions."""
        node = self.parse_binary(0)
        if self.stream.current.type == "=>":
            return self.parse_arrow([node])
        while self.stream.current.type in ("?", "?:"):
            node = self.parse_conditional(node)
        return node

    def parse_conditional(self, condition: nodes.Expr) -> nodes.Expr:
        if next(self.stream).type == "?:" or self.stream.skip_if("colon"):
            return self.made("?:", condition, self.parse_expression())
        then = self.parse_expression()
        otherwise = self.parse_expression() if self.stream.skip_if("colon") else self.const("")
        return nodes.CondExpr(self.made("truth", condition), then, otherwise, lineno=condition.lineno)

    def parse_arrow(self, parameters: list[nodes.Expr]) -> nodes.Expr:
        """`x => ...` or `(a, b) => ...`."""
        names = [self.name_of(parameter) for parameter in parameters]
        self.stream.expect("=>")
        return self.made("=>", self.parse_expression(), self.const(tuple(names)))

    def name_of(self, node: nodes.Expr) -> str:
        """The plain name that a node reads."""
        if (name := read_name(node)) is None:
            self.fail("a name is needed before `=>`")
        return name

    def operator(self) -> tuple[int, bool, str] | None:
        token = self.stream.current
        return _BINARY.get(f"name:{token.value}" if token.type == "name" else token.type)

    def parse_binary(self, least: int) -> nodes.Expr:
        left = self.parse_prefix()
        while (found := self.operator()) is not None and found[0] >= least:
            precedence, right_associative, function = found
            next(self.stream)
            if function == "is":
                left = self.parse_test(left)
                continue
            function = self.second_word(function)
            right = self.parse_binary(precedence if right_associative else precedence + 1)
            if function.startswith("has ") and self.stream.current.type == "=>":
                right = self.parse_arrow([right])
            left = self.combined(function, left, right)
        return left

    def second_word(self, function: str) -> str:
        """Operators of two words: the second one."""
        if function in ("starts with", "ends with"):
            self.stream.expect("name:with")
        elif function == "not in":
            self.stream.expect("name:in")
        elif function == "has":
            function = f"has {self.stream.expect('name').value}"
            if function not in ("has some", "has every"):
                self.fail("`has some` or `has every` is needed here")
        return function

    def combined(self, function: str, left: nodes.Expr, right: nodes.Expr) -> nodes.Expr:
        if function == "and":
            return nodes.And(self.made("truth", left), self.made("truth", right), lineno=left.lineno)
        if function == "~" and isinstance(left, nodes.Filter) and left.name == "~":
            left.args.append(right)  # a long chain stays one call
            return left
        if function == "or":
            return nodes.Or(self.made("truth", left), self.made("truth", right), lineno=left.lineno)
        return self.made(function, left, right)

    def parse_test(self, left: nodes.Expr) -> nodes.Expr:
        negated = self.stream.skip_if("name:not")
        name = self.stream.expect("name").value
        for first, second in (("divisible", "by"), ("same", "as")):
            if name == first and self.stream.skip_if(f"name:{second}"):
                name = f"{first} {second}"
        if f"test {name}" not in self.environment.filters:
            self.unknown("test", name, self.environment.names_of("test"))
        arguments: list[nodes.Expr] = []
        if self.stream.current.type == "lparen":
            arguments, _ = self.parse_arguments()
        elif name in ("divisible by", "same as"):
            arguments = [self.parse_primary()]
        made = self.made(f"test {name}", left, *arguments)
        return nodes.Not(made, lineno=left.lineno) if negated else made

    def parse_prefix(self) -> nodes.Expr:
        token = self.stream.current
        if token.test("name:not"):
            next(self.stream)
            return nodes.Not(self.made("truth", self.parse_binary(_NOT)), lineno=token.lineno)
        if token.type in ("sub", "add"):
            next(self.stream)
            return self.made("negative" if token.type == "sub" else "positive", self.parse_binary(_SIGN))
        return self.parse_primary()

    def parse_primary(self, with_namespace: bool = False) -> nodes.Expr:
        token = next(self.stream)
        node: nodes.Expr
        if token.type == "name":
            node = self.parse_name(token.value)
        elif token.type == "twig_variable":
            node = self.made("name", None, self.const(token.value))
        elif token.type == "twig_string":
            node = self.parse_string(token.value)
        elif token.type in ("integer", "float"):
            node = self.const(token.value)
        elif token.type == "lparen":
            node = self.parse_parentheses()
            if isinstance(node, nodes.Filter) and node.name == "=>":
                return node
        elif token.type == "lbracket":
            node = self.parse_sequence()
        elif token.type == "lbrace":
            node = self.parse_hash()
        else:
            shown = token.value if token.value and token.type != "eof" else "the end"
            self.fail(f"a value is needed before `{shown}`", token.lineno)
        return self.parse_postfix_chain(node)

    def parse_name(self, name: str) -> nodes.Expr:
        if name.lower() in _CONSTANTS:
            return self.const(_CONSTANTS[name.lower()])
        if self.stream.current.type != "lparen":
            return self.made("name", None, self.const(name))
        arguments, named = self.parse_arguments()
        if name in self.macro_names:
            return self.made("call macro", None, self.const(self.macro_names[name]), *arguments, **named)
        if f"function {name}" not in self.environment.filters:
            self.unknown("function", name, self.environment.names_of("function"))
        return self.made(f"function {name}", None, *arguments, **named)

    def parse_string(self, raw: str) -> nodes.Expr:
        """A string; in double quotes `#{...}` holds expressions."""
        inside = raw[1:-1]
        if raw[0] == "'":
            return self.const(re.sub(r"\\([\\'])", r"\1", inside))
        parts = re.split(r"(?<!\\)#\{([^}]*)\}", inside)
        node: nodes.Expr = self.const(unescape(parts[0]))
        for position, part in enumerate(parts[1:]):
            if position % 2 == 0:
                inner = type(self)(self.environment, part, self.name, self.filename, state="variable")
                piece = inner.parse_expression()
            else:
                piece = self.const(unescape(part))
            node = self.made("~", node, piece)
        return node

    def parse_parentheses(self) -> nodes.Expr:
        items: list[nodes.Expr] = []
        while self.stream.current.type != "rparen":
            items.append(self.parse_expression())
            if not self.stream.skip_if("comma"):
                break
        self.stream.expect("rparen")
        if self.stream.current.type == "=>":
            return self.parse_arrow(items)
        if len(items) != 1:
            self.fail("one value is needed in these parentheses")
        return items[0]

    def parse_sequence(self) -> nodes.Expr:
        parts: list[nodes.Expr] = []
        while self.stream.current.type != "rbracket":
            spread = self.stream.skip_if("...")
            parts += [self.const(bool(spread)), self.parse_expression()]
            if not self.stream.skip_if("comma"):
                break
        self.stream.expect("rbracket")
        return self.made("list", None, *parts)

    def parse_hash(self) -> nodes.Expr:
        parts: list[nodes.Expr] = []
        while self.stream.current.type != "rbrace":
            token = self.stream.current
            if self.stream.skip_if("..."):
                parts += [self.const(None), self.parse_expression()]
            elif token.type in ("name", "integer") and self.stream.look().type in ("comma", "rbrace"):
                next(self.stream)  # `{a}` is `{a: a}`
                parts += [self.const(str(token.value)), self.made("name", None, self.const(token.value))]
            else:
                key = self.parse_hash_key()
                self.stream.expect("colon")
                parts += [key, self.parse_expression()]
            if not self.stream.skip_if("comma"):
                break
        self.stream.expect("rbrace")
        return self.made("hash", None, *parts)

    def parse_hash_key(self) -> nodes.Expr:
        token = next(self.stream)
        if token.type == "lparen":
            node = self.parse_expression()
            self.stream.expect("rparen")
            return self.made("text", node)
        if token.type == "twig_string":
            return self.made("text", self.parse_string(token.value))
        if token.type not in ("name", "integer", "float"):
            self.fail("a key is needed here", token.lineno)
        return self.const(str(token.value))

    def parse_arguments(self) -> tuple[list[nodes.Expr], dict[str, nodes.Expr]]:
        """`(1, two: 2)`: positional and named arguments."""
        self.stream.expect("lparen")
        arguments: list[nodes.Expr] = []
        named: dict[str, nodes.Expr] = {}
        while self.stream.current.type != "rparen":
            if self.stream.current.type == "name" and self.stream.look().type in ("assign", "colon"):
                key = next(self.stream).value
                next(self.stream)
                named[key] = self.parse_expression()
            else:
                arguments.append(self.parse_expression())
            if not self.stream.skip_if("comma"):
                break
        self.stream.expect("rparen")
        return arguments, named

    def parse_postfix_chain(self, node: nodes.Expr) -> nodes.Expr:
        while True:
            kind = self.stream.current.type
            if kind in ("dot", "?."):
                next(self.stream)
                node = self.parse_member(node)
            elif kind == "lbracket":
                next(self.stream)
                node = self.parse_brackets(node)
            elif kind == "pipe":
                next(self.stream)
                node = self.parse_filter_name(node)
            elif kind == "lparen":
                self.fail("values cannot be called")
            else:
                return node

    def parse_member(self, node: nodes.Expr) -> nodes.Expr:
        token = next(self.stream)
        if token.type not in ("name", "integer", "twig_variable"):
            self.fail("a name is needed after `.`", token.lineno)
        if self.stream.current.type == "lparen":
            if read_name(node) not in self.macro_modules:
                self.fail(f"`{token.value}` cannot be called: values have no methods")
            arguments, named = self.parse_arguments()
            return self.made("call macro", None, self.const(token.value), *arguments, **named)
        return self.made("member", node, self.const(token.value))

    def parse_brackets(self, node: nodes.Expr) -> nodes.Expr:
        """`[key]`, or `[start:length]`."""
        start: nodes.Expr = self.const(None)
        if self.stream.current.type != "colon":
            start = self.parse_expression()
        if self.stream.skip_if("colon"):
            length = self.const(None) if self.stream.current.type == "rbracket" else self.parse_expression()
            self.stream.expect("rbracket")
            return self.made("filter slice", node, start, length)
        self.stream.expect("rbracket")
        return self.made("member", node, start)

    def parse_filter_name(self, node: nodes.Expr) -> nodes.Expr:
        name = self.stream.expect("name").value
        arguments: list[nodes.Expr] = []
        named: dict[str, nodes.Expr] = {}
        if self.stream.current.type == "lparen":
            arguments, named = self.parse_arguments()
        if f"filter {name}" in self.environment.filters:
            return self.made(f"filter {name}", node, *arguments, **named)
        if not self.environment.is_program_filter(name):
            self.unknown("filter", name, self.environment.names_of("filter"))
        return self.made("program filter", node, self.const(name), *arguments)
