"""A whole `MLPClassifier().fit` on digits at scikit-learn's defaults, beside scikit-learn's own, one thread each.

    python benchmarks/whole_fit.py [rounds]

Every number is from a process of its own, after the imports that `from … import MLPClassifier` does: chainrule with an
empty cache of compiled code (first fit), with a filled one (first fit of a process), and once more in that process;
scikit-learn with its second fit, too. Medians of wall and processor time, and how many times faster. Python finds the
bytecode of all modules, as it does where a package was installed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile

FIT = """
import json, time, warnings
from sklearn.datasets import load_digits
from {module} import MLPClassifier
warnings.simplefilter("ignore")
X, y = load_digits(return_X_y=True)
times = []
for _ in range(2):
    wall, own = time.perf_counter(), time.process_time()
    model = MLPClassifier(random_state=0).fit(X, y)
    times.append([time.perf_counter() - wall, time.process_time() - own])
print(json.dumps([times, model.score(X, y), model.n_iter_]))
"""


def fits(module, cache, bytecode):
    """(first fit, second fit) of a new process, each wall and processor seconds; the score and the epochs."""
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "SkylakeX", "CHAINRULE_CACHE_DIR": cache}
    one_thread |= {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", FIT.format(module=module)]
    done = subprocess.run(command, env=os.environ | one_thread, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main():
    rounds = int((*sys.argv[1:], 5)[0])
    found = {"scikit-learn": [], "chainrule, empty cache": [], "chainrule, filled cache": [], "chainrule, again": []}
    with tempfile.TemporaryDirectory() as bytecode:
        for number in range(rounds + 1):
            with tempfile.TemporaryDirectory() as folder:
                theirs, score, epochs = fits("sklearn.neural_network", folder, bytecode)
                ours, own_score, own_epochs = fits("chainrule", f"{folder}/cache", bytecode)
                later, *_ = fits("chainrule", f"{folder}/cache", bytecode)
            if number:  # the round before the first has left the bytecode
                for times, fit in zip(found.values(), (theirs[1], ours[0], later[0], later[1]), strict=True):
                    times.append(fit)
    base = [statistics.median(column) for column in zip(*found["scikit-learn"], strict=True)]
    for name, times in found.items():
        wall, own = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name:24} wall {wall:.3f} s ({base[0] / wall:4.1f}x)   processor {own:.3f} s ({base[1] / own:4.1f}x)")
    print(f"score {own_score:.4f} after {own_epochs} epochs; scikit-learn's {score:.4f} after {epochs}")


if __name__ == "__main__":
    main()
