"""A server that answers exactly what a test wrote down, byte by byte, over a real socket.

For what the wire can do to an answer; what Pendo means by one is the stand-in's part.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing then sends RST instead of FIN."""


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int
    """Number of the connection it came on."""


Step = Callable[[socket.socket], bool]
"""Writes one answer; says whether the connection stays open."""


def answer(
    status: int = 200,
    body: bytes | str = b"",
    headers: Mapping[str, str] | None = None,
    *,
    reason: str = "Fine",
    promised: int | None = None,
) -> Step:
    """A whole answer; ``promised`` makes Content-Length say something else."""
    content = body.encode() if isinstance(body, str) else body

    def write(sock: socket.socket) -> bool:
        length = len(content) if promised is None else promised
        said = {"Content-Length": str(length), **(headers or {})}
        sock.sendall(_head(status, reason, said) + content)
        return length == len(content)

    return write


def cut(body: bytes | str, *, promised: int, reset: bool = False) -> Step:
    """A part of an answer, then the end of the connection, in peace or with a reset."""
    content = body.encode() if isinstance(body, str) else body

    def write(sock: socket.socket) -> bool:
        sock.sendall(_head(200, "OK", {"Content-Length": str(promised)}) + content)
        if reset:
            time.sleep(0.05)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        return False

    return write


def chunked(*pieces: bytes, finished: bool = True, wait_s: float = 0.0, encoding: str = "") -> Step:
    """An answer in chunks, a wait before each; not ``finished`` leaves out the last, empty one."""

    def write(sock: socket.socket) -> bool:
        said = {"Transfer-Encoding": "chunked"} | (
            {"Content-Encoding": encoding} if encoding else {}
        )
        sock.sendall(_head(200, "OK", said))
        for piece in pieces:
            time.sleep(wait_s)
            sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        if finished:
            sock.sendall(b"0\r\n\r\n")
        return finished

    return write


def silence(seconds: float = 30.0) -> Step:
    """No answer at all for a while; ends early when the other side hangs up."""

    def write(sock: socket.socket) -> bool:
        sock.settimeout(seconds)
        with suppress(OSError):
            sock.recv(1)
        return False

    return write


def hang_up(sock: socket.socket) -> bool:
    """The connection is reset before the first byte."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return False


@dataclass
class Scripted:
    """The server: its address, what it was asked, and the answers still to be given."""

    url: str
    steps: list[Step]
    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, asked: Asked) -> Step:
        """The next answer; the last one is given again and again."""
        with self.lock:
            self.asked.append(asked)
            return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]


@contextmanager
def scripted(*steps: Step) -> Iterator[Scripted]:
    """Serve ``steps``, one for each request, on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Scripted(f"http://127.0.0.1:{listener.getsockname()[1]}", list(steps))
    thread = threading.Thread(target=_accept, args=(listener, server), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _accept(listener: socket.socket, server: Scripted) -> None:
    talks: list[threading.Thread] = []
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        talk = threading.Thread(target=_talk, args=(sock, server, len(talks)), daemon=True)
        talks.append(talk)
        talk.start()


def _talk(sock: socket.socket, server: Scripted, number: int) -> None:
    with sock, sock.makefile("rb") as reader:
        while True:
            try:
                line = reader.readline().decode("latin-1").split()
                if len(line) != 3:
                    return
                headers = dict(_headers(iter(reader.readline, b"\r\n")))
                body = reader.read(int(headers.get("content-length", 0)))
                stays = server.next(Asked(line[0], line[1], headers, body, number))(sock)
            except OSError:
                return
            if not stays:
                return


def _headers(lines: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        yield name.strip().lower(), value.strip()


def _head(status: int, reason: str, headers: Mapping[str, str]) -> bytes:
    lines: Sequence[str] = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *lines, "", ""]).encode("latin-1")
