"""The loop over epochs: what it decides about batches, rates and stopping, and what it leaves in the program."""

import numpy as np
import pytest
from sklearn.utils import shuffle

from chainrule.calculus import derive
from chainrule.engines.interface import Costs, Data, Epoch, row_numbers
from chainrule.engines.reference import ReferenceEngine
from chainrule.network import SGD, Adam, Network, Penalty
from chainrule.training import History, Plan, train
from chainrule.training.initialisers import initial_parameters
from chainrule.training.loop import mean_cost, shuffled_by
from chainrule.training.schedules import Adaptive, Constant, OfStep
from chainrule.training.stopping import Improvement


class Scripted:
    """A program whose epochs cost what a script says; its one parameter counts the epochs."""

    def __init__(self, costs, parameter=float):
        self.costs, self.parameter, self.epochs, self.seen = list(costs), parameter, 0, []

    def snapshot(self):
        return self.epochs

    def restore(self, snapshot):
        self.epochs = snapshot

    def finite(self):
        return bool(np.isfinite(self.parameter(self.epochs)))

    def train(self, data, epoch):  # noqa: ARG002
        self.epochs += 1
        self.seen.append(epoch)
        cost = self.costs[len(self.seen) - 1]
        if isinstance(cost, BaseException):
            raise cost
        sizes = epoch.sizes.astype(float)
        return Costs(cost * sizes, np.zeros(len(sizes)), sizes)


ROWS = Data(np.arange(7.0)[:, None], np.zeros((7, 1)))


def run(program, **plan):
    return train(program, ROWS, Plan(**({"batch_size": 7} | plan)))


def real_program(net, optimiser=None, seed=0):
    program = ReferenceEngine().compile(derive(net, optimiser=optimiser), dtype=np.dtype(np.float64), batch_size=3)
    program.load(initial_parameters(net, "glorot_uniform", np.random.default_rng(seed)))
    return program


def some_data(net, n=7, weight=None):
    rng = np.random.default_rng(9)
    return Data(rng.normal(size=(n, net.n_inputs)), rng.uniform(0.1, 0.9, (n, net.widths[-1])), weight)


# batches


def test_shuffling_is_cumulative_as_in_scikit_learn():
    program, rng = Scripted([1, 1, 1]), np.random.RandomState(4)
    run(program, epochs=3, reorder=lambda order: shuffle(order, random_state=rng))
    rng, expected = np.random.RandomState(4), np.arange(7)
    for epoch in program.seen:
        expected = shuffle(expected, random_state=rng)
        np.testing.assert_array_equal(epoch.order, expected)


def test_without_reordering_the_rows_stay_in_order():
    program = Scripted([1, 1])
    run(program, epochs=2)
    for epoch in program.seen:
        np.testing.assert_array_equal(epoch.order, np.arange(7))


@pytest.mark.parametrize(("batch_size", "sizes"), [(3, [3, 3, 1]), (7, [7]), (10, [7]), (1, [1] * 7)])
def test_the_last_batch_may_be_short(batch_size, sizes):
    program = Scripted([1])
    history = run(program, epochs=1, batch_size=batch_size)
    np.testing.assert_array_equal(program.seen[0].sizes, sizes)
    assert len(program.seen[0].rates) == len(sizes) == history.steps
    assert history.samples == 7


def test_a_short_last_batch_is_a_mean_over_its_own_samples():
    net = Network.parse("2 -> 3 tanh -> 1 identity", loss="squared-error", penalty=Penalty(l2=0.1))
    program, data = real_program(net), some_data(net)
    values = {name: program.state()[name] for name in net.parameter_shapes}
    train(program, data, Plan(epochs=2, batch_size=3, schedule=Constant(0.1)))
    for rows in [slice(0, 3), slice(3, 6), slice(6, 7)] * 2:
        step = net.trace(values, data.X[rows], data.Y[rows])
        values = {name: value - 0.1 * step[f"d{name}"] for name, value in values.items()}
    for name, value in values.items():
        np.testing.assert_allclose(program.state()[name], value, rtol=1e-13)


@pytest.mark.parametrize("optimiser", [SGD(), SGD(momentum=0.9), Adam()])
def test_a_batch_whose_weights_sum_to_zero_is_skipped(optimiser):
    net = Network.parse("2 -> 3 tanh -> 1 sigmoid", loss="bce", sample_weights=True)
    weight = np.array([1.0, 2.0, 0.5, 0.0, 0.0, 0.0, 1.5])
    data, kept = some_data(net, weight=weight), np.array([0, 1, 2, 6])
    program, without = real_program(net, optimiser), real_program(net, optimiser)
    history = train(program, data, Plan(epochs=3, batch_size=3, schedule=Constant(0.1)))
    rest = Data(data.X[kept], data.Y[kept], weight[kept])
    of_rest = train(without, rest, Plan(epochs=3, batch_size=3, schedule=Constant(0.1)))
    for name, value in without.state().items():
        np.testing.assert_array_equal(program.state()[name], value)
    assert history.loss == of_rest.loss
    assert program.state()["t"] == 6


