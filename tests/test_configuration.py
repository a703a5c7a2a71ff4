"""A broken configuration: every error at once, each with its line, key, value, reason and remedy."""

from pathlib import Path

import pytest

from core.site import Antenna, Item, Portal, Source, Tags, Zone
from gateway.configuration import Unreadable, check, find, load
from gateway.problems import Problem

GOOD = """\
[site]
id = "leeds"
[journal]
path = "data/waypost.db"
[[zone]]
id = "yard"
[[zone]]
id = "warehouse"
[[zone]]
id = "cage"
inside = "warehouse"
leave = "silence"
[[portal]]
id = "dock-1"
between = ["yard", "warehouse"]
[[device]]
id = "door1"
kind = "recorded"
antennas = [ { port = 1, portal = "dock-1", side = "yard" },
             { port = 2, portal = "dock-1", side = "warehouse" } ]
[[item]]
id = "gen-7"
tags = ["3034 0789 000c 0e42 dfdc 1c35", "tracker:353201350112345"]
home = "yard"
"""


def problems(tmp_path: Path, text: str, csv: str | None = None) -> list[Problem]:
    path = tmp_path / "waypost.toml"
    path.write_text(text, encoding="utf-8")
    if csv is not None:
        (tmp_path / "items.csv").write_text(csv, encoding="utf-8")
    return list(check(path).problems)


def brief(found: list[Problem]) -> list[tuple[int | None, str, str | None]]:
    return [(one.line, one.key, one.value) for one in found]


