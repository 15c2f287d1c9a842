"""xsrun runs XanoScript, the language of Xano backends, on your own machine.

The public API is `xsrun.api`; everything it offers is available as `xsrun.NAME`, imported when first used, so that
`import xsrun` costs next to nothing.
"""

from __future__ import annotations

from xsrun.hints import TYPE_CHECKING

__version__ = "0.2.0"

if TYPE_CHECKING:
    from xsrun.api import (
        Diagnostic,
        Limits,
        Result,
        UsageError,
        Workspace,
        XanoScriptError,
        XanoScriptSyntaxError,
        check,
        evaluate,
        format,
        parse,
    )
    from xsrun.testing.report import Report

__all__ = [
    "Diagnostic",
    "Limits",
    "Report",
    "Result",
    "UsageError",
    "Workspace",
    "XanoScriptError",
    "XanoScriptSyntaxError",
    "__version__",
    "check",
    "evaluate",
    "format",
    "parse",
]


if not TYPE_CHECKING:  # a checker sees the names above, and that others are not there

    def __getattr__(name: str):
        if name == "Report":  # a run of tests alone needs it
            from xsrun.testing.report import Report

            return Report
        if name in __all__:
            from xsrun import api

            return getattr(api, name)
        raise AttributeError(f"module 'xsrun' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
