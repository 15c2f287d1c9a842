"""Twig's tags, as Jinja's nodes, and the code that is generated for them."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

from xsrun.hints import NoReturn
from xsrun.services.templates.expressions import ExpressionParser

#: Tags that need other templates, of which there are none.
_OTHER_TEMPLATES = frozenset(("include", "extends", "embed", "use", "sandbox"))

#: What a tag becomes.
Made = nodes.Node | list[nodes.Node]


class TwigParser(ExpressionParser):
    """Parses a template into Jinja's nodes."""

    def parse_statement(self) -> Made:
        token = self.stream.current
        if token.type != "name":
            self.fail("a tag name is needed after `{%`", token.lineno)
        parse: Callable[[], Made] | None = getattr(self, f"tag_{token.value}", None)
        if token.value in _OTHER_TEMPLATES:
            self.fail(f"`{token.value}` needs another template, and there is none")
        if parse is None:
            known = [name[4:] for name in dir(self) if name.startswith("tag_")]
            if token.value.startswith(("end", "else")):
                self.fail(f"`{token.value}` closes nothing here")
            self.unknown("tag", token.value, known)
        next(self.stream)
        self.open_tags.append(token.value)
        made = parse()
        self.open_tags.pop()
        return made

    def body_until(self, *ends: str) -> list[nodes.Node]:
        """The nodes up to one of some tags; the current token is then the tag's name."""
        return self.parse_statements(tuple(f"name:{end}" for end in ends))

    def fail_eof(self, end_tokens: tuple[str, ...] | None = None, lineno: int | None = None) -> NoReturn:
        tag = self.open_tags[-1] if self.open_tags else "tag"
        self.fail(f"`{{% {tag} %}}` is not closed", lineno)

    def tag_if(self) -> Made:
        line = self.stream.current.lineno
        test = self.made("truth", self.parse_expression())
        body = self.body_until("elseif", "else", "endif")
        arms: list[nodes.If] = []
        otherwise: list[nodes.Node] = []
        while (end := next(self.stream).value) != "endif":
            if end == "else":
                otherwise = self.body_until("endif")
            else:
                condition = self.made("truth", self.parse_expression())
                arms.append(nodes.If(condition, self.body_until("elseif", "else", "endif"), [], [], lineno=line))
        return nodes.If(test, body, arms, otherwise, lineno=line)

    def tag_for(self) -> Made:
        line = self.stream.current.lineno
        names = [self.stream.expect("name").value]
        if self.stream.skip_if("comma"):
            names.append(self.stream.expect("name").value)
        self.stream.expect("name:in")
        values = self.parse_expression()
        test: nodes.Expr = self.const(None)
        if self.stream.skip_if("name:if"):
            test = self.made("=>", self.parse_expression(), self.const((names[-1], *names[:-1])))
        body = self.body_until("else", "endfor")
        otherwise = self.body_until("endfor") if next(self.stream).value == "else" else []
        if otherwise:
            next(self.stream)
        key = names[0] if len(names) > 1 else None
        source = self.made("loop", values, self.const(key), self.const(names[-1]), test)
        target = nodes.Name(self.free_identifier().name, "store", lineno=line)
        return nodes.For(target, source, body, otherwise, None, False, lineno=line)

    def tag_set(self) -> Made:
        line = self.stream.current.lineno
        names = [self.stream.expect("name").value]
        while self.stream.skip_if("comma"):
            names.append(self.stream.expect("name").value)
        if not self.stream.skip_if("assign"):
            captured, body = self.captured("endset")
            return [body, self.statement(self.made("set", captured, self.const(names[0])))]
        values = [self.parse_expression()]
        while self.stream.skip_if("comma"):
            values.append(self.parse_expression())
        if len(values) != len(names):
            self.fail(f"{len(names)} names are set to {len(values)} values", line)
        return [
            self.statement(self.made("set", value, self.const(name))) for name, value in zip(names, values, strict=True)
        ]

    def captured(self, end: str) -> tuple[nodes.Expr, nodes.Node]:
        """What a block writes, as a value: the node that reads it, and the one that runs the block."""
        line = self.stream.current.lineno
        identifier = self.free_identifier().name
        body = self.parse_statements((f"name:{end}",), drop_needle=True)
        store = nodes.Name(identifier, "store", lineno=line)
        return nodes.Name(identifier, "load", lineno=line), nodes.AssignBlock(store, None, body, lineno=line)

    def tag_apply(self) -> Made:
        line = self.stream.current.lineno
        placeholder = nodes.Name(self.free_identifier().name, "load", lineno=line)
        filtered = self.parse_filter_name(placeholder)
        while self.stream.skip_if("pipe"):
            filtered = self.parse_filter_name(filtered)
        captured, body = self.captured("endapply")
        assert isinstance(captured, nodes.Name)
        placeholder.name = captured.name
        return [body, nodes.Output([filtered], lineno=line)]

    def tag_spaceless(self) -> Made:
        captured, body = self.captured("endspaceless")
        return [body, nodes.Output([self.made("filter spaceless", captured)], lineno=captured.lineno)]

    def tag_with(self) -> Made:
        values: nodes.Expr = self.const(None)
        if self.stream.current.type != "block_end" and not self.stream.current.test("name:only"):
            values = self.parse_expression()
        only = bool(self.stream.skip_if("name:only"))
        enter = self.statement(self.made("enter", values, self.const(only)))
        body = self.parse_statements(("name:endwith",), drop_needle=True)
        return [enter, *body, self.statement(self.made("leave", None))]

    def tag_do(self) -> Made:
        return self.statement(self.parse_expression())

    def tag_autoescape(self) -> Made:
        outer = self.strategy
        self.strategy = "html"
        if self.stream.current.test("name:false"):
            next(self.stream)
            self.strategy = None
        elif self.stream.current.type == "twig_string":
            self.strategy = next(self.stream).value[1:-1]
        body = self.parse_statements(("name:endautoescape",), drop_needle=True)
        self.strategy = outer
        return body

    def tag_block(self) -> Made:
        """A block without a template that extends this one: its content stands where it is."""
        line = self.stream.current.lineno
        name = self.stream.expect("name").value
        if self.stream.current.type != "block_end":
            return nodes.Output([self.parse_expression()], lineno=line)
        body = self.parse_statements(("name:endblock",), drop_needle=True)
        self.stream.skip_if(f"name:{name}")
        return body

    def tag_macro(self) -> Made:
        line = self.stream.current.lineno
        name = self.stream.expect("name").value
        parameters: list[str] = []
        defaults: list[nodes.Expr] = []
        self.stream.expect("lparen")
        while self.stream.current.type != "rparen":
            parameters.append(self.stream.expect("name").value)
            given = self.stream.current.type in ("assign", "colon") and next(self.stream)
            defaults.append(self.parse_expression() if given else self.const(None))
            if not self.stream.skip_if("comma"):
                break
        self.stream.expect("rparen")
        identifier = self.free_identifier().name
        body = self.parse_statements(("name:endmacro",), drop_needle=True)
        self.stream.skip_if(f"name:{name}")
        made = nodes.Macro(identifier, [], [], body, lineno=line)
        reader = nodes.Name(identifier, "load", lineno=line)
        described = self.const((name, tuple(parameters)))
        return [made, self.statement(self.made("define macro", reader, described, *defaults))]

    def tag_import(self) -> Made:
        """`{% import _self as forms %}`: other templates there are none."""
        self.stream.expect("name:_self")
        self.stream.expect("name:as")
        self.macro_modules.add(self.stream.expect("name").value)
        return []

    def tag_from(self) -> Made:
        """`{% from _self import input, label as caption %}`."""
        self.stream.expect("name:_self")
        self.stream.expect("name:import")
        while True:
            name = self.stream.expect("name").value
            alias = self.stream.expect("name").value if self.stream.skip_if("name:as") else name
            self.macro_names[alias] = name
            if not self.stream.skip_if("comma"):
                return []


class TwigCodeGenerator(CodeGenerator):
    """Jinja's code, with arrow functions, and with a right side of `?:` and `??` that is evaluated only if needed."""

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        assert node.node is not None
        if node.name == "=>":
            names = node.args[0].as_const()
            self.write(f"environment.arrow(context, {names!r}, lambda: ")
            self.visit(node.node, frame)
            self.write(")")
        elif node.name in ("??", "?:"):
            self.write("environment.coalesce(" if node.name == "??" else "environment.elvis(")
            self.visit(node.node, frame)
            self.write(", lambda: ")
            self.visit(node.args[0], frame)
            self.write(")")
        else:
            super().visit_Filter(node, frame)
