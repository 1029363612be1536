"""Answers while they come: an event loop beside the page, which can stop one at any moment."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, contextmanager
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from chat_app.turn import Event

_TICK = 0.15  # seconds without an event, after which the page may draw: a stop reaches it there


class Loop:
    """One thread with an event loop, for all answers of a process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        Thread(target=self._loop.run_forever, name="answers", daemon=True).start()

    @contextmanager
    def running(self, answer: AsyncGenerator[Event]) -> Iterator[Iterator[Event | None]]:
        """The events of an answer; None every now and then. Leaving stops it within milliseconds.

        A page that waited for a synchronous stream would hang as long as the endpoint does.
        """
        events: Queue[Event | BaseException | None] = Queue()  # None: it is over

        async def work() -> None:
            try:
                async with aclosing(answer):
                    async for event in answer:
                        events.put(event)
                events.put(None)
            except BaseException as error:
                events.put(error)
                raise

        task = asyncio.run_coroutine_threadsafe(work(), self._loop)
        try:
            yield _come(events)
        finally:
            task.cancel()


def _come(events: Queue[Event | BaseException | None]) -> Iterator[Event | None]:
    while True:
        try:
            event = events.get(timeout=_TICK)
        except Empty:
            yield None
            continue
        if event is None:
            return
        if isinstance(event, BaseException):
            raise event
        yield event
