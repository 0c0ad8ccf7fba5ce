"""A web server and a mail server on this machine that keep what they were sent, or refuse it."""

import base64
import json
import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


class Hook(ThreadingHTTPServer):
    """Takes JSON by POST; answers with the statuses of ``answers``, then with 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.answers: list[int] = []
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        """Where to post to: the path is its secret."""
        return f"http://127.0.0.1:{self.server_address[1]}/hooks/rehearsal-secret?room=rehearsal"


class _Post(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 200:
            self.server.got.append((self.path, json.loads(body)))
            self.server.headers.append(dict(self.headers))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"rehearsal-secret is what you called")

    def log_message(self, *_: Any) -> None:
        """Nothing: tests read what was got."""


class Mailbox(socketserver.ThreadingTCPServer):
    """Takes mail by SMTP; refuses a step with the code that ``refuses`` names for it.

    With a certificate it encrypts: after STARTTLS, or ``from_the_start``.
    """

    daemon_threads = True

    def __init__(self, certificate: Path | None = None, *, from_the_start: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.encryption: ssl.SSLContext | None = None
        if certificate is not None:
            self.encryption = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.encryption.load_cert_chain(certificate)
        self.from_the_start = from_the_start
        self.heard: list[tuple[str, bool]] = []
        """Each verb, and whether it came encrypted."""
        self.refuses: dict[str, int] = {}
        self.logins: list[str] = []
        self.recipients: list[str] = []
        self.mails: list[str] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Talk(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        # Whoever does not trust the certificate leaves in the middle of a word.
        with suppress(ssl.SSLError, ConnectionError):
            if self.server.from_the_start:
                self._encrypt()
            self._talk()

    def _talk(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            self.server.heard.append((verb.upper(), isinstance(self.request, ssl.SSLSocket)))
            if verb.upper() == "QUIT":
                self._say("221 bye")
                return
            self._answer(verb.upper(), rest)

    def _answer(self, verb: str, rest: str) -> None:
        if code := self.server.refuses.get(verb):
            self._say(f"{code} no, and rehearsal-password is what you said")
            return
        if verb == "EHLO":
            offers = "250-STARTTLS\r\n" if self.server.encryption else ""
            self._say(f"250-here\r\n{offers}250 AUTH PLAIN")
        elif verb == "STARTTLS":
            self._say("220 go on")
            self._encrypt()
        elif verb == "AUTH":
            self.server.logins.append(base64.b64decode(rest.split()[1]).decode())
            self._say("235 come in")
        elif verb == "DATA":
            self._say("354 go on")
            self._take()
        else:
            self.server.recipients += [rest] if verb == "RCPT" else []
            self._say("250 fine")

    def _encrypt(self) -> None:
        assert self.server.encryption is not None
        self.request = self.server.encryption.wrap_socket(self.request, server_side=True)
        self.setup()

    def _take(self) -> None:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.decode())
        self.server.mails.append("".join(lines))
        self._say("250 kept")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    """Serve in a thread until the block ends."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
