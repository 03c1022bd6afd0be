"""News within the process: live pages wait here for crashes that came in."""

import asyncio


class Feed:
    """The newest `Crash.change`, to be waited for by any number of pages."""

    def __init__(self) -> None:
        self.change = 0
        self._news = asyncio.Event()

    def publish(self, change: int) -> None:
        """Say that all changes up to this number can be read; an older number says nothing new."""
        if change > self.change:
            self.change = change
            self._news.set()
            self._news = asyncio.Event()

    async def changed(self, after: int) -> int:
        """Wait until there is a change past `after`; returns the newest one."""
        while self.change <= after:
            await self._news.wait()
        return self.change
