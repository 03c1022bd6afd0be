"""Every table; a file for each concept."""

from console.database.base import Base
from console.database.tables.alert import AlertRule, AlertTarget, Delivery
from console.database.tables.crash import Crash, CrashAttribute, CrashDay, CrashDocument, CrashHour, Position, Profile
from console.database.tables.device import Device
from console.database.tables.firmware import DumpLink, Firmware, FirmwareAlias
from console.database.tables.group import Fingerprint, FingerprintDevice, Group, GroupChange
from console.database.tables.person import Account, AuditEntry, SavedFilter, SignIn, Token

__all__ = [
    "Account",
    "AlertRule",
    "AlertTarget",
    "AuditEntry",
    "Base",
    "Crash",
    "CrashAttribute",
    "CrashDay",
    "CrashDocument",
    "CrashHour",
    "Delivery",
    "Device",
    "DumpLink",
    "Fingerprint",
    "FingerprintDevice",
    "Firmware",
    "FirmwareAlias",
    "Group",
    "GroupChange",
    "Position",
    "Profile",
    "SavedFilter",
    "SignIn",
    "Token",
]
