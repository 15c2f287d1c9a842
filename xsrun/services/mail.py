"""The outbox: what `util.send_email` sends stays on this machine.

Messages are kept as `.eml` files, which any mail program opens, in the folder `outbox` beside the workspace; without a
folder they are kept in memory, for tests to look at.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

#: Messages that the engine's own mail service lets a workspace send; it counts down from here.
DAILY_ALLOWANCE = 100


@dataclass(slots=True)
class MailMessage:
    """One message. Addresses may have names: `Ann <ann@example.com>`."""

    subject: str
    html: str
    sender: str = ""
    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    reply_to: list[str] = field(default_factory=list)
    scheduled_at: str = ""
    provider: str = "xano"
    id: str = ""


class Outbox:
    """Takes messages. Safe to use from several threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.messages: list[MailMessage] = []
        self._lock = threading.Lock()

    def send(self, message: MailMessage, at: datetime) -> int:
        """Keep a message, under an id of its own; gives how many may still be sent. Raises for a bad address."""
        message.id = str(uuid.uuid4())
        made = self._as_mail(message, at)
        with self._lock:
            self.messages.append(message)
            if self.folder is not None:
                self._write(f"{at:%Y%m%dT%H%M%S}-{message.id[:8]}.eml", made.as_bytes())
            return max(DAILY_ALLOWANCE - len(self.messages), 0)

    def _write(self, name: str, data: bytes) -> None:
        """Write a message into the folder. Raises UnavailableError when that fails."""
        assert self.folder is not None
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / name).write_bytes(data)
        except OSError as error:
            raise UnavailableError(
                f"the outbox {self.folder} cannot be written: {error.strerror}", hint="messages are kept there as files"
            ) from None

    def _as_mail(self, message: MailMessage, at: datetime) -> EmailMessage:
        made = EmailMessage()
        made["Message-ID"] = f"<{message.id}@xsrun.invalid>"
        made["Date"] = format_datetime(at)
        made["Subject"] = " ".join(message.subject.split())
        for header, addresses in (
            ("From", [message.sender] if message.sender else []),
            ("To", message.to),
            ("Cc", message.cc),
            ("Bcc", message.bcc),
            ("Reply-To", message.reply_to),
        ):
            if addresses:
                made[header] = [_address(text) for text in addresses]
        if message.scheduled_at:
            made["X-Scheduled-At"] = " ".join(message.scheduled_at.split())
        made["X-Provider"] = " ".join(message.provider.split())
        made.set_content(message.html, subtype="html")
        return made


def _address(text: str) -> Address:
    """An address for a header. Raises XanoScriptError for what is not one."""
    name, address = parseaddr(text)
    try:
        if "@" not in address or any(mark in text for mark in "\r\n"):
            raise ValueError
        return Address(name, addr_spec=address)
    except (ValueError, IndexError):
        raise XanoScriptError(f"Invalid email address: {text}") from None
