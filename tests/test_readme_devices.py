"""The devices that drivers/README.md shows can be put into a configuration as they stand."""

import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from drivers.catalog import Device

README = (Path(__file__).parent.parent / "drivers" / "README.md").read_text(encoding="utf-8")
SNIPPETS = [tomllib.loads(part.partition("```")[0]) for part in README.split("```toml\n")[1:]]
DEVICES = [device for snippet in SNIPPETS for device in snippet.get("device", ())]


@pytest.mark.parametrize("shown", DEVICES, ids=lambda shown: str(shown["kind"]))
def test_a_device_as_it_is_shown(shown: dict[str, object]) -> None:
    assert TypeAdapter(Device).validate_python(shown).kind == shown["kind"]


def test_every_kind_with_a_wire_is_shown() -> None:
    assert {"impinj", "impinj-http", "llrp", "m100", "mercury", "scanner", "ssi", "uhfreader", "wedge"} <= {
        device["kind"] for device in DEVICES
    }
