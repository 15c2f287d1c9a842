"""What holds for all tests: how examples are drawn, how long programs may run, in which order tests run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from xsrun import Limits
from xsrun.workspace import argument_checks, workspace

# No deadline, nor a check of how long it takes to draw an example: both look at the clock.
settings.register_profile(
    "xsrun",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("XSRUN_TEST_EXAMPLES", "100")),
)
settings.load_profile("xsrun")


@pytest.fixture(autouse=True, scope="session")
def patient_limits() -> Iterator[None]:
    """An hour for programs that are told no limits: where many processes share a core, some need more than a minute."""

    def limits_of(given: Limits | None) -> Limits:
        return argument_checks.limits_of(Limits(seconds=3_600) if given is None else given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace, "limits_of", limits_of)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how to have this order of tests again; the header that would say it is not shown by -q."""
    if config.pluginmanager.hasplugin("randomly"):
        terminalreporter.write_line(f"the same order again: --randomly-seed={config.getoption('randomly_seed')}")