def test_a_good_file_becomes_a_site(tmp_path: Path) -> None:
    (tmp_path / "waypost.toml").write_text(GOOD)
    loaded = load(tmp_path / "waypost.toml")
    assert loaded.journal == tmp_path / "data" / "waypost.db"
    site = loaded.site
    assert site.id == "leeds"
    assert site.zones == (Zone("yard"), Zone("warehouse"), Zone("cage", "warehouse", "silence"))
    assert site.portals == (Portal("dock-1", ("yard", "warehouse")),)
    antennas = (Antenna(1, None, "dock-1", "yard"), Antenna(2, None, "dock-1", "warehouse"))
    assert site.sources == (Source("door1", antennas),)
    assert site.items == (
        Item("gen-7", tags=("30340789000C0E42DFDC1C35", "tracker:353201350112345"), home="yard"),
    )
    assert site.tags == Tags()


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = """\
itmes = "items.csv"
[site]
id = "le eds"
[journal]
max_bytes = "x"
[[zone]]
id = "a"
silenc = 3
[[zone]]
inside = "q"
[[zone]]
id = "b"
inside = "c"
silence = -1
[[portal]]
id = "b"
between = ["a",
  "nope"]
[[device]]
id = "d1"
kind = "llrpp"
[[device]]
id = "d2"
kind = "recorded"
antenas = []
antennas = [ { port = 1, zone = "a" }, { zone = "a"},
   { port = 1, portal = "zz", side="q" } ]
[[item]]
id = "i"
tags = ["303", "xyz:3",
   "E2"]
fields.list = [1]
"""
    found = problems(tmp_path, text)
    assert brief(found) == [
        (1, "itmes", "'items.csv'"),
        (3, "site.id", "'le eds'"),
        (5, "journal.max_bytes", "'x'"),
        (8, "zone[0].silenc", "3"),
        (9, "zone[1].id", None),
        (13, "zone[2].inside", "'c'"),
        (14, "zone[2].silence", "-1.0"),
        (16, "portal[0].id", "'b'"),
        (18, "portal[0].between[1]", "'nope'"),
        (21, "device[0].kind", "'llrpp'"),
        (25, "device[1].antenas", "[]"),
        (26, "device[1].antennas[1].port", None),
        (27, "device[1].antennas[2].portal", "'zz'"),
        (27, "device[1].antennas[2].port", "1"),
        (30, "item[0].tags[0]", "'303'"),
        (30, "item[0].tags[1]", "'xyz:3'"),
        (32, "item[0].fields.list", "[1]"),
    ]
    assert {one.level for one in found} == {"error"}
    assert "Write items, or remove it" in found[0].remedy
    assert "Write silence" in found[3].remedy
    assert "a, b" in found[8].remedy
    assert "'llrp'" in found[9].remedy
    assert str(found[1]).startswith(
        f"{tmp_path}/waypost.toml:3: error: site.id = 'le eds': not an id. Use letters"
    )


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ("", None, "site", "is missing"),
        (changed('id = "cage"', 'id = "-cage"'), 10, "zone[2].id", "not an id"),
        (changed('id = "cage"', 'id = "yard"'), 10, "zone[2].id", "another zone or portal"),
        (changed('id = "dock-1"', 'id = "yard"'), 14, "portal[0].id", "another zone or portal"),
        (
            changed('inside = "warehouse"', 'inside = "cage"'),
            11,
            "zone[2].inside",
            "a circle: cage inside cage",
        ),
        (changed('leave = "silence"', 'leave = "never"'), 12, "zone[2].leave", "not one of the choices"),
        (changed('leave = "silence"', "silence = nan"), 12, "zone[2].silence", "out of range"),
        (
            changed('"yard", "warehouse"', '"yard", "yard"'),
            15,
            "portal[0].between",
            "from one zone to another",
        ),
        (changed('"yard", "warehouse"', '"yard"'), 15, "portal[0].between[1]", "is missing"),
        (changed("[[device]]", "gap = 40\n[[device]]"), 13, "portal[0].max_pass", "could never last"),
        (
            changed("[[device]]", "max_pass = 121\n[[device]]"),
            16,
            "portal[0].max_pass",
            "too long for a pass",
        ),
        (changed("[[device]]", "lateness = 61\n[[device]]"), 16, "portal[0].lateness", "out of range"),
        (changed("port = 2, portal", "port = 1, portal"), 20, "device[0].antennas[1].port", "twice"),
        (
            changed("port = 2, portal", "port = 70000, portal"),
            20,
            "device[0].antennas[1].port",
            "out of range",
        ),
        (changed('side = "yard"', 'side = "cage"'), 19, "device[0].antennas[0].side", "not a side"),
        (
            changed('portal = "dock-1", side = "yard"', 'zone = "dock-1"'),
            19,
            "device[0].antennas[0].zone",
            "a portal",
        ),
        (
            changed('{ port = 1, portal = "dock-1", side = "yard" }', "{ port = 1 }"),
            19,
            "device[0].antennas[0]",
            "no place",
        ),
        (
            changed('portal = "dock-1", side = "yard"', 'zone = "cage", side = "yard"'),
            19,
            "device[0].antennas[0].side",
            "only a portal",
        ),
        (
            changed('portal = "dock-1", side = "yard"', 'zone = "cage", portal = "dock-1"'),
            19,
            "device[0].antennas[0].portal",
            "or at a portal",
        ),
        (changed('kind = "recorded"', 'kind = "recorded"\nid2 = 1'), 19, "device[0].id2", "unknown key"),
        (changed('home = "yard"', 'home = "dock-1"'), 24, "item[0].home", "no such zone"),
        (changed('home = "yard"', "missing_after = 0"), 24, "item[0].missing_after", "out of range"),
        (
            changed("tracker:353201350112345", "30340789000C0E42DFDC1C35"),
            23,
            "item[0].tags[1]",
            "has this tag already",
        ),
        (changed("tracker:353201350112345", "000000000000"), 23, "item[0].tags[1]", "zeros"),
        (changed("tracker:353201350112345", "E2FF/12"), 23, "item[0].tags[1]", "bits are set after"),
        (changed("tracker:353201350112345", "tracker:"), 23, "item[0].tags[1]", "nothing"),
        (GOOD + '[tags]\naccept = ["xyz"]', 26, "tags.accept[0]", "not a prefix"),
        (GOOD + '[tags]\naccept = ["company:12"]', 26, "tags.accept[0]", "not a GS1 company prefix"),
        (GOOD + '[tags]\naccept = ["foo:12"]', 26, "tags.accept[0]", "not a scheme"),
        (GOOD + '[tags]\naccept = ["30"]\nignore = ["30"]', 27, "tags.ignore[0]", "accepted and ignored"),
        (GOOD + "[tags]\nlimit = 0", 26, "tags.limit", "out of range"),
        (GOOD + "[journal2]", 25, "journal2", "unknown key"),
    ],
)
def test_each_rule(text: str, line: int | None, key: str, says: str, tmp_path: Path) -> None:
    errors = [one for one in problems(tmp_path, text) if one.level == "error"]
    error = next(one for one in errors if one.key == key)
    assert error.line == line
    assert says in error.reason
    assert error.remedy


