"""Health and metrics, as an orchestrator and Prometheus ask for them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY
from support.services import free_port

from contract.errors import BrokerUnavailable, StreamsUnavailable
from runtime import health, metrics
from runtime.health import CannotListen, Check, serve_health


async def fine() -> None: ...


async def broken() -> None:
    raise StreamsUnavailable("Redis is out of memory")


async def hanging() -> None:
    await asyncio.Event().wait()


async def faulty() -> None:
    raise ZeroDivisionError


@asynccontextmanager
async def served(checks: dict[str, Check]) -> AsyncIterator[int]:
    port = free_port()
    async with serve_health("127.0.0.1", port, checks):
        yield port


async def get(port: int, path: str) -> tuple[int, str, str]:
    """Status, content type and body of a page."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    content_type = re.search(r"(?im)^content-type: (.*?)\r?$", head)
    return int(head.split()[1]), content_type[1] if content_type else "", body


async def test_a_worker_whose_dependencies_do_their_part_is_ready() -> None:
    async with served({"broker": fine, "redis": fine}) as port:
        status, content_type, body = await get(port, "/health/ready")
    assert (status, content_type) == (200, "application/json")
    assert json.loads(body) == {"status": "ok", "checks": {"broker": "ok", "redis": "ok"}}


async def test_a_worker_with_a_broken_dependency_is_not_ready_and_says_why() -> None:
    async with served({"broker": fine, "redis": broken}) as port:
        status, _, body = await get(port, "/health/ready")
    assert status == 503
    assert json.loads(body) == {
        "status": "unavailable",
        "checks": {"broker": "ok", "redis": "streams-unavailable: Redis is out of memory"},
    }


async def test_a_dependency_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.2)
    async with served({"a": hanging, "b": hanging, "c": fine}) as port, asyncio.timeout(2):
        status, _, body = await get(port, "/health/ready")
    assert status == 503
    assert json.loads(body)["checks"] == {"a": "no answer in time", "b": "no answer in time", "c": "ok"}


async def test_a_check_that_fails_in_an_unforeseen_way_is_not_ready_either() -> None:
    async with served({"a": faulty}) as port:
        status, _, body = await get(port, "/health/ready")
    assert status == 503
    assert json.loads(body)["checks"] == {"a": "internal: ZeroDivisionError"}


async def test_a_worker_is_alive_whatever_its_dependencies_do() -> None:
    async with served({"redis": broken}) as port:
        status, _, body = await get(port, "/health/live")
    assert (status, json.loads(body)) == (200, {"status": "ok"})


async def test_metrics_are_in_the_format_of_prometheus() -> None:
    metrics.CHUNKS_RECEIVED.inc(3)
    async with served({}) as port:
        status, content_type, body = await get(port, "/metrics")
    assert status == 200
    assert content_type.startswith("text/plain")
    assert re.search(r"^# TYPE faultcast_ingest_chunks_total counter$", body, re.MULTILINE)
    assert re.search(r"^faultcast_ingest_chunks_total \d", body, re.MULTILINE)


def test_every_metric_is_ours_and_says_what_it_counts() -> None:
    ours = [family for family in REGISTRY.collect() if family.name.startswith("faultcast_")]
    assert len(ours) >= 20
    assert all(family.documentation for family in ours)


async def test_another_page_is_not_found() -> None:
    async with served({}) as port:
        assert (await get(port, "/"))[0] == 404


async def test_port_0_serves_nothing() -> None:
    async with serve_health("127.0.0.1", 0, {}):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1"])
async def test_an_address_that_cannot_be_had_is_named_and_is_no_end_of_the_process(host: str) -> None:
    async with served({}) as port:
        with pytest.raises(CannotListen, match=rf"{re.escape(host)}:{port} .*FAULTCAST_HTTP_PORT") as caught:
            await serve_health(host, port, {}).__aenter__()
    assert caught.value.code == "cannot-listen"


async def test_the_port_is_free_again_when_it_is_over() -> None:
    async with served({"a": fine}) as port:
        await get(port, "/health/ready")
    async with serve_health("127.0.0.1", port, {}):
        assert (await get(port, "/health/live"))[0] == 200


async def test_a_visitor_who_stays_does_not_keep_a_worker_from_stopping() -> None:
    async with served({}) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 3
    writer.close()


async def test_checks_are_asked_anew_each_time() -> None:
    up = False

    async def changing() -> None:
        if not up:
            raise BrokerUnavailable("away")

    async with served({"broker": changing}) as port:
        assert (await get(port, "/health/ready"))[0] == 503
        up = True
        assert (await get(port, "/health/ready"))[0] == 200
