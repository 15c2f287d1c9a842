"""`util.*`: what a program knows of its request, the head of its response, and small services (semantics 6)."""

from __future__ import annotations

import ast
import math
import time
from collections.abc import Callable

from xsrun.errors import LimitError, MissingParamError, XanoScriptError
from xsrun.evaluator.changes import owners_defined
from xsrun.evaluator.quasiquote import call, constant, name, place, statement_position, statements
from xsrun.hints import TYPE_CHECKING
from xsrun.lazy_regex import IGNORECASE, pattern
from xsrun.registry import statement, statement_form
from xsrun.running.asynchronous import finish_all
from xsrun.running.context import Answer, Context
from xsrun.statements.template_filters import render_template
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import Value, as_text, describe, from_json, not_allowed, text_of_bytes, to_json

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler

# What a program is given ---------------------------------------------------------------------------------------------


@statement("util.get_env")
def get_env(context: Context) -> dict[str, Value]:
    """The values of the environment, by name.

    They are those of the workspace, of the `.env` file beside it and of `--env`. Of the process that xsrun runs in a
    program sees only what `--env NAME` names or what its text reads as `$env.NAME`.

    >>> util.get_env as $values
    {"values": ...}
    """
    return dict(context.environment)


@statement_form("util.get_vars")
def get_vars(compiler: Compiler, node: Statement) -> None:
    """The variables that have a value at this point, by name.

    >>> var $x { value = 1 }
    ... util.get_vars as $all
    {"x": 1, "all": {"x": 1}}
    """
    compiler.bind_result(node, compiler.environment(statement_position(node)))


@statement_form("util.get_all_input")
def get_all_input(compiler: Compiler, node: Statement) -> None:
    """The declared inputs with the values they were bound to.

    >>> util.get_all_input as $input_data
    {"input_data": {}}
    """
    compiler.bind_result(node, compiler.all_inputs(statement_position(node)))


@statement("util.get_input", editor_needs="encoding")
def get_input(context: Context, encoding: str = "json", exclude_middleware: bool = False) -> Value:
    """What came with the request, before inputs were bound: as an object, or with another `encoding` as text.

    >>> util.get_input as $raw
    {"raw": {}}
    """
    return raw_input(context, encoding)


@statement("util.get_raw_input")
def get_raw_input(context: Context, encoding: str = "json", exclude_middleware: bool = False) -> Value:
    """The body of the request: decoded with the encoding `json`, as it came with any other, such as `none`.

    >>> util.get_raw_input { encoding = "json", exclude_middleware = false } as $body
    {"body": {}}
    """
    return raw_input(context, encoding)


def raw_input(context: Context, encoding: str) -> Value:
    """The request's body. A run that has none, because it did not come over HTTP, has its input instead, without what
    stands in the path."""
    request = context.request
    fields = {name: value for name, value in (request.input or {}).items() if name not in request.in_path}
    if request.body is None:
        given = fields
        return given if encoding in ("json", "") else to_json(given)
    if encoding not in ("json", ""):
        return text_of_bytes(request.body)
    try:
        return from_json(request.body) if request.body.strip() else {}
    except ValueError:
        return fields  # a form, which has been read into names and values


# The head of the response --------------------------------------------------------------------------------------------

_STATUS_LINE = pattern(r"HTTP/\d(?:\.\d)?\s+(\d{3})\b.*", IGNORECASE)
_HEADER_NAME = pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@statement("util.set_header", literal="duplicates", editor_needs="duplicates")
def set_header(context: Context, value: str, duplicates: str = "replace") -> None:
    """Add a header `Name: value` to the response, or set its status by a line such as `HTTP/1.1 201 Created`.

    `duplicates`: "replace" takes the place of headers of the same name, anything else keeps them.

    >>> util.set_header { value = "X-Dock: four" }
    ... util.set_header {
    ...   value = "Set-Cookie: a=1; HttpOnly"
    ...   duplicates = "append"
    ... }
    ... util.set_header { value = "HTTP/1.1 201 Created" }
    {}
    """
    line = value.strip()
    if (status := _STATUS_LINE.fullmatch(line)) is not None:
        context.head.status = int(status[1])
        return
    header, colon, content = line.partition(":")
    header, content = header.strip(), content.strip()
    if not colon or not _HEADER_NAME.fullmatch(header) or "\n" in content or "\r" in content or "\0" in content:
        raise XanoScriptError(
            "Invalid header", hint=f"write Name: value on one line, or HTTP/1.1 201 Created; this is {describe(value)}"
        )
    if duplicates == "replace":
        kept = [pair for pair in context.head.headers if pair[0].lower() != header.lower()]
        context.head.headers[:] = kept
    context.head.headers.append((header, content))


