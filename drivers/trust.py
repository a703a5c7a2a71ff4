"""Whom a device's encrypted connection believes, as its settings say it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from drivers.streams import Trust


class TlsTrust(BaseModel):
    """Whom tls:// and https:// believe: an authority's PEM file, or one certificate by its SHA-256 fingerprint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca: Path | None = None
    fingerprint: str | None = Field(default=None, pattern=r"^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$")

    def trust(self) -> Trust:
        """These settings as a stream takes them."""
        return Trust(self.ca, self.fingerprint)
