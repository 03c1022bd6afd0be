"""The CONNECT of a client: whether it comes in, and what the CONNACK says (MQTT 5.0 sections 3.1 and 3.2)."""

from mqtt5 import ConnAckReasonCode, ConnectPacket, PublishPacket

from contract.errors import InputError
from faultcast.broker.access import Access
from faultcast.broker.message import Message
from faultcast.broker.sessions import Sessions, Will
from faultcast.broker.topic import InvalidTopic, check_name

_MAX_CLIENT_ID = 1024


class Refusal(InputError):
    """A client does not come in; `reason` is what its CONNACK says."""

    code = "mqtt-refused"

    def __init__(self, reason: ConnAckReasonCode, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def check(packet: ConnectPacket, level: int, access: Access, sessions: Sessions) -> None:
    """Raise Refusal unless the client may come in.

    A session belongs to the user who made it: another one who knows the client id gets neither its messages nor the
    power to end its connection.
    """
    if not access.admits(packet.username, packet.password):
        raise Refusal(ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD, "unknown user or wrong password")
    if packet.authentication_method is not None:
        raise Refusal(ConnAckReasonCode.BAD_AUTHENTICATION_METHOD, "only user name and password are known here")
    if len(packet.client_id) > _MAX_CLIENT_ID or "\0" in packet.client_id:
        raise Refusal(ConnAckReasonCode.CLIENT_ID_NOT_VALID, "a client id of this kind is not taken")
    if level == 4 and not packet.client_id and not packet.clean_start:
        raise Refusal(ConnAckReasonCode.CLIENT_ID_NOT_VALID, "a session that is kept needs a client id")
    if packet.receive_max == 0 or packet.max_packet_size == 0:
        raise Refusal(ConnAckReasonCode.PROTOCOL_ERROR, "Receive Maximum and Maximum Packet Size are never 0")
    known = sessions.find(packet.client_id)
    if known is None and sessions.full:
        raise Refusal(ConnAckReasonCode.QUOTA_EXCEEDED, "no more sessions fit in this broker")
    if known is not None and known.username != packet.username:
        raise Refusal(ConnAckReasonCode.NOT_AUTHORIZED, "the client id belongs to another user")
    _check_will(packet, access)


def _check_will(packet: ConnectPacket, access: Access) -> None:
    will = packet.will
    if will is None:
        return
    if int(will.qos) == 2:
        raise Refusal(ConnAckReasonCode.QUALITY_NOT_SUPPORTED, "QoS 2 is not spoken here")
    try:
        check_name(will.topic)
    except InvalidTopic as error:
        raise Refusal(ConnAckReasonCode.TOPIC_NAME_INVALID, f"the will: {error}") from None
    if not access.may_publish(packet.username, will.topic):
        raise Refusal(ConnAckReasonCode.NOT_AUTHORIZED, "the user may not publish to the will's topic")


def will_of(packet: ConnectPacket, packet_bytes: int, client_id: str) -> Will | None:
    """The will that a CONNECT leaves, as the message that it may become."""
    will = packet.will
    if will is None:
        return None
    publish = PublishPacket(
        will.topic,
        will.payload or b"",
        qos=will.qos,
        # The class insists on one at QoS 1; every delivery gets its own.
        packet_id=1 if int(will.qos) else None,
        retain=will.retain,
        payload_format_indicator=will.payload_format_indicator,
        message_expiry_interval=will.message_expiry_interval,
        content_type=will.content_type,
        response_topic=will.response_topic,
        correlation_data=will.correlation_data,
        user_properties=will.user_properties,
    )
    return Will(Message(publish, client_id, packet_bytes), will.will_delay_interval)
