"""The HTTP side: sockets, framing, and the ways an answer can break on the wire.

It knows nothing of Pendo: an application turns a `Request` into a `Reply`, and a list of faults
says how to spoil it. It listens on 127.0.0.1 only.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from workbench.standin.replies import Block, Reply, Request
from workbench.standin.weather import Fault

HOST = "127.0.0.1"
"""Loopback only: a stand-in must not be reachable from another machine."""
WHOLE_BYTES = 1 << 20
"""Answers up to this size get a Content-Length; longer ones go out in chunks as they are made."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing then sends RST instead of FIN."""

OWN_DOOR = "/_standin/"
"""Requests here are not asked of the system that is played."""
SETTLE_S = 0.5
"""How long the last answers may take to be told of; a slow one is not waited for."""

Application = Callable[[Request], tuple[Reply, list[Fault]]]
Sent = Callable[[Request, int, int], None]
"""Told after each answer: the request, its status, the bytes of its body."""


class _Conversation(BaseHTTPRequestHandler):
    """One connection; requests follow each other on it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 0
    timeout = 120
    server: "StandInServer"

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the stand-in keeps its own record of requests."""

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        url = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=url.path,
            query=parse_qs(url.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )
        with self.server.busy_with(request):
            reply, faults = self.server.application(request)
            sent = 0
            try:
                sent = _Wire(self, reply, {fault.name: fault for fault in faults}).send()
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                self.close_connection = True
            finally:
                self.server.sent(request, reply.status, sent)


class _Wire:
    """One answer on its way out, spoiled by its faults."""

    def __init__(self, talk: _Conversation, reply: Reply, faults: dict[str, Fault]) -> None:
        self.talk = talk
        self.reply = reply
        self.faults = faults

    def send(self) -> int:
        """Send the answer; gives the bytes of body that left."""
        if slow := self.faults.get("slow_first_byte"):
            time.sleep(slow.number("ms", 1000) / 1000)
        if "reset_before" in self.faults:
            return self._reset(0)
        spoiled = {"reset", "truncate", "wrong_length", "malformed", "drip"} & set(self.faults)
        if spoiled or self.reply.cut:
            return self._send_spoiled(b"".join(self.reply.blocks()))
        return self._send_blocks(self.reply.blocks())

    def _send_blocks(self, blocks: Iterator[Block]) -> int:
        held: list[Block] = []
        held_bytes = 0
        for block in blocks:
            held.append(block)
            held_bytes += len(block)
            if held_bytes > WHOLE_BYTES:
                return self._send_chunks(held, blocks)
        self._head({"Content-Length": str(held_bytes)})
        if self.talk.command == "HEAD":
            return 0
        self._write(b"".join(held))
        return held_bytes

    def _send_chunks(self, held: list[Block], blocks: Iterator[Block]) -> int:
        self._head({"Transfer-Encoding": "chunked"})
        sent = 0
        for part in (held, blocks):
            for block in part:
                if len(block):
                    self._write(b"%x\r\n" % len(block))
                    self._write(block)
                    self._write(b"\r\n")
                    sent += len(block)
        self._write(b"0\r\n\r\n")
        return sent

    def _send_spoiled(self, body: bytes) -> int:
        if "malformed" in self.faults:
            half = len(body) // 2
            body = body[:half] + b'{"]' + body[half:]
        cut = self._cut(body)
        if "truncate" in self.faults:
            body = body[:cut]
        self._head({"Content-Length": str(len(body))})
        if self.reply.cut == "reset" or "reset" in self.faults:
            self._write(body[:cut])
            return self._reset(cut)
        if self.reply.cut == "body" or "wrong_length" in self.faults:
            self._write(body[:cut])
            self.talk.close_connection = True
            return cut
        self._drip(body)
        return len(body)

    def _cut(self, body: bytes) -> int:
        for name in ("reset", "truncate", "wrong_length"):
            if name in self.faults:
                wanted = int(self.faults[name].number("at_byte", len(body) // 2))
                return max(0, min(wanted, len(body) - 1))
        return len(body) // 2

    def _drip(self, body: bytes) -> None:
        drip = self.faults.get("drip")
        if drip is None:
            return self._write(body)
        step = max(int(drip.number("bytes", 64)), 1)
        for start in range(0, len(body), step):
            time.sleep(drip.number("ms", 20) / 1000)
            self._write(body[start : start + step])
        return None

    def _head(self, framing: dict[str, str]) -> None:
        head = [f"HTTP/1.1 {self.reply.status} {self._phrase()}"]
        if self.reply.content_type:
            head.append(f"Content-Type: {self.reply.content_type}")
        head += [f"{name}: {value}" for name, value in (self.reply.headers | framing).items()]
        self._write(("\r\n".join(head) + "\r\n\r\n").encode("latin-1"))

    def _phrase(self) -> str:
        # The live API answers a bad envelope with this phrase; clients must match the number.
        if self.reply.status == 422:
            return "unknown"
        return self.talk.responses.get(self.reply.status, ("Unknown",))[0]

    def _write(self, block: Block) -> None:
        self.talk.connection.sendall(block)

    def _reset(self, sent: int) -> int:
        # The peer must have what was written before the RST throws its buffer away.
        time.sleep(0.02 if sent else 0)
        self.talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.talk.connection.close()
        self.talk.close_connection = True
        return sent


class StandInServer(ThreadingHTTPServer):
    """Serves one application on loopback, one thread per connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, application: Application, sent: Sent) -> None:
        self.application = application
        self.sent = sent
        self._busy = 0
        self._idle = threading.Condition()
        super().__init__((HOST, port), _Conversation)

    def server_bind(self) -> None:
        """Bind without asking a name server who 127.0.0.1 is."""
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    @contextmanager
    def busy_with(self, request: Request) -> Iterator[None]:
        """Know that a request is being answered, until it is answered and told of."""
        counts = int(not request.path.startswith(OWN_DOOR))
        with self._idle:
            self._busy += counts
        try:
            yield
        finally:
            with self._idle:
                self._busy -= counts
                self._idle.notify_all()

    def settle(self) -> None:
        """Wait a moment for answers on their way: a client may have one before it is told of."""
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, SETTLE_S)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is not an error of ours."""
        import sys

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
