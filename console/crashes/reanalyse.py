"""Send a crash through the analyzer again: with a newer analyzer, or with a firmware that came since."""

import asyncio

from console.crashes.inspector import find_specimen
from console.web.services import Services
from contract.event import CrashEvent
from contract.identity import partition_of
from contract.records import FIELD, Keys, encode_record
from contract.requeue import work_item
from runtime.streams import stream_errors


async def reanalyse(services: Services, event: CrashEvent) -> None:
    """Put the work item of a crash into the dump stream; its event comes again, under the same id.

    Raises:
        DumpGone: there is nothing left to analyse.
        EventError: the event does not say what the work was.
        ServiceError: Redis or the store does not answer.
    """
    await asyncio.to_thread(find_specimen, services.store, event)
    item, settings = work_item(event), services.settings
    stream = Keys(settings.key_prefix).dumps(partition_of(item.device, settings.partitions))
    with stream_errors():
        await services.redis.xadd(stream, {FIELD: encode_record(item)})
