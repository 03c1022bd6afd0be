"""Structured logs: one event name and its values a line. Contents of dumps never go in, only names and sizes."""

import logging
import sys

import structlog
from structlog.typing import Processor

from runtime.settings import Settings


def configure_logs(settings: Settings, stage: str) -> None:
    """Send everything, the libraries' records too, to standard error in the chosen format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = structlog.processors.JSONRenderer()
    if settings.log_format == "console":
        shared.pop()
        # Its default shows the values of variables: passwords and contents of dumps among them.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("aiomqtt").setLevel(logging.ERROR)
    structlog.contextvars.bind_contextvars(stage=stage, worker=settings.worker)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose events are keyword-valued: `log.info("dump stored", device=…, size=…)`."""
    return structlog.get_logger(name)
