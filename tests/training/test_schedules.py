"""Every schedule against its formula, typed here step by step."""

import math

import numpy as np
import pytest

from chainrule.training.schedules import (
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    OfStep,
    OneCycle,
    Progress,
    WarmUp,
)

STEPS, EPOCHS = 5, 4
TOTAL = STEPS * EPOCHS


def whole(schedule, samples_per_epoch=50):
    """The rates of a whole training, epoch by epoch."""
    epochs = [
        schedule.rates(Progress(step=STEPS * e, steps=STEPS, total_steps=TOTAL, samples=samples_per_epoch * e))
        for e in range(EPOCHS)
    ]
    return np.concatenate(epochs)


def test_constant():
    np.testing.assert_array_equal(whole(Constant(0.3)), [0.3] * TOTAL)


@pytest.mark.parametrize("power", [0.5, 0.25])
def test_inverse_scaling(power):
    expected = [0.1 if e == 0 else 0.1 / (50 * e + 1) ** power for e in range(EPOCHS) for _ in range(STEPS)]
    np.testing.assert_allclose(whole(InverseScaling(0.1, power)), expected, rtol=1e-14)


@pytest.mark.parametrize("reductions", [0, 1, 3])
def test_adaptive_divides_by_five_at_every_reduction(reductions):
    progress = Progress(step=0, steps=STEPS, total_steps=TOTAL, reductions=reductions)
    np.testing.assert_allclose(Adaptive(0.2).rates(progress), [0.2 / 5**reductions] * STEPS, rtol=1e-14)
    np.testing.assert_allclose(Adaptive(0.2, factor=2).rates(progress), [0.2 / 2**reductions] * STEPS, rtol=1e-14)


def test_only_a_schedule_that_falls_with_stalling_has_a_lowest_rate():
    assert Adaptive(0.2).lowest == 1e-6
    for schedule in (Constant(1), InverseScaling(1), Cosine(1), OneCycle(1), OfStep(lambda step: 1.0)):
        assert schedule.lowest is None


def test_cosine():
    expected = [0.01 + (0.4 - 0.01) * (1 + math.cos(math.pi * k / TOTAL)) / 2 for k in range(TOTAL)]
    np.testing.assert_allclose(whole(Cosine(0.4, final=0.01)), expected, rtol=1e-14)


def test_cosine_after_a_warm_up():
    warm = 4
    rising = [0.4 * (k + 1) / warm for k in range(warm)]
    falling = [0.4 * (1 + math.cos(math.pi * (k - warm) / (TOTAL - warm))) / 2 for k in range(warm, TOTAL)]
    np.testing.assert_allclose(whole(Cosine(0.4, warm_up=warm)), rising + falling, rtol=1e-14)


def test_cosine_stays_at_its_end_when_a_training_goes_on():
    later = Progress(step=TOTAL + 3, steps=STEPS, total_steps=TOTAL)
    np.testing.assert_allclose(Cosine(0.4, final=0.01).rates(later), [0.01] * STEPS, rtol=1e-14)


def test_a_warm_up_longer_than_the_training_only_rises():
    rates = whole(Cosine(0.4, warm_up=2 * TOTAL))
    np.testing.assert_allclose(rates, [0.4 * (k + 1) / (2 * TOTAL) for k in range(TOTAL)], rtol=1e-14)


def test_one_cycle():
    rise, low, end = 0.3, 0.5 / 25, 0.5 / 1e4
    expected = []
    for k in range(TOTAL):
        done = k / (TOTAL - 1)
        if done < rise:
            expected.append(low + (0.5 - low) * (1 - math.cos(math.pi * done / rise)) / 2)
        else:
            expected.append(end + (0.5 - end) * (1 + math.cos(math.pi * (done - rise) / (1 - rise))) / 2)
    rates = whole(OneCycle(0.5))
    np.testing.assert_allclose(rates, expected, rtol=1e-13)
    assert rates[0] == pytest.approx(low)
    assert rates[-1] == pytest.approx(end)
    assert rates.max() <= 0.5


def test_a_function_of_the_step():
    np.testing.assert_array_equal(whole(OfStep(lambda step: 1 / (1 + step))), [1 / (1 + k) for k in range(TOTAL)])


def test_rates_are_a_pure_function():
    progress = Progress(step=3, steps=STEPS, total_steps=TOTAL, samples=9, reductions=1)
    for schedule in (Constant(0.1), InverseScaling(0.1), Adaptive(0.1), Cosine(0.1, warm_up=2), OneCycle(0.1)):
        first = schedule.rates(progress)
        first[:] = -1
        assert (schedule.rates(progress) > 0).all()
        assert schedule.rates(progress).shape == (STEPS,)


@pytest.mark.parametrize(("given", "steps"), [(6, 6), (1, 1), (None, 1), (100, 100)])
def test_warm_up(given, steps):
    """A twentieth of this training's twenty steps is one step."""
    np.testing.assert_allclose(
        whole(WarmUp(0.4, given)), [0.4 * min((k + 1) / steps, 1) for k in range(TOTAL)], rtol=1e-14
    )


def test_inverse_scaling_begins_anew_with_the_optimiser_and_not_with_the_samples():
    warm_start = Progress(step=0, steps=STEPS, total_steps=TOTAL, samples=500)
    np.testing.assert_array_equal(InverseScaling(0.1).rates(warm_start), [0.1] * STEPS)


@pytest.mark.parametrize("rate", [math.nan, math.inf, -0.1])
def test_a_function_that_gives_no_rate_is_refused_with_its_step(rate):
    schedule = OfStep(lambda step: 0.1 if step < 7 else rate)
    with pytest.raises(ValueError, match=r"numbers in \[0, inf\), got .* for step 7"):
        whole(schedule)
