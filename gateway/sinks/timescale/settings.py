"""[timescale]: the database, what it gets, and how long it keeps it."""

from pydantic import Field

from drivers.secret import SecretName
from gateway.sinks.settings import SinkTable, Streams

LONGEST = 36_500
"""Days."""


class TimescaleSettings(SinkTable):
    """[timescale]

    dsn                   names the secret that has the connection string (libpq, "Connection Strings")
    timeout               seconds without an answer after which the server counts as lost
    retention_days        age after which events, gaps and fixes are deleted; None = never
    reads_retention_days  the same of raw reads
    compress_after_days   age of chunks that are compressed, in editions that can
    chunk_days            length of a chunk of events, gaps and fixes, where there are hypertables
    reads_chunk_days      the same of raw reads
    """

    dsn: SecretName
    streams: Streams = ("events", "fixes", "gaps")
    timeout: float = Field(default=30.0, ge=1, le=600)
    retention_days: float | None = Field(default=None, ge=1, le=LONGEST)
    reads_retention_days: float = Field(default=30.0, ge=1, le=LONGEST)
    compress_after_days: float = Field(default=7.0, ge=1, le=LONGEST)
    chunk_days: float = Field(default=7.0, ge=0.125, le=LONGEST)
    reads_chunk_days: float = Field(default=1.0, ge=0.125, le=LONGEST)
