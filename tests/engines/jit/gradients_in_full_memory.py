"""Gradients by code that is loaded where the address space has one small hole and otherwise only far-away room.

Run by test_loading.py in a process of its own, because the linker that fails here ends the process.
"""

import ctypes
import sys

from chainrule.engines.jit import compilation
from tests.engines.jit.agreement import SMALL, gradients, relative

_PAGE = 4096
_PRIVATE_ANONYMOUS_UNRESERVED = 0x4022
_FAR = 2**34  # bytes; relative addresses reach 2**31

_libc = ctypes.CDLL(None)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_size_t]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def _claim(size):
    return _libc.mmap(None, size, 0, _PRIVATE_ANONYMOUS_UNRESERVED, -1, 0)


def leave_one_hole(pages):
    """Fill the address space above a large block, and free a hole at the block's upper end."""
    block = _claim(_FAR)
    for size in (2**24, 2**20, 2**16, 2**13, _PAGE):
        while (place := _claim(size)) > block:
            pass
        _libc.munmap(place, size)
    _libc.munmap(block + _FAR - pages * _PAGE, pages * _PAGE)


if __name__ == "__main__":
    hole, load_object = int(sys.argv[1]), compilation.load_object

    def load(code, names):
        leave_one_hole(hole)
        return load_object(code, names)

    compilation.load_object = load
    for name, (got, wanted) in gradients(SMALL, "float64", 16).items():
        assert relative(got, wanted) < 1e-12, name
