"""The table of the kinds of devices, and what is loaded when."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from drivers.catalog import KINDS, Device, every, load


class Devices(BaseModel):
    """As a configuration has them."""

    device: tuple[Device, ...]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_that_of_its_settings(kind: str) -> None:
    assert load(kind).model_fields["kind"].default == kind


def test_all_are_there() -> None:
    assert [one.model_fields["kind"].default for one in every()] == list(KINDS)


@pytest.mark.parametrize(
    ("device", "error"),
    [
        ({"id": "one", "kind": "m100"}, ("missing", ("device", 0, "url"))),
        ({"id": "one", "kind": "nothing"}, ("union_tag_invalid", ("device", 0))),
        ({"id": "one", "kind": 7}, ("union_tag_invalid", ("device", 0))),
        ({"id": "one"}, ("union_tag_invalid", ("device", 0))),
        ("m100", ("model_type", ("device", 0))),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    device: object, error: tuple[str, tuple[str | int, ...]]
) -> None:
    with pytest.raises(ValidationError) as raised:
        Devices.model_validate({"device": [device]})
    (found,) = raised.value.errors()
    assert (found["type"], found["loc"]) == error


def test_settings_stay_what_they_are() -> None:
    one = load("recorded").model_validate({"id": "one"})
    assert Devices(device=(one,)).device[0] is one


def test_a_daemon_loads_the_kinds_that_its_site_has(tmp_path: Path) -> None:
    file = tmp_path / "waypost.toml"
    file.write_text('[site]\nid = "leeds"\n[[device]]\nid = "one"\nkind = "recorded"\n')
    program = (
        "import sys, gateway.app, gateway.commands.run\n"
        "from pathlib import Path\n"
        "from gateway.configuration import load\n"
        f"load(Path({str(file)!r}))\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    drivers = {f"drivers.{module}" for module, _ in KINDS.values()} - {"drivers.recorded"}
    assert not loaded & drivers
    assert "drivers.recorded" in loaded
