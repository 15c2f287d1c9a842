"""Jobs: containers that run through Docker, or processes that the project's file names in their place.

    [jobs]
    "acme/report:1" = "python3 jobs/report.py"   # what runs for this image; its command and arguments follow
    "*" = ""                                     # for every other image its command itself, on this machine

Nothing is started unless the user allows it (`--allow-run`): the file is the workspace's, whose author need not be
trusted with the machine. A container has no network, unless all hosts are allowed, and no image is pulled that the
network policy does not let be reached. What jobs say is kept up to a bound.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

from xsrun.errors import NotFoundError, UnavailableError, UsageError
from xsrun.services.network import NetworkPolicy
from xsrun.services.project_file import read_project_file
from xsrun.values.conversion import Value

#: Bytes of its output that a job keeps, the first.
_MOST_OUTPUT = 1 << 20
#: Where images without a host in their name come from.
_DOCKER_HUB = "registry-1.docker.io"
#: Seconds that `docker version` may take.
_DOCKER_SECONDS = 5.0
#: Seconds that a job has to end when it is told to.
_GRACE = 5.0
#: Seconds that the output of a job that has ended is waited for.
_LAST_WORDS = 1.0
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class Job:
    """A job that was started, and what it said so far."""

    def __init__(self, image: str, process: subprocess.Popen[bytes]) -> None:
        self.id = str(uuid.uuid4())
        self.image = image
        self._process = process
        self._output = bytearray()
        self._reader = threading.Thread(target=self._read, name="xsrun-job", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while chunk := stream.read1(65_536):  # type: ignore[attr-defined]
                self._output += chunk[: max(_MOST_OUTPUT - len(self._output), 0)]

    def wait(self, seconds: float | None) -> bool:
        """Has it ended, or does it within so many seconds?"""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._reader.join(_LAST_WORDS)  # what it started in the background may hold its output open for ever
        return True

    def stop(self) -> None:
        """End it with all that it started: a container when its program is told to end, others at the latest then."""
        for number in (signal.SIGTERM, _KILL):
            if self._process.poll() is None or self._reader.is_alive():
                try:
                    os.killpg(self._process.pid, number)
                except (OSError, AttributeError):
                    self._process.kill()
                self.wait(_GRACE)

    def record(self) -> dict[str, Value]:
        """What programs see of it: `{id, image, status, exit_code, output}`."""
        code = self._process.poll()
        status = "running" if code is None else "completed" if code == 0 else "failed"
        output = bytes(self._output).decode("utf-8", "replace")
        return {"id": self.id, "image": self.image, "status": status, "exit_code": code, "output": output}


class Jobs:
    """The jobs of a workspace; `root` is its folder. Safe to use from several threads."""

    def __init__(self, root: Path | None, *, allowed: bool) -> None:
        self._root = root
        self._allowed = allowed
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, policy: NetworkPolicy, image: str, words: list[str], secrets: Mapping[str, str]) -> Job:
        """Start a job. Raises UnavailableError when nothing can run it, or the user does not allow it."""
        if not self._allowed:
            raise UnavailableError(
                f"`cloud.job` may not start {image}: it would run a process on this machine",
                hint="allow it with --allow-run, or give the statement a mock",
            )
        named = self._named(image)
        started = [*named, *words] if named is not None else self._container(policy, image, words, secrets)
        job = Job(image, self._process(started, {**_environment(), **secrets}, image))
        with self._lock:
            self._jobs[job.id] = job
        return job

    def find(self, key: str) -> Job:
        """A job by its id. Raises NotFoundError."""
        with self._lock:
            job = self._jobs.get(key)
        if job is None:
            raise NotFoundError(hint=f"there is no job {key}")
        return job

    def _named(self, image: str) -> list[str] | None:
        """The words of the process that stands for an image; None when the project names none."""
        if self._root is None:
            return None
        found = read_project_file(self._root)
        if found is None:
            return None
        path, table = found[0], found[1].get("jobs", {})
        if not isinstance(table, dict):
            raise UsageError(f"{path}: [jobs] is not a section", hint='write [jobs], then "image" = "program argument"')
        for name in (image, image.rpartition(":")[0] or image, "*"):
            if name in table:
                words = table[name]
                if isinstance(words, str):
                    try:
                        return shlex.split(words)
                    except ValueError:
                        raise UsageError(f"{path}: the job `{name}` has a quote that is not closed") from None
                if isinstance(words, list) and all(isinstance(one, str) for one in words):
                    return words
                raise UsageError(
                    f"{path}: the job `{name}` is not a command", hint='write "image" = "program argument"'
                )
        return None

    def _process(self, words: list[str], environment: Mapping[str, str], image: str) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self._root,
                env=dict(environment),
                start_new_session=True,
            )
        except (OSError, ValueError, IndexError) as error:
            reason = error.strerror if isinstance(error, OSError) else "there is no command"
            program = words[0] if words else "nothing"
            raise UnavailableError(f"the job {image} cannot be started: {program}: {reason}") from None

    def _container(self, policy: NetworkPolicy, image: str, words: list[str], secrets: Mapping[str, str]) -> list[str]:
        """The command that runs a container. Raises UnavailableError when Docker is not there."""
        docker = shutil.which("docker")
        if docker is None or not _answers(docker):
            what = "Docker is not installed" if docker is None else "no Docker daemon answers"
            raise UnavailableError(
                f"`cloud.job` cannot run {image} here: {what}",
                hint=f'name a process for it in xsrun.toml: [jobs] "{image}" = "python3 job.py"; or give it a mock',
            )
        first, slash, _ = image.partition("/")
        registry = first if slash and ("." in first or ":" in first) else _DOCKER_HUB
        pull = "missing" if policy.allows(registry) else "never"
        network = "bridge" if policy.allows("every.host.invalid") else "none"
        options = [
            "--rm",
            f"--pull={pull}",
            f"--network={network}",
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
        ]
        # values of secrets go through the environment of this process, never on the command line
        return [docker, "run", *options, *(f"--env={name}" for name in secrets), "--", image, *words]

    def close(self) -> None:
        """End the jobs that still run."""
        with self._lock:
            jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job.stop()


def _environment() -> dict[str, str]:
    """What of its own environment xsrun hands on to a job: where programs are, and where Docker is."""
    names = ("PATH", "HOME", "LANG", "TMPDIR", "TEMP", "SYSTEMROOT", "USERPROFILE")
    return {name: text for name, text in os.environ.items() if name in names or name.startswith("DOCKER_")}


def _answers(docker: str) -> bool:
    """Is there a daemon behind the program?"""
    try:
        done = subprocess.run([docker, "version"], capture_output=True, timeout=_DOCKER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
