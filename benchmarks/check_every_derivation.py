"""Everything that derive writes of the tests' zoo, judged: nothing may be other than exact or given.

    python benchmarks/check_every_derivation.py LOG [--part 1/2] [--seconds 3600] [--only TEXT] [--seed 0]
        [--forms latex,markdown,text] [--levels full,steps,summary]

Networks × layouts × presets × forms × levels of detail, about 50,000 pages, in an order drawn at random: some hours.
One line of JSON for each network, layout and preset goes to LOG; what LOG already has is not judged again, so a run
may be stopped and taken up, and two parts may run side by side with logs of their own. Exit status 1 when a line of
LOG has a fault, 3 when combinations are left.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.checking.document.sweeping import DETAILS, FORMS, as_record, combinations, outcome_of


def lines_of(log):
    """The records of a log, without a last line that was cut off."""
    if not log.exists():
        return []
    whole, _, _ = log.read_text(encoding="utf-8").rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("--part", default="1/1", help="which of how many parts, as in 1/2")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="none is begun after this")
    parser.add_argument("--only", default="", help="what the combination's name has in it")
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    parser.add_argument("--forms", default=",".join(form.removeprefix("to_") for form in FORMS))
    parser.add_argument("--levels", default=",".join(DETAILS), help="of detail")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    forms, levels = [f"to_{form}" for form in options.forms.split(",")], options.levels.split(",")
    if not (set(forms) <= {*FORMS} and set(levels) <= {*DETAILS}):
        parser.error(f"forms are {parser.get_default('forms')}; levels are {', '.join(DETAILS)}")
    start, worked = time.perf_counter(), time.process_time()
    wanted = combinations()
    random.Random(options.seed).shuffle(wanted)  # noqa: S311 - an order, no secret
    wanted = [one for one in wanted[part - 1 :: parts] if options.only in one.id]
    records = lines_of(options.log)
    done = {record["id"] for record in records}
    left = [one for one in wanted if one.id not in done]
    judged = 0
    with options.log.open("a", encoding="utf-8") as log:
        while left and time.perf_counter() - start < options.seconds:
            record = as_record(left[0], outcome_of(left[0], forms, levels))
            records.append(record)
            print(json.dumps(record, ensure_ascii=False), file=log, flush=True)
            for fault in record["faults"][:3]:
                print(record["id"], json.dumps(fault, ensure_ascii=False), flush=True)
            judged += record["pages"]
            left.pop(0)
    verdicts = sum((Counter(record["verdicts"]) for record in records), Counter())
    faulty = sum(bool(record["faults"]) for record in records)
    refused = sum(bool(record["refused"]) for record in records)
    pages, distinct = (sum(record[name] for record in records) for name in ("pages", "distinct"))
    print(f"{len(records)} combinations, {len(left)} left; {refused} refused by derive, {faulty} with a fault")
    print(f"{pages} pages, {distinct} of them different; equations judged: {dict(verdicts)}")
    if judged:
        print(f"{(time.process_time() - worked) / judged:.3f} s of processor time a page, {judged} pages this time")
    return 1 if faulty else 3 if left else 0


if __name__ == "__main__":
    sys.exit(main())
