"""A stand-in that listens: a server, its own door beside the public one, and an end."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.standin.closing import Closing
from workbench.standin.control import CONTROL, Controls, Record, controlled
from workbench.standin.replies import Reply, Request
from workbench.standin.server import StandInServer
from workbench.standin.switchboard import Switchboard
from workbench.standin.weather import Fault, Weather

Public = Callable[[Request], tuple[Reply, list[Fault]]]


class Served(Controls, Closing):
    """Serves from `_serve` until `close`."""

    _record: Record
    _switches: Switchboard
    _weather: Weather

    def _serve(self, port: int, public: Public) -> None:
        """Begin to answer; ``public`` is asked what does not come to the stand-in's own door."""
        self._public = public
        self._server = StandInServer(port, self._answer, self._record.add)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The host, as a connection's ``url``; clients append their own paths."""
        return self._server.url

    def weather(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Set the faults in force (`weather` lists them); an empty list is fair weather.

        Raises:
            WeatherError: a fault that makes no sense.
        """
        self._weather.set(faults)

    def stats(self) -> dict[str, Any]:
        """What was asked: ``api_calls``, ``requests``, ``statuses``, ``bytes``, ``last``."""
        self._server.settle()
        return self._record.stats()

    def _sown(self) -> dict[str, Any]:
        """Where the switches stand that decide what is sown."""
        return {name: v for name, v in self._switches.all.items() if name.startswith("seed_")}

    def _forget(self) -> None:
        """Forget what was asked, also what is still on its way."""
        self._server.settle()
        self._record.clear()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: Request) -> tuple[Reply, list[Fault]]:
        if request.path.startswith(CONTROL):
            return controlled(self, request), []
        return self._public(request)
