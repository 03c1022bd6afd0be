"""What engineers do to dead letters: done, and written into the audit log."""

from console.operations import dead_letters
from console.operations.dead_letters import Done, Letter
from console.people.audit import audit
from console.people.person import Person
from console.web.errors import NotFound
from console.web.services import Services
from contract.records import Keys


async def read(services: Services, partition: int, entry: str) -> Letter:
    """One letter; raises `NotFound`."""
    return await dead_letters.find_letter(services.redis, _keys(services, partition), partition, entry)


async def retry(services: Services, person: Person, partition: int, entry: str) -> None:
    """Do the work of a letter again; raises as `dead_letters.retry`."""
    letter = await dead_letters.retry(services.redis, _keys(services, partition), partition, entry)
    await _note(services, person, "dead-letter.retry", f"{partition}/{entry}", f"{letter.stage} {letter.code}")


async def discard(services: Services, person: Person, partition: int, entry: str) -> None:
    """Throw a letter away; raises `NotFound`."""
    letter = await dead_letters.discard(services.redis, _keys(services, partition), partition, entry)
    await _note(services, person, "dead-letter.discard", f"{partition}/{entry}", f"{letter.stage} {letter.code}")


async def download(services: Services, person: Person, partition: int, entry: str) -> bytes:
    """What was kept of the work; raises `NotFound`."""
    letter = await read(services, partition, entry)
    await _note(services, person, "dead-letter.download", f"{partition}/{entry}", letter.letter.code)
    return letter.letter.record


async def retry_all(services: Services, person: Person, stage: str, code: str) -> Done:
    """Do the work of all letters of a reason again."""
    settings = services.settings
    keys = Keys(settings.key_prefix)
    done = await dead_letters.retry_all(services.redis, keys, settings.partitions, stage, code)
    await _note(services, person, "dead-letter.retry", f"{stage} {code}", f"{done.done} letters")
    return done


async def discard_all(services: Services, person: Person, stage: str, code: str) -> Done:
    """Throw all letters of a reason away."""
    settings = services.settings
    keys = Keys(settings.key_prefix)
    done = await dead_letters.discard_all(services.redis, keys, settings.partitions, stage, code)
    await _note(services, person, "dead-letter.discard", f"{stage} {code}", f"{done.done} letters")
    return done


def _keys(services: Services, partition: int) -> Keys:
    if not 0 <= partition < services.settings.partitions:
        raise NotFound(f"there is no partition {partition}")
    return Keys(services.settings.key_prefix)


async def _note(services: Services, person: Person, action: str, subject: str, detail: str) -> None:
    async with services.database.writing() as session:
        await audit(session, person, action, subject, detail=detail)
