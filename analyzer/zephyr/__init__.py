"""Zephyr's kernel objects in a dump: reasons, threads."""

from analyzer.zephyr.kernel import Kernel, read_kernel
from analyzer.zephyr.reasons import Reason, reason_of
from analyzer.zephyr.thread import KernelThread, is_thread_entry

__all__ = ["Kernel", "KernelThread", "Reason", "is_thread_entry", "read_kernel", "reason_of"]
