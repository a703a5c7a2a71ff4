"""The kinds of devices that a configuration may name."""

from typing import Annotated

from pydantic import Field

from drivers.llrp import Llrp
from drivers.recorded import Recorded

Device = Annotated[Llrp | Recorded, Field(discriminator="kind")]
"""A [[device]] of any kind."""
