"""The one record of a problem, and how it is shown."""

from xsrun.diagnostics.record import Diagnostic, Fix, Severity

__all__ = ["Diagnostic", "Fix", "Severity"]
