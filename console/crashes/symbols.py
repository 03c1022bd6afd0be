"""Whether the firmware of a crash is here now, for the verdict about its symbols."""

import asyncio

from analyzer.firmware import find_firmware
from console.crashes.processing import SymbolVerdict, symbol_verdict
from contract.event import CrashEvent
from runtime.store import Store


async def verdict_of(store: Store, event: CrashEvent) -> SymbolVerdict:
    """Why there are symbols, or none; raises `StoreUnavailable`."""
    firmware = event.data.firmware
    found = await asyncio.to_thread(find_firmware, store, firmware.build_id, firmware.linked)
    return symbol_verdict(event, firmware_here=found is not None)