@statement_form("util.post_process")
def post_process(compiler: Compiler, node: Statement) -> None:
    """Run a stack after the response is sent, with the values that variables have now.

    The stack sees the response as `$body`, `$headers` and `$status_code`. What goes wrong in it is a warning.

    >>> var $x { value = 1 }
    ... util.post_process {
    ...   stack {
    ...     debug.log { value = $x }
    ...   }
    ... }
    ... var $x { value = 2 }
    {"x": 2}
    """
    at = statement_position(node)
    stack = node.block("stack")
    scope, linker = compiler.scope, compiler.linker
    outer = scope.assigned, scope.loops, linker.assigned
    later_variables = compiler.environment(at)
    answer = {"body", "headers", "status_code"}
    linker.assigned = linker.assigned | answer
    scope.assigned, scope.loops = scope.assigned | answer, []
    scope.nested += 1
    code = compiler.block(stack.body if stack is not None else None, at)
    scope.nested -= 1
    names = sorted(linker.assigned)
    scope.assigned, scope.loops, linker.assigned = set(outer[0]), outer[1], outer[2]
    identifier = scope.fresh("stack_")
    code = [*owners_defined(scope.owners, at), *code]
    for one in reversed(names):  # its variables are its own, and begin with what was given
        given = statements("if K in given:\n    V = given[K]", at, K=constant(one, at), V=f"v_{one}")
        code = [*given, *code]
    compiler.emit(statements("def FUNCTION(given):\n    CODE", at, FUNCTION=identifier, CODE=code))
    later = call(linker.helper(defer), at, name("context", at), name(identifier, at), later_variables)
    compiler.emit(place(ast.Expr(later), at))


def defer(context: Context, stack: Callable[[dict[str, Value]], Value], variables: dict[str, Value]) -> None:
    """Have a stack run once the response is known."""

    def run(answer: Answer) -> None:
        stack({**variables, "body": answer.body, "headers": dict(answer.headers), "status_code": answer.status})

    context.deferred.append(run)


# Small services ------------------------------------------------------------------------------------------------------


@statement("util.sleep")
def sleep(context: Context, value: float) -> None:
    """Wait for so many seconds. In a unit test, nothing waits.

    >>> util.sleep { value = 0.001 }
    {}
    """
    seconds = max(float(value), 0.0)
    if context.test is not None:
        return
    if context.deadline is not None and not seconds <= context.deadline - time.monotonic():
        raise LimitError(
            f"Waiting {seconds:g} s would take the run past its time limit of {context.limits.seconds:g} s.",
            hint="raise the limit with --limit seconds=N",
        )
    finish_all(context.asynchronous.values())
    if context.aside is None:
        context.sleep(seconds)
    else:
        context.aside(context, seconds)


#: Metres; the sphere that PHP programs reckon with.
_EARTH_RADIUS = 6_371_000


@statement("util.geo_distance", editor_needs="latitude_1 longitude_1 latitude_2 longitude_2")
def geo_distance(latitude_1: float = 0, longitude_1: float = 0, latitude_2: float = 0, longitude_2: float = 0) -> Value:
    """The distance between two places, in metres, along the surface of the earth.

    >>> util.geo_distance {
    ...   latitude_1 = 10
    ...   longitude_1 = 20
    ...   latitude_2 = 10
    ...   longitude_2 = 20
    ... } as $metres
    {"metres": 0}
    """
    if not all(map(math.isfinite, (latitude_1, longitude_1, latitude_2, longitude_2))):
        raise XanoScriptError("A coordinate is infinite.", hint="latitudes and longitudes are degrees")
    one, two = math.radians(latitude_1), math.radians(latitude_2)
    half = math.sin((two - one) / 2) ** 2
    half += math.cos(one) * math.cos(two) * math.sin(math.radians(longitude_2 - longitude_1) / 2) ** 2
    return 2 * _EARTH_RADIUS * math.asin(min(1.0, math.sqrt(half)))


