"""How many processors there are to share work among."""

from __future__ import annotations

import os


def available_processors() -> int:
    """How many processors this process may use, which containers and `taskset` make fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
