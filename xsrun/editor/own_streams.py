"""Standard input and output for a protocol."""

from __future__ import annotations

import os
from typing import BinaryIO


def claim_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the protocol alone: what else writes there goes to standard error."""
    wires = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)
    os.close(nowhere)
    return os.fdopen(wires[0], "rb"), os.fdopen(wires[1], "wb")
