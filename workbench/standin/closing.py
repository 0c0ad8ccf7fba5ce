"""What is closed when the ``with`` around it ends."""

from typing import Self


class Closing:
    """Runs until `close`."""

    def close(self) -> None:
        """Stop it, and wait until it has."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
