"""What a scanner read, and whose tag it is: drivers/codecs/label.py, gs1.py, gs1_keys.py, aim.py; biip is the oracle."""

import string
from pathlib import Path

import biip
import pytest
from biip.checksums import gs1_standard_check_digit
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.upc import Upc
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Scan
from core.sources import TENURE
from drivers.codecs import aim, gs1, gs1_keys, label
from drivers.codecs.label import Labels, Refused
from drivers.codecs.notice import Notice

GS = "\x1d"


def labels() -> dict[str, list[tuple[str, str]]]:
    """Codes with their tags, or names of refusals, by the heading that they stand under."""
    found: dict[str, list[tuple[str, str]]] = {"good": [], "bad": []}
    heading = ""
    text = (Path(__file__).parent / "data" / "gs1" / "labels.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        else:
            code, _, answer = line.partition("\t")
            found[heading].append((code.replace("<GS>", GS).replace("<RS>", "\x1e"), answer))
    return found


LABELS = labels()


@pytest.mark.parametrize(("code", "tag"), LABELS["good"])
def test_a_label_has_one_tag(code: str, tag: str) -> None:
    assert label.read(code).tag == tag


@pytest.mark.parametrize("tag", sorted({tag for _, tag in LABELS["good"]}))
def test_the_tag_of_a_tag_is_itself(tag: str) -> None:
    """An operator may write what `waypost status` shows."""
    assert label.read(tag.removeprefix("barcode:")).tag == tag


@pytest.mark.parametrize(("code", "name"), LABELS["bad"])
def test_what_cannot_be_is_refused_by_name(code: str, name: str) -> None:
    with pytest.raises(Refused) as refused:
        label.read(code)
    assert refused.value.name == name
    assert ";" in str(refused.value) or ":" in str(refused.value)


def test_an_identifier_may_come_beside_the_code() -> None:
    beside = label.read("0109506000134352" + "10AB", "C1")
    assert beside == label.read("]C1" + "0109506000134352" + "10AB")
    assert beside.elements == (("01", "09506000134352"), ("10", "AB"))
    assert label.read("]Q1x", "C1").symbology == "qr"


def test_the_names_of_symbologies() -> None:
    named = {code: aim.name(code) for code in ("C0", "C1", "E4", "Q1", "Q3", "d1", "d2", "e0", "", "?1")}
    assert named == {
        "C0": "code-128", "C1": "gs1-128", "E4": "ean-8", "Q1": "qr", "Q3": "gs1-qr", "d1": "datamatrix",
        "d2": "gs1-datamatrix", "e0": "gs1-databar", "": "", "?1": "",
    }  # fmt: skip


def test_very_long_codes() -> None:
    assert label.read("x" * 256).tag == "barcode:" + "x" * 256
    tags = {label.read("x" * length).tag for length in (257, 258, label.LONGEST)}
    assert len(tags) == 3
    assert {len(tag) for tag in tags} == {len("barcode:sha256:") + 64}
    with pytest.raises(Refused, match="no symbol holds more than 7089"):
        label.read("x" * (label.LONGEST + 1))


def test_letters() -> None:
    assert label.text_of("grün".encode()) == "grün"
    assert label.text_of("grün".encode("latin-1")) == "grün"
    assert label.read("\ud800x").tag == "barcode:%ED%A0%80x"


@pytest.mark.parametrize(
    "upc", ["01234505", "01234514", "01234523", "01234531", "01234543", "01234558", "01234594"]
)
def test_upc_e_is_the_upc_a_that_biip_makes_of_it(upc: str) -> None:
    whole = Upc.parse(upc[:7]).as_upc_a()
    assert label.read(f"]E0{upc[:7]}{whole[-1]}").tag == f"barcode:/01/{whole.zfill(14)}"


@given(digits=st.text(string.digits, min_size=1, max_size=20))
def test_check_digits_are_biips(digits: str) -> None:
    assert gs1_keys.check_digit(digits) == gs1_standard_check_digit(digits)
    assert gs1_keys.is_checked(f"{digits}{gs1_standard_check_digit(digits)}")


def checked(digits: str) -> str:
    return f"{digits}{gs1_standard_check_digit(digits)}"


NUMBERS = st.text(string.digits, min_size=13, max_size=13).map(checked)
TEXTS = st.text(string.ascii_letters + string.digits + "!\"%&'()*+,-./:;<=>?_", min_size=1, max_size=20)
DATES = st.dates().map(lambda date: date.strftime("%y%m%d"))


@given(gtin=NUMBERS, date=DATES, lot=TEXTS, serial=TEXTS, spoilt=st.booleans())
@settings(max_examples=60)
def test_element_strings_are_what_biip_reads(
    gtin: str, date: str, lot: str, serial: str, spoilt: bool
) -> None:
    if spoilt:
        gtin = gtin[:-1] + str((int(gtin[-1]) + 1) % 10)
    code = f"01{gtin}17{date}10{lot}{GS}21{serial}"
    message = biip.parse("]C1" + code).gs1_message
    assert message is not None
    if message.element_strings[0].gtin_error:
        assert spoilt
        with pytest.raises(gs1_keys.WrongCheckDigit):
            gs1.element_string(code)
        return
    expected = tuple((one.ai.ai, one.value) for one in message.element_strings)
    assert gs1.element_string(code) == expected
    assert gs1.element_string(f"{GS}{code}{GS}") == expected
    if int(gtin):
        link = GS1DigitalLinkURI.from_element_strings(message.element_strings).as_uri()
        assert gs1_keys.path(gs1.digital_link(link)) == gs1_keys.path(expected)


@given(code=st.text(max_size=60), identifier=st.sampled_from(["", *aim.GS1, *aim.GTIN, "Q1"]))
def test_any_text_is_a_tag_or_refused(code: str, identifier: str) -> None:
    for one in (
        code,
        GS + code,
        "/01/" + code,
        "https://x/01/" + code,
        "(01)" + code,
        "0109506000134352" + code,
    ):
        try:
            found = label.read(one, identifier)
        except Refused:
            continue
        assert found.tag.isascii()
        assert found.tag.isprintable()
        assert found.tag == found.tag.strip()
        assert len(found.tag) <= 300
        again = label.read(found.tag.removeprefix("barcode:"))
        assert again.tag == found.tag


def test_a_badge_says_who_holds_the_scanner() -> None:
    here = Labels("EMP-")
    assert here.scan("4711", 1) == Scan(1, "barcode:4711", "4711")
    assert here.scan("]C0EMP-17", 2) == Scan(2, "badge:EMP-17", "EMP-17", "code-128", "badge:EMP-17")
    assert here.scan("4711", 3, "C0") == Scan(3, "barcode:4711", "4711", "code-128", "badge:EMP-17")
    assert here.scan("EMP-18", 4, "Q1") == Scan(4, "badge:EMP-18", "EMP-18", "qr", "badge:EMP-18")
    refused = here.scan("]E09506000134353", 5)
    assert isinstance(refused, Notice)
    assert refused.name == "wrong_check_digits"
    assert Labels().scan("EMP-18", 6) == Scan(6, "barcode:EMP-18", "EMP-18")


def test_a_badge_is_forgotten_after_a_shift() -> None:
    here = Labels("EMP-")
    here.scan("EMP-17", 0)
    for time, operator in ((TENURE, "badge:EMP-17"), (TENURE + 1, None), (TENURE + 2, None)):
        found = here.scan("4711", time)
        assert isinstance(found, Scan)
        assert found.operator == operator