def test_warnings_stand_apart(tmp_path: Path) -> None:
    text = (
        GOOD
        + '[[portal]]\nid = "dock-2"\nbetween = ["yard", "warehouse"]\n[[device]]\nid = "d"\nkind = "recorded"\n'
    )
    found = problems(tmp_path, text)
    assert [(one.level, one.line, one.key) for one in found] == [
        ("warning", 26, "portal[1].id"),
        ("warning", 28, "device[1].antennas"),
    ]
    load(tmp_path / "waypost.toml")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('[site]\nid = "a"\nid = "b"\n', 3, "Cannot overwrite"),
        ("[site]\nid = \n", 2, "Invalid value"),
        ('[site]\nid = "a', 2, "Unterminated string"),
        ("[site]\n[site]\n", 2, "Cannot declare"),
    ],
)
def test_what_is_no_toml_says_where(text: str, line: int, says: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        problems(tmp_path, text)
    assert caught.value.problem.line == line
    assert says in caught.value.problem.reason


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        check(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"[site]\nid = 'm\xfcnchen'\n")
    with pytest.raises(Unreadable, match=r"latin\.toml:2: error: file: not UTF-8"):
        check(tmp_path / "latin.toml")


def test_what_toml_allows_and_its_reader_does_not_is_told(tmp_path: Path) -> None:
    for text in ("a = " + "[" * 3000 + "]" * 3000, "a = " + "9" * 5000):
        with pytest.raises(Unreadable, match="syntax"):
            problems(tmp_path, text)


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert problems(tmp_path, "\ufeff" + GOOD.replace("\n", "\r\n")) == []


def test_items_from_csv_have_their_own_lines(tmp_path: Path) -> None:
    text = 'items = "items.csv"\n' + GOOD
    csv = """\
id,kind,name,group,tags,home,missing_after,fields.owner
gen-8,asset,Generator 8,gens,E200 E201,yard,3600,ACME
gen-9,,,,,,,
gen-7,asset,,,,,,
p-1,pallet,,,E2FF,,,
p-2,asset,,,E200,nowhere,soon,
p-3,asset
"""
    found = problems(tmp_path, text, csv)
    assert [(Path(one.file).name, one.line, one.key) for one in found] == [
        ("items.csv", 4, "id"),
        ("items.csv", 5, "kind"),
        ("items.csv", 6, "missing_after"),
        ("items.csv", 6, "home"),
        ("items.csv", 6, "tags[0]"),
        ("items.csv", 7, "row"),
    ]
    good = "\n".join(csv.splitlines()[:3])
    assert problems(tmp_path, text, good) == []
    item = load(tmp_path / "waypost.toml").site.items[1]
    assert item == Item(
        "gen-8", "asset", "Generator 8", ("E200", "E201"), "gens", "yard", 3600.0, {"owner": "ACME"}
    )
    assert brief(problems(tmp_path, text, "id,tag\nx,E2\n")) == [(1, "tag", None)]
    assert brief(problems(tmp_path, text, "id,name,name\nx,a,b\n")) == [(1, "name", None)]
    (tmp_path / "items.csv").unlink()
    assert [(one.line, one.key) for one in problems(tmp_path, text)] == [(1, "items")]


def test_a_zone_is_no_portal_and_a_portal_no_zone(tmp_path: Path) -> None:
    """Also while another table has an error of its own."""
    text = changed('home = "yard"', 'home = "nowhere"') + 'kind = "thing"\n'
    home = next(one for one in problems(tmp_path, text) if one.key == "item[0].home")
    assert "dock-1" not in home.remedy
    assert "cage, warehouse, yard" in home.remedy


def test_beside_an_error_nothing_is_said_of_what_devices_lack(tmp_path: Path) -> None:
    """Receivers without antennas, and the broker of one that has one."""
    text = GOOD.replace("[site]", "[site]\nnmae = 3", 1) + (
        '[[broker]]\nid = "main"\nurl = "mqtt://127.0.0.1"\n'
        '[[device]]\nid = "van"\nkind = "nmea"\nurl = "udp://127.0.0.1:10110"\n'
        '[[device]]\nid = "door9"\nkind = "zebra"\nbroker = "main"\ntopic = "door9"\n'
        'antennas = [ { port = 1, zone = "yard" } ]\n'
    )
    assert [one.key for one in problems(tmp_path, text)] == ["site.nmae"]
    assert problems(tmp_path, text.replace("nmae = 3", "")) == []


def test_a_device_with_an_error_is_still_held_against_the_places(tmp_path: Path) -> None:
    text = (
        GOOD
        + """\
[[device]]
id = "door1"
kind = "llrp"
url = "10.0.0.5"
antennas = [ { port = 1, portal = "dock-1", side = "cage" }, { port = 1, zone = "nowhere" } ]
trigger = { gpi = 1, hold = -1 }
[[device]]
id = "no id"
kind = "lrp"
antennas = 5
[[device]]
kind = "recorded"
antennas = [ { port = 1, zone = "yrd" } ]
"""
    )
    assert [(line, key) for line, key, _ in brief(problems(tmp_path, text))] == [
        (26, "device[1].id"),
        (28, "device[1].url"),
        (29, "device[1].antennas[0].side"),
        (29, "device[1].antennas[1].zone"),
        (29, "device[1].antennas[1].port"),
        (30, "device[1].trigger.hold"),
        (33, "device[2].kind"),
        (35, "device[3].id"),
        (37, "device[3].antennas[0].zone"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (changed('path = "data/waypost.db"', "path = 5"), "Write a path"),
        (changed('["yard", "warehouse"]', '["yard", "warehouse", "cage"]'), "Write at most 2"),
        (changed('[site]\nid = "leeds"\n', "site = 5\n"), "Write a table"),
        ("device = 5\n" + GOOD.partition("[[device]]")[0], "Write a list"),
        (GOOD + "fields.x = { y = 1 }\n", "Write a valid string"),
    ],
)
def test_nobody_has_to_know_python(text: str, says: str, tmp_path: Path) -> None:
    errors = [one for one in problems(tmp_path, text) if one.level == "error"]
    assert [says in one.remedy for one in errors] == [True]


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAYPOST_CONFIG", raising=False)
    assert find(Path("x.toml")) == Path("x.toml")
    assert find(None) in (Path("waypost.toml"), Path("/etc/waypost/waypost.toml"))
    monkeypatch.setenv("WAYPOST_CONFIG", "/srv/site.toml")
    assert find(None) == Path("/srv/site.toml")
