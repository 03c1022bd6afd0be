"""The contract for machines: an AsyncAPI 3.0 document and the JSON Schema of the crash event, made from the types.

`python -m contract.asyncapi` writes both into `contract/schema/`, where they are part of the package. A test holds
them against the types, so a change of a type without a new document does not pass.
"""

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec.inspect import BytesType, StructType, UnionType, type_info

from contract.ack import Ack
from contract.chunk import PROTOCOL_VERSION, Chunk, Metadata
from contract.event import Analysis, Crash, CrashEvent, Fault, Firmware, Frame, Upload, event_schema
from contract.topics import DEVICE_ID, Topics

Schema = dict[str, Any]

EVENT_TYPES = (CrashEvent, Crash, Fault, Frame, Firmware, Upload, Analysis)
WIRE_TYPES = (Chunk, Metadata, Ack)

MSGPACK = "application/vnd.msgpack"
"""IANA media type of MessagePack."""
CLOUD_EVENT = "application/cloudevents+json"
"""CloudEvents 1.0, JSON event format, section 3."""
AT_LEAST_ONCE = {"mqtt": {"qos": 1, "retain": False, "bindingVersion": "0.2.0"}}

EXAMPLE_EVENT = CrashEvent(
    id="cf0cd8e8-be2f-5d8b-bcf3-f9cc0ac70698",
    source="/faultcast/device/sensor-17",
    subject="sensor-17",
    time="2026-03-01T08:15:30.250Z",
    data=Crash(
        revision=4,
        symbolized=True,
        device="sensor-17",
        occurrence="boot:7",
        fault=Fault(
            kind="null-dereference",
            title="Null pointer dereference in calibration_in_range (sensor.c:41)",
            explanation="A null pointer was followed. 2-byte load from 0x00000008 through r7 (NULL) + 8.",
            reason=19,
        ),
        fingerprint="2-8cdb4ec29cc073e8b2eb26e2",
        thread="sensor",
        frames=[
            Frame(
                pc="0x000012dc",
                function="calibration_in_range",
                file="src/app/sensor.c",
                line=41,
                inlined=True,
                trust="context",
            ),
            Frame(
                pc="0x000012dc",
                function="sensor_sample_channel",
                file="src/app/sensor.c",
                line=59,
                trust="context",
            ),
            Frame(pc="0x0000134c", function="sensor_poll", file="src/app/sensor.c", line=74, trust="cfi"),
        ],
        firmware=Firmware(
            build_id="61a948a943070572038aa9976514128fdfbcb19c",
            name="weather-station",
            version="1.4.2",
            board="mps2/an385",
            os="Zephyr 4.1.0",
        ),
        uptime_ms=7_345_120,
        attributes={"region": "eu", "revision": 3},
        upload=Upload(
            sha256="f650bf4a295075e753d7184b668f85f6f7ae46b6f8e7141f854a4994e6709fd7",
            size=8_809,
            complete=True,
            chunks=10,
            duplicates=1,
            received_ms=1_772_352_930_250,
            last_received_ms=1_772_352_931_118,
            dump_id="f650bf4a295075e753d7184b668f85f6",
        ),
        report="report/cf0cd8e8-be2f-5d8b-bcf3-f9cc0ac70698-4.json",
        architecture="ARM Cortex-M",
        analysis=Analysis(matches=True, started_ms=1_772_352_931_204, seconds=0.041),
    ),
)
"""An event as consumers see it; `docs/events.md` shows the same one."""


def crash_event_schema() -> Schema:
    """JSON Schema (2020-12) of the crash event, with what the types say about each field."""
    schema = event_schema()
    _describe(schema["$defs"], EVENT_TYPES)
    _require_envelope(schema["$defs"])
    return schema


