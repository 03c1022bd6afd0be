"""Whole dumps over HTTP, for devices and gateways without MQTT."""
