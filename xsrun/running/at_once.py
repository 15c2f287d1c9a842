"""Runs that are carried out where nothing may wait: on the event loop of a server.

Only programs that are proved to be over in a moment (`xsrun.evaluator.brevity`) begin so, and these read at most. What
the proof takes for granted, and does not turn out, ends such a run: it is begun anew in a thread of its own, where it
may wait. Nobody has seen anything of it by then.
"""

from __future__ import annotations


class TakesLonger(BaseException):
    """Raised where a run that may not wait would have to. Not an `Exception`: what handles errors lets it pass."""
