"""The protocol of pygls, which lets no request go without an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol

if TYPE_CHECKING:
    from xsrun.values.conversion import Value


class AnsweringProtocol(LanguageServerProtocol):
    """A request whose parameters do not fit is refused: left alone, as pygls does, its client would wait for ever."""

    def structure_message(self, data: dict[str, Value]) -> object:
        try:
            return super().structure_message(data)
        except JsonRpcException:
            number = data.get("id")
            if number.__class__ in (int, str) and "method" in data:
                told = f"the parameters of {data['method']} do not fit the protocol"
                refusal = types.ResponseError(types.ErrorCodes.InvalidParams, told)
                self._send_response(number, None, refusal)
            raise
