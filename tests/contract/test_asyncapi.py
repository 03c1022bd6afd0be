"""The documents for machines: up to date with the types, sound in themselves, part of the package."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from contract.ack import Ack
from contract.asyncapi import EXAMPLE_EVENT, documents
from contract.chunk import Chunk, Metadata
from contract.identity import event_id
from contract.topics import Topics

SHIPPED = files("contract") / "schema"
DOCUMENT: dict[str, Any] = json.loads((SHIPPED / "asyncapi.json").read_text())
EVENTS_PAGE = Path(__file__).parents[2] / "docs" / "events.md"


@pytest.mark.parametrize("name", ["asyncapi.json", "crash-event.schema.json"])
def test_the_shipped_document_is_what_the_types_say(name: str) -> None:
    assert (SHIPPED / name).read_text() == documents()[name], "run: python -m contract.asyncapi"


def test_no_document_is_left_over() -> None:
    assert {entry.name for entry in SHIPPED.iterdir()} == set(documents())


def references(node: object) -> Iterator[str]:
    match node:
        case dict():
            for key, value in node.items():
                if key == "$ref":
                    yield value
                yield from references(value)
        case list():
            for value in node:
                yield from references(value)


def resolve(reference: str) -> Any:
    assert reference.startswith("#/")
    place: Any = DOCUMENT
    for part in reference[2:].split("/"):
        place = place[part]
    return place


def test_every_reference_of_the_document_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        assert isinstance(resolve(reference), dict)


def test_the_document_says_which_specification_it_follows() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])


def test_channels_are_the_topics_and_name_their_parameters() -> None:
    topics = Topics()
    addresses = {name: channel["address"] for name, channel in DOCUMENT["channels"].items()}
    assert {name: address.format(device="d1") for name, address in addresses.items()} == {
        "dump": topics.dump("d1"),
        "ack": topics.ack("d1"),
        "crashEvent": topics.crash_event("d1"),
    }
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])
        assert all(reference.startswith("#/components/messages/") for reference in references(channel["messages"]))


def test_operations_speak_of_messages_of_their_channel_at_qos_1() -> None:
    actions = {}
    for name, operation in DOCUMENT["operations"].items():
        channel = operation["channel"]["$ref"]
        assert resolve(channel) in DOCUMENT["channels"].values()
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/")
        assert operation["bindings"]["mqtt"]["qos"] == 1
        actions[name] = operation["action"]
    assert actions == {"receiveChunk": "receive", "sendAck": "send", "sendCrashEvent": "send"}


def test_messages_say_what_they_are_encoded_in() -> None:
    types = {name: message["contentType"] for name, message in DOCUMENT["components"]["messages"].items()}
    assert types == {
        "chunk": "application/vnd.msgpack",
        "ack": "application/vnd.msgpack",
        "crashEvent": "application/cloudevents+json",
    }


@pytest.mark.parametrize("type_", [Chunk, Ack, Metadata])
def test_the_schema_of_a_wire_message_has_its_wire_names_and_describes_each(type_: type[msgspec.Struct]) -> None:
    properties = DOCUMENT["components"]["schemas"][type_.__name__]["properties"]
    assert tuple(properties) == type_.__struct_encode_fields__
    for name, field in properties.items():
        assert field.get("description"), name


def test_bytes_are_bytes_and_their_lengths_count_bytes() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert "contentEncoding" not in json.dumps(schemas)
    dump_id = schemas["Chunk"]["properties"]["id"]
    assert (dump_id["format"], dump_id["minLength"], dump_id["maxLength"]) == ("binary", 4, 32)
    (digest, _) = schemas["Metadata"]["properties"]["sha256"]["anyOf"]
    assert (digest["format"], digest["minLength"], digest["maxLength"]) == ("binary", 32, 32)
    assert "maxLength" not in schemas["Chunk"]["properties"]["data"]


@pytest.mark.parametrize("name", ["Crash", "Upload", "Fault", "Frame"])
def test_the_fields_that_need_words_have_them(name: str) -> None:
    schema = json.loads((SHIPPED / "crash-event.schema.json").read_text())["$defs"][name]
    described = {field for field, facts in schema["properties"].items() if "description" in facts}
    expected = {
        "Crash": {"revision", "fingerprint", "frames", "attributes"},
        "Upload": {"sha256", "complete", "conflicts"},
        "Fault": {"kind", "title", "reason"},
        "Frame": {"pc", "inlined", "trust"},
    }
    assert expected[name] <= described


def test_the_schemas_are_schemas() -> None:
    event_schema = json.loads((SHIPPED / "crash-event.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(event_schema)
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft7Validator.check_schema(schema)  # AsyncAPI's own dialect is a superset of draft 7


def test_the_example_of_the_document_is_one_of_its_events() -> None:
    (example,) = DOCUMENT["components"]["messages"]["crashEvent"]["examples"]
    schema = {"$ref": "#/components/schemas/CrashEvent", "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema).validate(example["payload"])


def test_the_page_for_consumers_shows_the_same_example() -> None:
    blocks = re.findall(r"^```json\n(.*?)^```", EVENTS_PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert msgspec.to_builtins(EXAMPLE_EVENT) in [json.loads(block) for block in blocks]


def test_the_example_has_the_id_that_its_crash_would_have() -> None:
    upload, device = EXAMPLE_EVENT.data.upload, EXAMPLE_EVENT.data.device
    dump = bytes.fromhex(upload.sha256)[:16]
    assert EXAMPLE_EVENT.id == event_id(device, dump, upload.size, EXAMPLE_EVENT.data.occurrence)
