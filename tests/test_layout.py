"""The simulated site's configuration."""

import tomllib

from simulators.layout import Door, Layout, Room, docks, site_toml


def test_docks_as_a_configuration_for_a_replay() -> None:
    site = tomllib.loads(site_toml(docks(doors=1), {"pallet-0001": ("AA", "BB")}))
    assert site == {
        "site": {"id": "demo"},
        "zone": [
            {"id": "yard"},
            {"id": "warehouse"},
            {"id": "room-1", "inside": "warehouse", "leave": "silence"},
        ],
        "portal": [{"id": "dock-1", "between": ["yard", "warehouse"]}],
        "device": [
            {
                "id": "door1",
                "kind": "recorded",
                "antennas": [
                    {"port": 1, "portal": "dock-1", "side": "yard"},
                    {"port": 2, "portal": "dock-1", "side": "warehouse"},
                ],
            },
            {"id": "room1", "kind": "recorded", "antennas": [{"port": 1, "zone": "room-1"}]},
        ],
        "item": [{"id": "pallet-0001", "kind": "container", "tags": ["AA", "BB"]}],
    }


def test_readers_at_their_addresses() -> None:
    layout = docks(doors=2, rooms=0, antennas_per_side=2)
    urls = {"door1": "tcp://127.0.0.1:5084", "door2": "tcp://127.0.0.1:5085"}
    devices = tomllib.loads(site_toml(layout, {}, urls))["device"]
    assert [(one["id"], one["kind"], one["url"]) for one in devices] == [
        ("door1", "llrp", "tcp://127.0.0.1:5084"),
        ("door2", "llrp", "tcp://127.0.0.1:5085"),
    ]
    assert [antenna["side"] for antenna in devices[0]["antennas"]] == [
        "yard",
        "yard",
        "warehouse",
        "warehouse",
    ]


def test_one_reader_for_everything() -> None:
    layout = Layout(
        "small",
        (Door("front", ("street", "shop"), "r", (2,), (1,)),),
        (Room("shelf", "shop", "r", (3,)),),
    )
    (device,) = tomllib.loads(site_toml(layout, {}))["device"]
    assert device["antennas"] == [
        {"port": 2, "portal": "front", "side": "street"},
        {"port": 1, "portal": "front", "side": "shop"},
        {"port": 3, "zone": "shelf"},
    ]
