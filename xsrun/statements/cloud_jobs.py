"""`cloud.job*`: containers as jobs, or processes on this machine that stand for them.

What they give was never recorded from a live engine: it is `{id, image, status, exit_code, output}` here.
"""

from __future__ import annotations

import time

from xsrun.errors import InputError, MissingParamError, XanoScriptError
from xsrun.registry import StandIn, statement
from xsrun.running.context import Context
from xsrun.services.jobs import Job, Jobs
from xsrun.values.conversion import Value, as_number, from_json, not_allowed, to_text
from xsrun.values.json_errors import JsonError

STAND_IN = StandIn("a process that xsrun.toml names stands for the container, with --allow-run")
#: The sizes of machines that the engine knows.
TEMPLATES = ("micro", "small", "medium", "large", "xlarge")
_DEFAULT_AWAIT = 60.0


def _words(name: str, value: Value) -> list[str]:
    """The words of a command: a list, the JSON of one, or a text as a shell splits it."""
    import shlex

    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = from_json(value)
        except JsonError:
            raise InputError(f"The {name} is not JSON.", name) from None
    if isinstance(value, list):
        return [to_text(one) for one in value]
    try:
        return shlex.split(to_text(value))
    except ValueError:
        raise InputError(f"The {name} has a quote that is not closed.", name) from None


def _secrets(context: Context, value: Value) -> dict[str, str]:
    """The variables that a job finds in its environment; a text is the variable SECRET."""
    context.keep_secret(value)
    if value is None or value == "" or value == []:
        return {}
    given = value if isinstance(value, dict) else {"SECRET": value}
    secrets = {name: to_text(one) for name, one in given.items()}
    for name, one in secrets.items():
        if not name or "=" in name or "\0" in name + one:
            raise InputError(f"`{name}` is not the name of a variable.", "secret")
    return secrets


def _await(context: Context, job: Job, seconds: float) -> bool:
    """Wait for the end of a job, as long as the run may last."""
    if context.deadline is not None:
        left = context.deadline - time.monotonic()
        if left < seconds:
            if job.wait(max(left, 0.0)):
                return True
            context.tick()  # the run's own time limit was reached
    return job.wait(max(seconds, 0.0))


@statement("cloud.job", stand_in=STAND_IN)
def job(
    context: Context,
    image: Value = None,
    command: Value = None,
    args: Value = None,
    secret: Value = None,
    template: Value = None,
    await_: Value = None,
) -> Value:
    """Start a container as a job and wait for its end, up to `await` seconds (60 when left out, 0 not at all).

    The result is `{id, image, status, exit_code, output}`; `status` is "running", "completed" or "failed". `command`
    and `args` are texts or lists, `secret` an object of variables for its environment, `template` the size of the
    machine (micro, small, medium, large, xlarge), which changes nothing here.

    Nothing runs unless `--allow-run` allows it. `xsrun.toml` names what runs on this machine in place of an image,
    before the command and the arguments: `[jobs]`, then `"acme/report:1" = "python3 jobs/report.py"`, or `"*" = ""` for
    the commands themselves. Otherwise Docker runs the container, without a network unless `--allow-net '*'`, and from
    an image that is there unless `--allow-net` names its registry. Where neither can, the statement raises an error
    that says so. Jobs end with the workspace.

    >>> try_catch {
    ...   try {
    ...     cloud.job {
    ...       image = ""
    ...       command = "report --daily"
    ...     } as $job
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Missing param: image"}
    """
    name, words = to_text(image).strip(), _words("command", command)
    if not name:
        raise MissingParamError("image")
    if not words:
        raise MissingParamError("command")
    if name.startswith("-"):
        raise not_allowed(name, "image")
    size = to_text(template) or "small"
    if size not in TEMPLATES:
        raise not_allowed(size, "template", f"one of: {', '.join(TEMPLATES)}")
    seconds = _DEFAULT_AWAIT if await_ is None or await_ == "" else as_number(await_)
    jobs: Jobs = context.service("jobs")
    words += _words("args", args) if args is not None else []
    started = jobs.start(context.service("network"), name, words, _secrets(context, secret))
    _await(context, started, seconds)
    return started.record()


@statement("cloud.job.await", stand_in=STAND_IN)
def job_await(context: Context, ids: Value, timeout: Value) -> Value:
    """Wait for jobs to end: an object of what `cloud.job` gives, by id.

    `ids` is a list or one id. Jobs that have not ended after `timeout` seconds raise `Async timeout`; they go on.

    >>> cloud.job.await {
    ...   ids = []
    ...   timeout = 10
    ... } as $done
    {"done": {}}
    """
    jobs: Jobs = context.service("jobs")
    wanted = [jobs.find(to_text(one)) for one in (ids if isinstance(ids, list) else [ids])]
    end = time.monotonic() + max(as_number(timeout), 0.0)
    for one in wanted:
        if not _await(context, one, end - time.monotonic()):
            raise XanoScriptError("Async timeout", hint=f"the job {one.id} still runs")
    return {one.id: one.record() for one in wanted}


@statement("cloud.job.status", stand_in=STAND_IN)
def job_status(context: Context, id: Value) -> Value:
    """Tell how a job is doing: what `cloud.job` gives. A job that is not there raises `ERROR_CODE_NOT_FOUND`.

    >>> try_catch {
    ...   try {
    ...     cloud.job.status {
    ...       id = "none"
    ...     } as $job
    ...   }
    ...   catch {
    ...     var $code { value = $error.code }
    ...   }
    ... }
    {"code": "ERROR_CODE_NOT_FOUND"}
    """
    jobs: Jobs = context.service("jobs")
    return jobs.find(to_text(id)).record()
