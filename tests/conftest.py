"""What holds for all tests: how hypothesis draws its examples, and in which order tests run."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# No deadline, nor a check of how long it takes to draw an example: both look at the clock.
settings.register_profile(
    "xsrun",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("XSRUN_TEST_EXAMPLES", "100")),
)
settings.load_profile("xsrun")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how to have this order of tests again; the header that would say it is not shown by -q."""
    if config.pluginmanager.hasplugin("randomly"):
        terminalreporter.write_line(f"the same order again: --randomly-seed={config.getoption('randomly_seed')}")