def document() -> Schema:
    """The AsyncAPI 3.0 document, from Faultcast's side: it receives chunks, and sends acks and events."""
    topics = Topics()
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:faultcast:asyncapi:{PROTOCOL_VERSION}",
        "info": {
            "title": "Faultcast",
            "version": f"{PROTOCOL_VERSION}.0.0",
            "description": (
                "Core dumps of embedded devices in, crash events out, over MQTT 3.1.1 or 5. "
                f"Every topic begins with a root that is a setting; `{topics.root}` is its default."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "channels": {
            "dump": _channel(topics.dumps, "chunk", "Chunks of a core dump, from the device it is of."),
            "ack": _channel(
                topics.dumps.replace("/dump", "/ack"), "ack", "What is held of a dump, and when it is stored."
            ),
            "crashEvent": _channel(topics.crash_events, "crashEvent", "Crashes of a device, for any consumer."),
        },
        "operations": {
            "receiveChunk": _operation("receive", "dump", "chunk", "Take a piece of a dump, in any order."),
            "sendAck": _operation(
                "send", "ack", "ack", "Tell a device what is missing, or that it may erase its copy."
            ),
            "sendCrashEvent": _operation(
                "send", "crashEvent", "crashEvent", "Announce a crash, or a better analysis of one announced before."
            ),
        },
        "components": {
            "messages": {
                "chunk": _message("Chunk", MSGPACK, "One piece of a dump; a MessagePack map."),
                "ack": _message("Ack", MSGPACK, "State of one dump; a MessagePack map."),
                "crashEvent": {
                    **_message("CrashEvent", CLOUD_EVENT, "A crash: CloudEvents 1.0, structured mode, JSON."),
                    "examples": [{"name": "symbolized", "payload": msgspec.to_builtins(EXAMPLE_EVENT)}],
                },
            },
            "schemas": _schemas(),
        },
    }


def _channel(topic_filter: str, message: str, description: str) -> Schema:
    device = {"description": f"Id of the device: {DEVICE_ID.pattern}"}
    return {
        "address": topic_filter.replace("+", "{device}"),
        "description": description,
        "parameters": {"device": device},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _operation(action: str, channel: str, message: str, summary: str) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
        "bindings": AT_LEAST_ONCE,
    }


def _message(type_name: str, content_type: str, summary: str) -> Schema:
    payload = {"$ref": f"#/components/schemas/{type_name}"}
    return {"name": type_name, "summary": summary, "contentType": content_type, "payload": payload}


def _schemas() -> Schema:
    _, schemas = msgspec.json.schema_components((*WIRE_TYPES, *EVENT_TYPES), ref_template="#/components/schemas/{name}")
    _describe(schemas, (*WIRE_TYPES, *EVENT_TYPES))
    _require_envelope(schemas)
    for type_ in WIRE_TYPES:
        _make_binary(schemas[type_.__name__], type_)
    return schemas


def _describe(schemas: Schema, types: Sequence[type[msgspec.Struct]]) -> None:
    """Put the docstrings of the fields where a schema has them."""
    for type_ in types:
        properties = schemas[type_.__name__]["properties"]
        wire_names = dict(zip(type_.__struct_fields__, type_.__struct_encode_fields__, strict=True))
        for field, text in _field_docstrings(type_).items():
            properties[wire_names[field]]["description"] = text


def _field_docstrings(type_: type[msgspec.Struct]) -> dict[str, str]:
    """The string below each field; Python itself does not keep them."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(type_))).body
    found: dict[str, str] = {}
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    for field, below in itertools.pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
            case _:
                continue
    return found


def _require_envelope(schemas: Schema) -> None:
    """The envelope's attributes have defaults for who makes an event, and are always there for who reads it."""
    envelope = schemas[CrashEvent.__name__]
    envelope["required"] = list(envelope["properties"])


def _make_binary(schema: Schema, type_: type[msgspec.Struct]) -> None:
    """Say of bytes what they are in MessagePack: a `bin`, whose lengths count bytes and not characters of base64."""
    info = cast("StructType", type_info(type_))
    for field in info.fields:
        options = field.type.types if isinstance(field.type, UnionType) else (field.type,)
        for option in options:
            if isinstance(option, BytesType):
                described = schema["properties"][field.encode_name]
                part = next(piece for piece in described.get("anyOf", [described]) if "contentEncoding" in piece)
                del part["contentEncoding"]
                lengths = {"minLength": option.min_length, "maxLength": option.max_length}
                part |= {"format": "binary", **{name: length for name, length in lengths.items() if length is not None}}


def documents() -> dict[str, str]:
    """Both documents by file name, as text."""
    made = {"crash-event.schema.json": crash_event_schema(), "asyncapi.json": document()}
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in made.items()}


def main() -> None:
    """Write the documents into the package's source."""
    folder = Path(str(files("contract"))) / "schema"
    folder.mkdir(exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
