"""A mail server that takes everything: just enough SMTP for smtplib, aiosmtplib and Airflow's hook."""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from parity_sandbox.sink.inbox import Inbox

LARGEST = 10 * 1024 * 1024
GREETINGS = {"EHLO", "HELO"}


class Conversation(socketserver.StreamRequestHandler):
    """One SMTP session."""

    server: Mailbox
    timeout = 60

    def handle(self) -> None:
        """Talk until the client quits."""
        self._say("220 sandbox ESMTP")
        self.sender, self.recipients = "", list[str]()
        while line := self.rfile.readline(2048):
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            if verb.upper() == "QUIT":
                self._say("221 bye")
                return
            self._say(self._reply(verb.upper(), rest))

    def _reply(self, verb: str, rest: str) -> str:
        if verb in GREETINGS:
            return "250-sandbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-AUTH PLAIN\r\n250 SIZE 10485760"
        if verb == "MAIL":
            self.sender, self.recipients = _address(rest), []
        elif verb == "RCPT":
            self.recipients.append(_address(rest))
        elif verb == "DATA":
            return self._data()
        elif verb == "AUTH":
            return "235 2.7.0 ok"
        elif verb == "RSET":
            self.sender, self.recipients = "", []
        elif verb != "NOOP":
            return "502 5.5.1 not implemented by the sandbox"
        return "250 ok"

    def _data(self) -> str:
        if not self.recipients:
            return "503 5.5.1 RCPT first"
        self._say("354 end with a point")
        lines, size = [], 0
        while (line := self.rfile.readline(65536)) not in {b".\r\n", b".\n", b""}:
            size += len(line)
            if size <= LARGEST:
                lines.append(line[1:] if line.startswith(b"..") else line)
        if size > LARGEST:
            return "552 5.3.4 message too large"
        self._keep(b"".join(lines))
        return "250 2.0.0 kept"

    def _keep(self, raw: bytes) -> None:
        mail = message_from_bytes(raw, policy=policy.default)
        body = mail.get_body(("plain", "html")) if isinstance(mail, EmailMessage) else None
        text = body.get_content().replace("\r\n", "\n") if body else ""
        facts = {"from": self.sender, "to": self.recipients, "headers": dict(mail.items()), "text": text}
        self.server.inbox.add("mail", ", ".join(self.recipients), str(mail["subject"] or ""), facts)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0] or rest.partition(":")[2].strip().split(" ")[0]


class Mailbox(socketserver.ThreadingTCPServer):
    """Listens on a free port of the loopback interface."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.inbox = inbox

    @property
    def address(self) -> str:
        """Return host and port."""
        host, port = self.socket.getsockname()
        return f"{host}:{port}"


_MAILBOXES: dict[Path, Mailbox] = {}
"""The mail server of each state folder: a reset keeps its port and empties its inbox."""


def open_mailbox(state: Path, inbox: Inbox) -> str:
    """Deliver mail into ``inbox`` and return where it is taken, as host:port."""
    mailbox = _MAILBOXES.get(state)
    if mailbox is None:
        mailbox = _MAILBOXES[state] = Mailbox(inbox)
        threading.Thread(target=mailbox.serve_forever, name="mailbox", daemon=True).start()
    mailbox.inbox = inbox
    return mailbox.address
