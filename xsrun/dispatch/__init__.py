"""What runs around a construct: the test of the caller's identity, middleware, triggers, and when tasks are due."""

from xsrun.dispatch.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
