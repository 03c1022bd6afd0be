"""`python -m faultcast.broker`: the broker as a process, until SIGTERM or SIGINT."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

from faultcast.broker.server import Broker

logger = logging.getLogger("faultcast.broker")


def _user(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not name or not colon:
        raise argparse.ArgumentTypeError("write it as name:password")
    return name, password


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m faultcast.broker",
        description="A small MQTT broker in memory (MQTT 5 and 3.1.1, QoS 0 and 1). For trying out and for tests only.",
    )
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--user",
        type=_user,
        action="append",
        metavar="NAME:PASSWORD",
        help="someone who may connect; can be given several times. Without it everybody may",
    )
    return parser.parse_args(argv)


async def _serve(host: str, port: int, users: dict[str, str] | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(users=users)
    bound = await broker.start(host, port)
    logger.warning("embedded MQTT broker: for trying out and for tests only; it keeps nothing when it stops")
    logger.info("listening on %s port %d", host, bound)
    await stop.wait()
    await broker.close()
    logger.info("stopped")


def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal; 1 if the port cannot be had."""
    arguments = _arguments(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        asyncio.run(_serve(arguments.host, arguments.port, dict(arguments.user) if arguments.user else None))
    except OSError as error:
        logger.error("cannot listen on %s port %d: %s", arguments.host, arguments.port, error)  # noqa: TRY400
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
