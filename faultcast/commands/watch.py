"""`faultcast watch`: crash events as they happen."""

from typing import TYPE_CHECKING, Annotated

import typer

from faultcast.failure import failing_clearly

if TYPE_CHECKING:
    from contract.event import CrashEvent

Json = Annotated[bool, typer.Option("--json", help="Each event as one line of JSON, for jq and friends.")]
Device = Annotated[str | None, typer.Option(help="Only the crashes of this device.")]


def watch(device: Device = None, json: Json = False) -> None:
    """Follow crash events live, as any MQTT subscriber could; Ctrl-C ends it."""
    with failing_clearly():
        import asyncio

        import aiomqtt

        from contract.errors import BrokerUnavailable
        from contract.event import EventError, decode_event
        from runtime.mqtt import broker_connection, verify_broker
        from runtime.settings import load_settings

        settings = load_settings()
        topic = settings.topics.crash_event(device) if device else settings.topics.crash_events

        async def follow() -> None:
            async with broker_connection(settings, "") as client:
                await client.subscribe(topic, max_qos=aiomqtt.QoS.AT_LEAST_ONCE)
                typer.secho(f"listening on {topic}", err=True, dim=True)
                async for packet in client.messages():
                    if not isinstance(packet, aiomqtt.PublishPacket):
                        continue
                    if packet.packet_id is not None:
                        await client.puback(packet.packet_id)
                    if json:
                        typer.echo(packet.payload)
                        continue
                    try:
                        _show(decode_event(packet.payload))
                    except EventError as error:
                        typer.secho(str(error), err=True, fg=typer.colors.YELLOW)

        async def run() -> None:
            await verify_broker(settings)  # a wrong address is the user's to know at once
            while True:
                try:
                    await follow()
                except BrokerUnavailable as error:
                    typer.secho(f"{error}; trying again", err=True, fg=typer.colors.YELLOW)
                    await asyncio.sleep(2)

        asyncio.run(run())


def _show(event: "CrashEvent") -> None:
    from faultcast.printable import printable

    crash = event.data
    version = " ".join(part for part in (crash.firmware.name, crash.firmware.version) if part)
    state = "" if crash.symbolized else "  (no symbols)"
    partial = "" if crash.upload.complete else "  (partial dump)"
    typer.secho(event.time, dim=True, nl=False)
    typer.secho(f"  {event.subject}", fg=typer.colors.CYAN, nl=False)
    typer.secho(f"  {printable(crash.fault.title)}", bold=True, nl=False)
    typer.secho(f"{state}{partial}  {printable(version)}", dim=True)
    for frame in crash.frames[:5]:
        where = f" {frame.file}:{frame.line}" if frame.file else ""
        typer.secho(f"    {printable(frame.function or frame.pc)}{printable(where)}", dim=True)
