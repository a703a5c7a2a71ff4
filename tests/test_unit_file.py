"""The unit file holds the promises that are made about restarts, the watchdog and the user."""

import configparser
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent / "systemd" / "waypost.service"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("Unit", "StartLimitIntervalSec", "0"),
        ("Service", "Type", "notify"),
        ("Service", "NotifyAccess", "main"),
        ("Service", "Restart", "always"),
        ("Service", "RestartSec", "2"),
        ("Service", "WatchdogSec", "60"),
        ("Service", "StateDirectory", "waypost"),
        ("Service", "User", "waypost"),
        ("Service", "SupplementaryGroups", "dialout"),
        ("Service", "ExecStart", "/opt/waypost/bin/waypost run /etc/waypost/waypost.toml"),
        ("Install", "WantedBy", "multi-user.target"),
    ],
)
def test_the_unit_says(section: str, key: str, value: str) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    assert unit[section][key] == value
