"""What every worker stands on: settings, streams, stores, metrics, logs, health."""
