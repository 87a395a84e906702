"""Run a loopback server in a process of its own, so that it shares no event loop with whoever measures."""

from __future__ import annotations

import asyncio
import multiprocessing
import traceback
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from multiprocessing.connection import Connection

_END_SECONDS = 5.0


class RemoteError(Exception):
    """A call failed over there; the message is the traceback from there."""


class Remote:
    """An object that lives in another process; an async context manager that leaves none behind.

    Args:
        factory: importable; makes the async context manager whose methods are called.
        arguments: the factory's, which have to pickle.
    """

    def __init__(self, factory: Callable[..., AbstractAsyncContextManager[object]], **arguments: object) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, factory, arguments), daemon=True)
        self._theirs = theirs
        self._calling = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._process.start)
        self._theirs.close()
        try:
            await self._answer()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self._pipe.close()  # its end ends the process
        await asyncio.to_thread(self._process.join, _END_SECONDS)
        self._process.kill()
        await asyncio.to_thread(self._process.join)

    async def call(self, method: str, **arguments: object) -> Any:  # noqa: ANN401 (whatever the method returns)
        """Await a method of the object over there.

        Raises:
            RemoteError: when it raised.
            EOFError: when the process has died.
        """
        async with self._calling:
            self._pipe.send((method, arguments))
            return await self._answer()

    async def _answer(self) -> Any:  # noqa: ANN401 (as above)
        succeeded, result = await asyncio.to_thread(self._pipe.recv)
        if not succeeded:
            raise RemoteError(result)
        return result


def _run(
    pipe: Connection, factory: Callable[..., AbstractAsyncContextManager[object]], arguments: dict[str, Any]
) -> None:
    try:
        asyncio.run(_serve(pipe, factory, arguments))
    except (EOFError, KeyboardInterrupt):
        return  # whoever called is done


async def _serve(
    pipe: Connection, factory: Callable[..., AbstractAsyncContextManager[object]], arguments: dict[str, Any]
) -> None:
    async with factory(**arguments) as actor:
        pipe.send((True, None))
        while True:
            method, call_arguments = await asyncio.to_thread(pipe.recv)
            try:
                answer = (True, await getattr(actor, method)(**call_arguments))
            except Exception:  # noqa: BLE001 (raised again where it was called)
                answer = (False, traceback.format_exc())
            pipe.send(answer)
