"""Send a crash through the analyzer again: with a newer analyzer, or with a firmware that came since."""

import asyncio

from console.crashes.inspector import find_specimen
from console.firmware.linking import chosen_for, let_replace, send_again
from console.web.services import Services
from contract.event import CrashEvent


async def reanalyse(services: Services, event: CrashEvent) -> None:
    """Put the work item of a crash into the dump stream; its event comes again, under the same id.

    It is analysed with what is chosen for it now, by hand or by its build id; what the last analysis used says nothing.

    Raises:
        DumpGone: there is nothing left to analyse.
        EventError: the event does not say what the work was.
        ServiceError: Redis, the database or the store does not answer.
    """
    await asyncio.to_thread(find_specimen, services.store, event)
    async with services.database.writing() as session:
        chosen = await chosen_for(session, event.id)
        if (
            event.data.firmware.linked
        ):  # without the link there may be no names any more, and that is what was asked for
            await let_replace(session, event)
    await send_again(services, event, chosen.build_id if chosen is not None else "")
