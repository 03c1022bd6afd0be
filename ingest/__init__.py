"""MQTT to chunk streams."""
