"""What trackers and phones call themselves, where a list says who may deliver."""

from typing import Annotated

from pydantic import StringConstraints

TrackerName = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,126}[!-~])?$")]
"""Printable ASCII, as the codecs take it: an IMEI, jane/phone, !7efeb2c8."""
