"""Times TorchJD's aggregators on the matrices of benches/solvers.rs and prints a table of medians.

Needs torch and torchjd: `python3 benches/torchjd.py`. A call there computes the Gramian, the weights and
the direction for P = 20; ours in benches/solvers.rs computes the weights from a Gramian that is at hand.
"""

import math
import statistics
import sys
import time

N_SHARED = 20
TASKS = (2, 4, 8, 16)
CALLS = 200

# Our id, TorchJD's name, and what its constructor wants for K tasks.
AGGREGATORS = (
    ("aligned_mtl", "AlignedMTL", lambda k: {}),
    ("cagrad", "CAGrad", lambda k: {"c": 0.4}),
    ("config", "ConFIG", lambda k: {}),
    ("dualproj", "DualProj", lambda k: {}),
    ("fairgrad", "FairGrad", lambda k: {"alpha": 1.0}),
    ("gradvac", "GradVac", lambda k: {}),
    ("imtl_g", "IMTLG", lambda k: {}),
    ("krum", "Krum", lambda k: {"n_byzantine": 0}),
    ("mgda", "MGDA", lambda k: {}),
    ("nash_mtl", "NashMTL", lambda k: {"n_tasks": k}),
    ("pcd", "PCD", lambda k: {}),
    ("pcgrad", "PCGrad", lambda k: {}),
    ("random", "Random", lambda k: {}),
    ("upgrad", "UPGrad", lambda k: {}),
)


def rows(n_tasks):
    """G (K, P): entry p of row i is sin(n²) with n = i·P + p + 1."""
    return [[math.sin((i * N_SHARED + p) ** 2) for p in range(1, N_SHARED + 1)] for i in range(n_tasks)]


def median_microseconds(aggregator, matrix):
    """Median over CALLS calls, after a tenth of them to warm up."""
    for _ in range(CALLS // 10):
        aggregator(matrix)
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        aggregator(matrix)
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)


def cell(aggregation, torch, name, wants, n_tasks):
    """The table's entry: µs, or – where TorchJD lacks the method, a dependency of it, or refuses K."""
    try:
        aggregator = getattr(aggregation, name)(**wants(n_tasks))
        matrix = torch.tensor(rows(n_tasks), dtype=torch.float64)
        return f"{median_microseconds(aggregator, matrix):.0f}"
    except (AttributeError, ImportError, ValueError) as error:
        print(f"{name}, K = {n_tasks}: {error}", file=sys.stderr)
        return "–"


def main():
    # This file has the library's name; its own folder must not be searched first.
    sys.path[:] = sys.path[1:]
    try:
        import torch
        from torchjd import aggregation
    except ImportError as error:
        sys.exit(f"torch and torchjd must be importable: {error}.")
    # At these sizes further threads only wait for each other.
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread; median µs of {CALLS} calls\n")
    print("| method | " + " | ".join(f"K = {k}" for k in TASKS) + " |")
    print("|---|" + "---:|" * len(TASKS))
    for ours, name, wants in AGGREGATORS:
        cells = [cell(aggregation, torch, name, wants, k) for k in TASKS]
        print(f"| {ours} ({name}) | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
