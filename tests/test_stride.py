"""How much the pipeline is given at once follows what it takes."""

from gateway.stride import BREATH, LEAST, MOST, Stride


def test_it_follows_what_the_pipeline_takes() -> None:
    stride = Stride()
    assert stride.rows == LEAST
    stride.took(10_000, BREATH / 2)
    assert stride.rows == 20_000
    stride.took(20_000, 2 * BREATH)
    assert stride.rows == 10_000
    stride.took(LEAST - 1, 100.0)
    assert stride.rows == 10_000


def test_it_has_bounds() -> None:
    stride = Stride()
    stride.took(MOST, 0.0)
    assert stride.rows == MOST
    stride.took(MOST, 1_000.0)
    assert stride.rows == LEAST
