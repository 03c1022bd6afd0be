"""MQTT to chunk streams: validate, partition, hold back."""
