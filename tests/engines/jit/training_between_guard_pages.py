"""Gradients, predictions and trainings with every array that compiled code is given beside pages it may not touch.

Run by test_memory.py in a process of its own: one read or write beside an array ends the process. The only argument
says on which side the page lies: before or behind.
"""

import ctypes
import mmap
import sys

import numpy as np

from chainrule.engines.jit import execution
from chainrule.network import Adam, Dense, Network, Penalty
from tests.engines.jit.agreement import TOLERANCE, gradients, relative, trained
from tests.zoo import Animal

_PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_held = []  # the pages stay closed until the process ends

NETWORKS = [
    Network([Dense(37, "tanh", 0.3), Dense(70, "relu"), Dense(11, "softmax")], 41, "cross-entropy"),
    Network([Dense(33, "relu"), Dense(1, "sigmoid")], 5, "bce", penalty=Penalty(l2=0.1), sample_weights=True),
    Network([Dense(3, "softmax")], 64, "cross-entropy"),
    Network([Dense(130, "identity")], 3, "squared-error"),
    Network([Dense(17, "silu"), Dense(2, "identity")], 1, "squared-error"),
]


def beside_a_closed_page(array, behind):
    """A copy that ends where a closed page begins, or begins where one ends."""
    pages = -(-array.nbytes // _PAGE) or 1
    memory = mmap.mmap(-1, (pages + 2) * _PAGE)
    raw = np.frombuffer(memory, np.uint8)
    begin = (pages + 1) * _PAGE - array.nbytes if behind else _PAGE
    copy = raw[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    for page in (0, pages + 1):
        assert _libc.mprotect(raw.ctypes.data + page * _PAGE, _PAGE, 0) == 0
    _held.append(memory)
    return copy


def close_pages(behind):
    """Every array of a run lies beside a closed page from now on."""
    run = execution.Execution.run

    def between_pages(self, data, *others):
        *arrays, totals, threads = (*others,)
        guarded = [beside_a_closed_page(np.ascontiguousarray(array), behind) for array in arrays]
        guarded_data = {name: beside_a_closed_page(array, behind) for name, array in data.items()}
        guarded_totals = beside_a_closed_page(totals, behind)
        run(self, guarded_data, *guarded, guarded_totals, threads)
        totals[...] = guarded_totals

    execution.Execution.run = between_pages
    execution.aligned_zeros = lambda count, dtype: beside_a_closed_page(np.zeros(count, dtype), behind)


if __name__ == "__main__":
    close_pages(sys.argv[1] == "behind")
    for network in NETWORKS:
        for dtype in ("float32", "float64"):
            for samples in (1, 13, 64):
                animal = Animal(network, samples)
                for name, (got, wanted) in gradients(animal, dtype, samples).items():
                    assert relative(got, wanted) <= 4 * TOLERANCE[dtype], (network, name)
            trained(Animal(network), Adam(), dtype, n_threads=2, reference=False)
