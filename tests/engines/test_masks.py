"""Dropout masks: the published generator, the declared positions, the right share of zeros."""

import numpy as np
import pytest

from chainrule.engines.masks import dropout_mask, threefry

# Known answers of Threefry-2x32 with 20 rounds from Random123's kat_vectors.
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize(("key", "counter", "answer"), KNOWN)
def test_threefry(key, counter, answer):
    words = [tuple(np.array([word], np.uint32) for word in pair) for pair in (key, counter)]
    assert tuple(int(word[0]) for word in threefry(*words)) == answer


def test_a_mask_depends_on_its_place_alone():
    large = dropout_mask(3, 5, 1, 40, 33, 0.4)
    np.testing.assert_array_equal(dropout_mask(3, 5, 1, 7, 20, 0.4), large[:7, :20])
    for seed, step, layer in ((4, 5, 1), (3, 6, 1), (3, 5, 2)):
        other = dropout_mask(seed, step, layer, 40, 33, 0.4)
        assert 0.3 < np.mean(other != large) < 0.7


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.9])
def test_the_share_of_zeros(probability):
    mask = dropout_mask(-1, 2**40, 3, 400, 501, probability)
    assert set(np.unique(mask)) <= {0.0, 1.0}
    assert abs(np.mean(mask == 0) - probability) < 4 * np.sqrt(probability * (1 - probability) / mask.size) + 1e-12


def test_a_probability_of_one_is_refused():
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        dropout_mask(0, 0, 0, 1, 1, 1.0)
