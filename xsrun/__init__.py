"""xsrun runs XanoScript, the language of Xano backends, on your own machine.

The public API is `xsrun.api`; everything it offers is available as `xsrun.NAME`, imported when first used, so that
`import xsrun` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from xsrun.api import (
        Diagnostic,
        Limits,
        Result,
        Workspace,
        XanoScriptError,
        XanoScriptSyntaxError,
        check,
        evaluate,
        format,
        parse,
    )

__all__ = [
    "Diagnostic",
    "Limits",
    "Result",
    "Workspace",
    "XanoScriptError",
    "XanoScriptSyntaxError",
    "__version__",
    "check",
    "evaluate",
    "format",
    "parse",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from xsrun import api

        return getattr(api, name)
    raise AttributeError(f"module 'xsrun' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
