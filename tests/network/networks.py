"""Random networks for hypothesis: every activation and loss, parameters, dropout, penalty, reduction."""

from hypothesis import strategies as st

from chainrule import Dense, Network, Penalty
from chainrule.expressions.activations import ACTIVATIONS
from chainrule.expressions.lookup import activation, text_of
from chainrule.expressions.losses import LOSSES

numbers = st.floats(1e-6, 1e6) | st.sampled_from([0.1, 1.0, 2.0, 1e-5, 1e22])
rates = st.just(0.0) | st.floats(0, 0.999) | st.sampled_from([0.5, 1e-7])
HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]


@st.composite
def hidden_texts(draw):
    name = draw(st.sampled_from(HIDDEN))
    return f"{name}({draw(numbers)!r})" if name in ("elu", "leaky_relu") and draw(st.booleans()) else name


@st.composite
def loss_texts(draw):
    name = draw(st.sampled_from(list(LOSSES)))
    if name == "huber" and draw(st.booleans()):
        return f"huber({draw(numbers)!r})"
    return f"quantile({draw(st.floats(0.001, 0.999))!r})" if name == "quantile" and draw(st.booleans()) else name


def output_activations(loss):
    """The activations that may stand before a loss, asked of the declaration itself."""
    for name in ACTIVATIONS:
        try:
            Network([Dense(2, name)], 1, loss)
        except ValueError:
            continue
        yield text_of(activation(name))


@st.composite
def networks(draw):
    loss = draw(loss_texts())
    hidden = draw(st.lists(st.builds(Dense, st.integers(1, 2000), hidden_texts(), rates), max_size=4))
    output = Dense(draw(st.integers(2, 50)), draw(st.sampled_from(list(output_activations(loss)))))
    penalty = draw(st.none() | st.builds(Penalty, l2=numbers, l1=rates, divided=st.booleans()))
    return Network(
        [*hidden, output],
        draw(st.integers(1, 10**6)),
        loss,
        penalty=penalty,
        reduction=draw(st.sampled_from(["mean", "sum"])),
        sample_weights=draw(st.booleans()),
        input_dropout=draw(rates),
    )
