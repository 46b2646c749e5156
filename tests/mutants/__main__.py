"""Shows each mutation caught, one line each; `python -m tests.mutants [WORD ...]` runs those whose names hold a word.

Ends with 0 when every mutant is caught, 1 when one survived, could not be applied, or the tests fail without any.
"""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.mutants.catalogue import MUTATIONS
from tests.mutants.mutation import ROOT, Mutation
from tests.mutants.running import Fate, judge, run

AT_ONCE = 2


def main(words: Sequence[str]) -> int:
    """Run them; the exit code."""
    began = time.monotonic()
    chosen = [m for m in MUTATIONS if not words or any(word in m.name for word in words)]
    if not chosen or not _sound(chosen):
        return 1
    with ThreadPoolExecutor(AT_ONCE) as pool:
        fates = []
        for verdict in pool.map(judge, chosen):
            print(verdict, flush=True)
            fates.append(verdict.fate)
    caught = fates.count(Fate.CAUGHT)
    print(f"{caught} of {len(fates)} mutants caught in {time.monotonic() - began:.0f} s")
    return 0 if caught == len(fates) else 1


def _sound(chosen: Sequence[Mutation]) -> bool:
    """Whether the named tests pass on the source as it is; else catching a mutant would mean nothing."""
    nodes = sorted({node for mutation in chosen for node in mutation.nodes})
    done = run(ROOT, nodes)
    print(f"{len(nodes)} tests without a mutation: {'pass' if done.returncode == 0 else 'FAIL'}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