def test_the_reported_loss_is_the_mean_cost_per_sample():
    costs = Costs(np.array([6.0, 5.0, 0.0]), np.array([0.6, 0.6, 0.6]), np.array([3.0, 2.0, 0.0]))
    epoch = Epoch(np.arange(7), 3, np.ones(3))
    assert mean_cost(costs, epoch) == pytest.approx((3 * 6.6 / 3 + 3 * 5.6 / 2) / 6)
    assert mean_cost(costs, epoch, divided=False) == pytest.approx((3 * (6.0 / 3 + 0.6) + 3 * (5.0 / 2 + 0.6)) / 6)


def test_the_mean_cost_of_no_samples_is_zero():
    none = np.zeros(0)
    assert mean_cost(Costs(none, none, none), Epoch(np.zeros(0, np.int64), 4, none)) == 0.0


# rates


def test_rates_go_on_from_step_to_step_and_from_epoch_to_epoch():
    program = Scripted([1, 1])
    history = run(program, epochs=2, batch_size=3, schedule=OfStep(lambda step: 10.0 + step))
    np.testing.assert_array_equal(np.concatenate([epoch.rates for epoch in program.seen]), np.arange(10.0, 16.0))
    assert history.rate == [12.0, 15.0]


def test_an_adaptive_rate_falls_when_training_stalls_and_then_ends_it():
    program = Scripted([1.0] * 40)
    history = run(program, epochs=40, schedule=Adaptive(1e-4, lowest=1e-5), patience=2)
    assert history.rate[:4] == [1e-4] * 4
    assert history.rate[4:7] == [pytest.approx(2e-5)] * 3
    assert history.rate[7:] == [pytest.approx(4e-6)] * 3
    assert (history.stopped, history.reductions) == ("converged", 2)


# stopping


def test_it_stops_after_more_than_patience_epochs_without_improvement():
    costs = [5, 4, 3, 2.9375, 2.9375, 2.90625, 2.90625, 1]  # exact in binary
    history = run(Scripted(costs), epochs=8, tol=0.125, patience=3)
    assert (history.stopped, history.loss) == ("converged", costs[:7])
    assert "training loss did not improve by more than 0.125 in 3 epochs" in history.message


def test_the_limit_of_epochs():
    history = run(Scripted([3, 2, 1]), epochs=3)
    assert (history.stopped, history.epochs) == ("epochs", 3)
    assert "limit of 3 epochs" in history.message


def test_early_stopping_keeps_the_best_epoch():
    scores = [0.5, 0.7, 0.9, 0.8, 0.85, 0.6]
    program = Scripted([1] * 6)
    history = run(program, epochs=6, patience=2, validate=lambda program: scores[program.epochs - 1])
    assert history.stopped == "converged"
    assert history.validation == scores
    assert (history.best_epoch, program.epochs) == (3, 3)
    assert "validation score did not improve" in history.message


def test_the_first_of_equally_good_epochs_is_kept():
    program = Scripted([1] * 4)
    run(program, epochs=4, validate=lambda program: 0.5)
    assert program.epochs == 1


def test_without_validation_the_last_epoch_is_kept():
    program = Scripted([1, 3, 2])
    run(program, epochs=3)
    assert program.epochs == 3


def test_a_callback_stops_and_all_callbacks_are_called():
    heard = []
    callbacks = [lambda history: history.epochs == 2, lambda history: heard.append(history.loss[-1])]
    history = run(Scripted([3, 2, 1]), epochs=3, callbacks=callbacks)
    assert (history.stopped, history.epochs, heard) == ("callback", 2, [3, 2])


def test_a_training_goes_on_from_its_history():
    history, improvement = History(), Improvement(1e-4)
    program = Scripted([3, 2, 1, 0.5])
    plan = Plan(epochs=2, batch_size=3, schedule=OfStep(lambda step: 1.0 + step))
    for _ in range(2):
        train(program, ROWS, plan, history, improvement)
    assert history.loss == [3, 2, 1, 0.5]
    assert (history.steps, history.samples, improvement.best) == (12, 28, 0.5)
    assert program.seen[-1].rates[-1] == 12.0


@pytest.mark.parametrize(
    ("values", "tol", "higher", "stalled"),
    [
        ([1.0, 0.75, 0.5], 0.125, False, [0, 0, 0]),
        ([1.0, 0.875, 0.8125], 0.125, False, [0, 0, 1]),  # loss > best − tol stalls, so a fall of tol itself does not
        ([1.0, 0.9375, 0.875, 0.8125], 0.125, False, [0, 1, 2, 3]),  # the best moves all the same
        ([0.5, 0.625, 0.75], 0.125, True, [0, 0, 0]),  # score < best + tol stalls
        ([0.5, 0.5625, 0.75], 0.125, True, [0, 1, 0]),
    ],
)
def test_improvement_is_scikit_learns(values, tol, higher, stalled):
    improvement = Improvement(tol, higher_is_better=higher)
    found = []
    for value in values:
        improvement.update(value)
        found.append(improvement.stalled)
    assert found == stalled
    assert improvement.best == (max if higher else min)(values)


