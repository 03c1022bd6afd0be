"""The exception tree: every error of ours, each with a code that logs, metrics, events and pages share.

    FaultcastError
    +-- InputError            what a device or a person gave us cannot be used
    |   +-- MessageError      a wire message or stream record is malformed (contract.chunk, contract.ack, ...)
    |   +-- NotADump          the bytes are no core dump in any container we know
    |   +-- UnsupportedDump   a core dump, but of a kind that cannot be analysed
    |   +-- BadFirmware       the ELF file cannot be used
    |   +-- LimitExceeded     well-formed, but larger than a limit allows
    +-- ServiceError          something we depend on does not do its part; a retry may help
        +-- BrokerUnavailable
        +-- StreamsUnavailable
        +-- StoreUnavailable

Rooms derive their finer errors from these, in the file of the concept they belong to.
"""


class FaultcastError(Exception):
    """Root of the tree. `code` is stable: scripts and dashboards match on it, never on the text."""

    code: str = "internal"


class InputError(FaultcastError):
    """Input that cannot be used as it is; sending it again changes nothing."""

    code = "input"


class MessageError(InputError):
    """A wire message or a stream record that does not follow the protocol."""

    code = "message"


class NotADump(InputError):
    """The bytes hold no core dump, in no container that we know."""

    code = "not-a-dump"


class UnsupportedDump(InputError):
    """A core dump whose version, pointer size or target cannot be analysed."""

    code = "unsupported-dump"


class BadFirmware(InputError):
    """A file that should be an ELF firmware image and cannot be used as one."""

    code = "bad-firmware"


class LimitExceeded(InputError):
    """Well-formed input that goes over one of the configured limits."""

    code = "limit"


class ServiceError(FaultcastError):
    """A dependency (broker, Redis, store) failed; the work is kept and tried again."""

    code = "service"


class BrokerUnavailable(ServiceError):
    """The MQTT broker cannot be reached or refuses us."""

    code = "broker-unavailable"


class StreamsUnavailable(ServiceError):
    """Redis cannot be reached, is out of memory, or refuses a write."""

    code = "streams-unavailable"


class StoreUnavailable(ServiceError):
    """The dump and symbol store cannot be read or written (disk full, permissions, network)."""

    code = "store-unavailable"
