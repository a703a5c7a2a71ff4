"""What the tables of all sinks have in common."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from gateway.sinks.contract import Stream


class SinkTable(BaseModel):
    """A table of the configuration that, where it stands, switches a sink on."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def once(streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
    """Validates the streams of a table: one or more, each once."""
    if not streams:
        raise ValueError("nothing would be sent; name a stream, or remove the table")
    if len(set(streams)) < len(streams):
        raise ValueError("a stream is named twice; name each once")
    return streams


Streams = Annotated[tuple[Stream, ...], AfterValidator(once)]
"""What a sink takes."""
