"""A training, and the same training in a child that was forked after it; ends with an error where they differ.

Run by test_threads.py in a process of its own: a process in which other tests have run holds threads of other libraries
(JAX's warn of every fork).
"""

import multiprocessing

import numpy as np

from tests.engines.jit.agreement import trained_weights


def _train_into(queue):
    queue.put(trained_weights(1, n_threads=2)["W1"])


if __name__ == "__main__":
    mine = trained_weights(1, n_threads=2)["W1"]
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_train_into, args=(results,))
    child.start()
    child.join(300)
    assert child.exitcode == 0, child.exitcode
    np.testing.assert_array_equal(results.get(), mine)