# what goes wrong


def test_divergence_stops_with_epoch_step_and_remedy_and_keeps_the_last_finite_parameters():
    program = Scripted([2, 1, np.nan, 1])
    history = run(program, epochs=4, batch_size=3)
    assert (history.stopped, history.epochs, program.epochs) == ("diverged", 3, 2)
    assert "in epoch 3, step 1" in history.message
    assert "Lower the learning rate" in history.message


def test_parameters_that_are_not_finite_are_divergence_even_with_a_finite_cost():
    program = Scripted([2, 1, 0.5], parameter=lambda epochs: np.inf if epochs == 2 else 0.0)
    history = run(program, epochs=3, batch_size=3)
    assert (history.stopped, program.epochs) == ("diverged", 1)
    assert "in epoch 2, step 3" in history.message


def test_a_real_divergence():
    net = Network.parse("2 -> 4 identity -> 1 identity", loss="mse")
    program = real_program(net)
    history = train(program, some_data(net), Plan(epochs=1000, batch_size=3, schedule=Constant(50.0)))
    assert history.stopped == "diverged"
    assert program.finite()
    assert np.isfinite(program.predict(some_data(net).X)).all()


def test_divergence_with_validation_keeps_the_best_epoch():
    scores = [0.5, 0.9, 0.1]
    program = Scripted([1, 1, 1, np.inf])
    history = run(program, epochs=4, validate=lambda program: scores[program.epochs - 1])
    assert (history.stopped, program.epochs) == ("diverged", 2)
    assert np.isnan(history.validation[-1])


def test_an_interrupt_in_the_middle_of_an_epoch_keeps_a_usable_program():
    history = run(Scripted([2, 1, KeyboardInterrupt()]), epochs=4)
    assert (history.stopped, history.loss) == ("interrupted", [2, 1])


def test_an_interrupt_while_parameters_are_not_finite_goes_back_to_those_that_were():
    program = Scripted([2, KeyboardInterrupt()], parameter=lambda epochs: np.nan if epochs == 2 else 0.0)
    history = run(program, epochs=4)
    assert (history.stopped, program.epochs) == ("interrupted", 1)


def test_a_real_program_after_an_interrupt_predicts_and_trains_on():
    net = Network.parse("2 -> 3 tanh -> 1 sigmoid", loss="bce")
    program, data = real_program(net, Adam()), some_data(net)

    def interrupt(history):
        if history.epochs == 2:
            raise KeyboardInterrupt

    plan = Plan(epochs=5, batch_size=3, schedule=Constant(0.01), callbacks=[interrupt])
    assert train(program, data, plan).stopped == "interrupted"
    assert program.state()["t"] == 6
    assert program.predict(data.X).shape == (7, 1)
    assert train(program, data, Plan(epochs=1, batch_size=3)).epochs == 1


def test_other_exceptions_pass_through():
    with pytest.raises(MemoryError):
        run(Scripted([1, MemoryError()]), epochs=2)


# reproducible


@pytest.mark.parametrize("optimiser", [SGD(momentum=0.9, nesterov=True), Adam(clip_norm=0.5, average=0.9)])
def test_the_same_seeds_give_the_same_bits(optimiser):
    net = Network.parse("2 dropout(0.1) -> 5 relu dropout(0.3) -> 1 sigmoid", loss="bce")

    def trained(order_seed=1, mask_seed=2):
        program, rng = real_program(net, optimiser), np.random.default_rng(order_seed)
        plan = Plan(epochs=3, batch_size=3, schedule=Constant(0.1), reorder=rng.permutation, seed=mask_seed)
        history = train(program, some_data(net), plan)
        return history, program.state()

    (history, state), (again, same) = trained(), trained()
    assert history == again
    assert all(state[name].tobytes() == same[name].tobytes() for name in state)
    assert not np.array_equal(state["W1"], trained(order_seed=5)[1]["W1"])
    assert not np.array_equal(state["W1"], trained(mask_seed=6)[1]["W1"])


@pytest.mark.parametrize("generator", [np.random.RandomState, np.random.default_rng])
@pytest.mark.parametrize("n", [1, 2, 17, 70_001])
def test_shuffling_in_place_gives_the_order_of_scikit_learn(generator, n):
    one, other = generator(3), generator(3)
    order, rows = np.arange(n), row_numbers(n)
    assert rows.dtype == np.int32
    for _ in range(3):
        order, rows = order[one.permutation(n)], shuffled_by(other)(rows)
        np.testing.assert_array_equal(rows, order)
