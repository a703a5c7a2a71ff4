"""The devices that drivers/README.md shows can be put into a configuration as they stand."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from drivers.catalog import KINDS, Device

README = (Path(__file__).parent.parent / "drivers" / "README.md").read_text(encoding="utf-8")
SNIPPETS = [tomllib.loads(part.partition("```")[0]) for part in README.split("```toml\n")[1:]]
WIRED = set(KINDS) - {"recorded"}
"""All but the one that has no wire."""
DEVICES = [device for snippet in SNIPPETS for device in snippet.get("device", ())]


@pytest.mark.parametrize("shown", DEVICES, ids=lambda shown: str(shown["kind"]))
def test_a_device_as_it_is_shown(shown: dict[str, object]) -> None:
    assert TypeAdapter(Device).validate_python(shown).kind == shown["kind"]


def test_every_kind_is_shown() -> None:
    assert {str(device["kind"]) for device in DEVICES} == WIRED


def test_every_kind_is_in_the_table() -> None:
    rows = [line.split("|")[1] for line in README.splitlines() if line.startswith("| `")]
    told = {kind for cell in rows[: len(WIRED)] for kind in re.findall("`([a-z0-9-]+)`", cell)}
    assert told >= WIRED
