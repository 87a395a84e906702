"""What this process calls itself, and whether it may still act under that name."""

from __future__ import annotations

from bot.errors import StoreUnavailableError
from bot.store.holders import owner_of


class InstanceName:
    """A name that one running process has at a time, the same after a restart where nobody else has taken it.

    A process that loses its name and gets the same one again goes on with what it holds. With another one it holds
    nothing: leases are kept by ``owner``.

    Args:
        name: the first one.
        nonce: what no other process has, of whichever name: it keeps apart two that call themselves alike.
        ends_with_process: the operating system frees the name, and only when the process has ended; else it can be lost
            while the process goes on.

    Attributes:
        name: the present one, or the last where none is held.
        is_held: whether nobody else can have it.
    """

    def __init__(self, name: str, *, nonce: str, ends_with_process: bool = True) -> None:
        self.name = name
        self.ends_with_process = ends_with_process
        self.is_held = True
        self._nonce = nonce

    @property
    def owner(self) -> str:
        """Return what this process writes into leases: no other process ever writes the same."""
        return owner_of(self.name, self._nonce)

    def take(self, name: str) -> None:
        """Go by a name that this process has got."""
        self.name = name
        self.is_held = True

    def lose(self) -> None:
        """Note that somebody else may have the name from now on."""
        self.is_held = False

    def require(self) -> None:
        """Make sure that nobody else can have the name.

        Raises:
            StoreUnavailableError: when this process has none just now, and may take nothing.
        """
        if not self.is_held:
            raise StoreUnavailableError("this process has no name just now")
