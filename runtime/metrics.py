"""Every metric, declared before anything counts: the list an operator reads."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

CHUNKS_RECEIVED = Counter("faultcast_ingest_chunks", "Chunks written to Redis and then acknowledged to the broker")
BYTES_RECEIVED = Counter("faultcast_ingest_bytes", "Bytes of those messages")
MESSAGES_REFUSED = Counter("faultcast_ingest_refused", "Messages that are no valid chunks, by error code", ["code"])
BATCH_CHUNKS = Histogram(
    "faultcast_ingest_batch_chunks", "Chunks written in one go", buckets=(1, 4, 16, 64, 256, 1024, 4096)
)
INGEST_WRITE_SECONDS = Histogram(
    "faultcast_ingest_write_seconds", "Time of one write of a batch to Redis", buckets=_SECONDS
)
INGEST_PAUSED = Gauge("faultcast_ingest_paused", "1 while ingest holds the broker back (lag or memory of Redis)")

CHUNKS_PLACED = Counter("faultcast_reassembler_chunks", "Chunks put in their place, new ones only")
CHUNKS_DUPLICATE = Counter("faultcast_reassembler_duplicates", "Chunks that were held already")
CHUNKS_CONFLICTING = Counter("faultcast_reassembler_conflicts", "Chunks that came again with other bytes")
ACKS_SENT = Counter("faultcast_reassembler_acks", "Acknowledgements to devices, by state", ["state"])
DUMPS_STORED = Counter("faultcast_reassembler_dumps", "Dumps put in the store, by completeness", ["completeness"])
DUMPS_REJECTED = Counter("faultcast_reassembler_rejected", "Dumps that are not taken, by reason", ["reason"])
VERIFY_FAILURES = Counter("faultcast_reassembler_verify_failures", "Whole dumps whose checksum did not match")
STORE_SECONDS = Histogram("faultcast_store_put_seconds", "Time to make one object durable", buckets=_SECONDS)

DUMPS_ANALYSED = Counter("faultcast_analyzer_dumps", "Dumps analysed, by symbols found or not", ["symbols"])
ANALYSIS_SECONDS = Histogram("faultcast_analyzer_seconds", "Time of one analysis", buckets=_SECONDS)
ANALYSES_KILLED = Counter("faultcast_analyzer_killed", "Analyses that went over a limit, by which", ["limit"])
EVENTS_PUBLISHED = Counter("faultcast_analyzer_events", "Crash events published and acknowledged")

EVENTS_TAKEN = Counter("faultcast_console_events", "Crash events read into the console's database")
EVENTS_SKIPPED = Counter(
    "faultcast_console_skipped", "Entries that hold no usable crash event, by error code", ["code"]
)
INTAKE_BEHIND = Gauge("faultcast_console_behind_seconds", "From the last event in the database to the newest one")
ALERTS = Counter(
    "faultcast_console_alerts",
    "Tries to deliver an alert, by outcome: delivered, retried, failed for good",
    ["outcome"],
)

STREAM_LAG = Gauge("faultcast_stream_lag", "Entries of a stream not yet done with", ["stream"])
ENTRIES_CLAIMED = Counter("faultcast_stream_claimed", "Entries taken over from silent workers", ["stage"])
DEAD_LETTERS = Counter("faultcast_dead_letters", "Pieces of work given up, by stage and error code", ["stage", "code"])
RETRIES = Counter("faultcast_retries", "Batches tried again because a dependency failed", ["stage", "code"])