@statement("util.ip_lookup")
def ip_lookup(context: Context, value: str) -> Value:
    """Where an IP address is, from a database file in MaxMind's format; null for an address that it does not know.

    The file is the one that `XSRUN_GEOIP_DATABASE` names, or `.xsrun/geoip.mmdb` beside the workspace. Without a file
    every address is unknown, and the run says so in a warning.

    >>> util.ip_lookup { value = "127.0.0.1" } as $place
    {"place": null}
    """
    locations = context.service("locations")
    if locations.is_public(value) and not locations.available:
        context.warnings.append(
            XanoScriptError(
                "`util.ip_lookup` gave null: there is no database of IP addresses",
                hint="put a GeoLite2 City file at .xsrun/geoip.mmdb, name it in XSRUN_GEOIP_DATABASE, or use a mock",
            )
        )
    return locations.find(value)


MAIL_PROVIDERS = ("xano", "resend")


@statement("util.send_email", values={"service_provider": MAIL_PROVIDERS})
def send_email(
    context: Context,
    subject: str = "",
    message: str = "",
    to: Value = None,
    from_: Value = None,
    cc: Value = None,
    bcc: Value = None,
    reply_to: Value = None,
    scheduled_at: Value = None,
    service_provider: str = "xano",
    api_key: Value = None,
) -> dict[str, Value]:
    """Send a message. It is kept in `.xsrun/outbox` beside the workspace and leaves the machine with no provider.

    >>> util.send_email {
    ...   service_provider = "xano"
    ...   subject = "Tide"
    ...   message = "<b>high</b>"
    ... } as $sent
    {"sent": {"id": ..., "remaining": ..., "status": "success"}}
    """
    from datetime import UTC, datetime

    from xsrun.services.mail import MailMessage

    if service_provider not in MAIL_PROVIDERS:
        raise not_allowed(service_provider, "service_provider")
    made = MailMessage(
        subject,
        message,
        sender=", ".join(addresses(from_)),
        to=addresses(to),
        cc=addresses(cc),
        bcc=addresses(bcc),
        reply_to=addresses(reply_to),
        scheduled_at="" if scheduled_at is None else as_text(scheduled_at),
        provider=service_provider,
    )
    if service_provider == "resend" and not made.to:
        raise MissingParamError("to")
    remaining = context.service("mail").send(made, datetime.fromtimestamp(context.now() / 1000, UTC))
    return {"id": made.id, "remaining": remaining, "status": "success"}


def addresses(value: Value) -> list[str]:
    """The addresses of an attribute: a list of them, or one text with commas between."""
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return [as_text(item) for item in value if item]
    return [part.strip() for part in as_text(value).split(",") if part.strip()]


@statement("util.template_engine")
def template_engine(context: Context, value: str, *, environment: dict[str, Value]) -> str:
    """The text that a Twig template gives. It sees `$var`, `$input`, `$env` and `$auth`; what is not there is empty.

    Twig's tags, filters and functions work, and the filters of the language. Nothing is escaped unless it is asked for.

    >>> var $who { value = "Ann" }
    ... util.template_engine {
    ...   value = "Dear {{ $var.who }}, {{ 3 > 2 ? 'welcome' : 'go' }}{{ nobody }}!"
    ... } as $text
    {"who": "Ann", "text": "Dear Ann, welcome!"}

    >>> var $names { value = ["Bo", "Cy"] }
    ... util.template_engine {
    ...   value = "{% for name in $var.names %}{{ loop.index }}.{{ name|upper }} {% endfor %}"
    ... } as $text
    {"names": ["Bo", "Cy"], "text": "1.BO 2.CY "}
    """
    return render_template(context, value, environment)
