"""Running the middleware around a construct (semantics 7.2).

Middleware runs after the test of the caller's identity and before the input is validated. It is given `vars` and
`type`, and nothing else: before, `vars` is the input of the request; after, it is `{status, result}`, where status is
`ok` or `exception`, and an exception's payload is in `payload`. After an exception the response of a post middleware
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.dispatch.attachments import Attachment
from xsrun.errors import XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.running.context import Context
from xsrun.values.conversion import Value, as_object, normalize_object
from xsrun.workspace.construct import Construct, text_of
from xsrun.workspace.workspace import workspace_of

#: The key in a run's scratch room for the names of the middleware that is running.
_RUNNING = "running middleware"
#: The key for the inputs as pre middleware left them, which `util.get_input` reads.
INPUT_AFTER_MIDDLEWARE = "input after middleware"

Proceed = Callable[[dict[str, Value]], Value]


def run_around(
    construct: Construct, attachment: Attachment, context: Context, inputs: dict[str, Value], proceed: Proceed
) -> Value:
    """Run the pre middleware, the construct, and the post middleware; the response, or what one of them raises."""
    failure: XanoScriptError | None = None
    result: Value = None
    replaced = False
    for name in attachment.pre:
        step = MiddlewareStep(name, "pre", context)
        response = step.run(inputs)
        if step.failure is not None:
            if step.policy == "critical":
                raise step.failure
            failure = step.failure
            break
        inputs = _as_inputs(step.merge(inputs, response), inputs, step)
        replaced = replaced or (response is not None and step.strategy == "replace")
    if failure is None and replaced:
        failure = _unlocated(construct, inputs)
    if failure is None:
        context.scratch[INPUT_AFTER_MIDDLEWARE] = inputs
        try:
            result = proceed(inputs)
        except Exception as error:
            failure = _catchable(error)
    for name in attachment.post:
        step = MiddlewareStep(name, "post", context)
        response = step.run(_outcome(result, failure))
        if step.failure is not None:
            failure = step.failure
            if step.policy == "critical":
                break
        elif failure is None:
            result = step.merge(result, response)
    if failure is not None:
        raise failure
    return result


def _unlocated(construct: Construct, inputs: dict[str, Value]) -> XanoScriptError | None:
    """The error of an input that the construct reads and that a middleware with `replace` dropped (evidence G13)."""
    dropped = [one.name for one in construct.declared if one.name not in inputs]
    if not dropped:
        return None
    from xsrun.names.reads import inputs_read

    parts = [*construct.items, *([construct.response] if construct.response is not None else [])]
    read = inputs_read(parts)
    for name in dropped:
        if name in read:
            hint = "the response of the middleware took the place of all inputs; give it this one too, or use merge"
            return XanoScriptError(f"Unable to locate input: {name}", hint=hint)
    return None


def _outcome(result: Value, failure: XanoScriptError | None) -> dict[str, Value]:
    """What post middleware sees of the run."""
    if failure is None:
        return {"status": "ok", "result": result}
    shown = {"status": "exception", "result": {"code": failure.code, "message": failure.message}}
    return {**shown, "payload": "" if failure.payload is None else failure.payload}


def _catchable(error: Exception) -> XanoScriptError:
    """The program's error; one that no program may catch is raised again at once."""
    problem = translate(error)
    if not problem.catchable:
        raise problem from error
    return problem


def _as_inputs(merged: Value, before: dict[str, Value], step: MiddlewareStep) -> dict[str, Value]:
    if isinstance(merged, (dict, list)):
        return as_object(merged)
    step.warn("its response is not an object, so it cannot replace the input")
    return before


class MiddlewareStep:
    """One middleware in one phase. After `run`, `failure` is the error to raise unless the policy silenced it."""

    def __init__(self, name: str, phase: str, context: Context) -> None:
        self.name, self.phase, self.context = name, phase, context
        self.failure: XanoScriptError | None = None
        self.construct = workspace_of(context).lookup("middleware", name)
        self.policy = self.setting("exception_policy", "rethrow")
        self.strategy = self.setting("response_strategy", "merge")

    def setting(self, name: str, default: str) -> str:
        return (text_of(self.construct.attribute(name)) if self.construct is not None else None) or default

    def run(self, variables: dict[str, Value]) -> Value:
        """The response of the middleware. One that is running already is not run again by what it calls."""
        running: set[str] = self.context.scratch.setdefault(_RUNNING, set())
        if self.name in running:
            return None
        running.add(self.name)
        try:
            return self.respond({"vars": variables, "type": self.phase})
        except Exception as error:
            problem = _catchable(error)
            if self.policy == "silent":
                self.context.warnings.append(problem)
            else:
                self.failure = problem
            return None
        finally:
            running.discard(self.name)

    def respond(self, inputs: dict[str, Value]) -> Value:
        workspace = workspace_of(self.context)
        if self.construct is None:
            raise workspace.no_target("middleware", self.name)
        self.construct.fail_if_broken()
        return workspace.invoke(self.construct, self.context, inputs)

    def merge(self, original: Value, response: Value) -> Value:
        """The original value with the response in it, or the response in its place; null changes nothing."""
        if response is None:
            return original
        if self.strategy == "replace":
            return response
        return merge(original, response)

    def warn(self, text: str) -> None:
        self.context.warnings.append(XanoScriptError(f"middleware {self.name}: {text}"))


def merge(original: Value, response: Value) -> Value:
    """PHP's array_merge: keys of the response win, two lists are joined; a list becomes an object with index keys."""
    if isinstance(original, list) and isinstance(response, list):
        return [*original, *response]
    return normalize_object({**_entries(original), **_entries(response)})


def _entries(value: Value) -> dict[str, Value]:
    if value is None:
        return {}
    return as_object(value) if isinstance(value, (dict, list)) else {"0": value}
