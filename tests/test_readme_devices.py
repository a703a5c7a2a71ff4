"""The devices that drivers/README.md shows can be put into a configuration as they stand."""

import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from drivers.catalog import Device

README = (Path(__file__).parent.parent / "drivers" / "README.md").read_text(encoding="utf-8")
SNIPPETS = [part.partition("```")[0] for part in README.split("```toml\n")[1:]]


@pytest.mark.parametrize("text", SNIPPETS)
def test_a_snippet_is_a_device(text: str) -> None:
    (device,) = tomllib.loads(text)["device"]
    assert TypeAdapter(Device).validate_python(device).kind == device["kind"]


def test_every_kind_with_a_wire_has_one() -> None:
    kinds = {tomllib.loads(text)["device"][0]["kind"] for text in SNIPPETS}
    assert {"llrp", "m100", "mercury", "uhfreader"} <= kinds
