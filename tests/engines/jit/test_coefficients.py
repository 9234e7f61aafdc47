"""The polynomials are those that the recipe beside this file gives."""

import pytest

from chainrule.engines.jit.coefficients import COEFFICIENTS
from tests.engines.jit.fit_coefficients import coefficients


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("erfcx", 4),
        ("log", 8),
        *(pytest.param(name, 4, marks=pytest.mark.slow) for name in ("exp", "log", "tanh", "erf")),
    ],
)
def test_fitted_anew(name, size):
    fitted, error = coefficients(name, size)
    assert fitted == pytest.approx(getattr(COEFFICIENTS[size], name), rel=1e-7)
    assert error < (2.0**-28 if size == 4 else 2.0**-60)
