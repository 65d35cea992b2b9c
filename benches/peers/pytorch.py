"""Times the benchmark's step in PyTorch on one thread: `python3 pytorch.py SIZE MODE MILLISECONDS`, JSON on stdout.

The numbers are those of workload.js. One forward pass, then one call of `autograd.grad` a task.
"""

import json
import math
import sys
import time

import numpy
import torch

# D inputs, H units, K tasks, C outputs, B rows.
SIZES = {"S": (2, 32, 2, 1, 64), "M": (784, 128, 2, 10, 256), "L": (784, 512, 4, 10, 512), "XL": (1296, 1024, 8, 10, 1024)}
BATCHES = 4
PORTION = 10


class Mulberry32:
    """Its state moves by a constant, so many numbers are drawn at once."""

    def __init__(self, seed):
        self.state = seed

    def signed(self, count):
        """Numbers in [-1, 1), f64."""
        steps = numpy.arange(1, count + 1, dtype=numpy.uint64) * 0x6D2B79F5
        a = (steps + self.state).astype(numpy.uint32)
        self.state = int(a[-1])
        t = (a ^ (a >> 15)) * (a | 1)
        t = (t + (t ^ (t >> 7)) * (t | 61)) ^ t
        return 2.0 * ((t ^ (t >> 14)).astype(numpy.float64) / 4294967296.0) - 1.0


def problem(size):
    """Parameters, batches of x (B, D), and of targets: K tensors each."""
    d, h, k, c, b = SIZES[size]
    draws = Mulberry32(1)

    def layer(fan_in, units):
        weight = (draws.signed(fan_in * units) * math.sqrt(6 / fan_in)).astype(numpy.float32)
        return [torch.tensor(weight.reshape(fan_in, units), requires_grad=True), torch.zeros(units, requires_grad=True)]

    shared = layer(d, h) + layer(h, h)
    heads = [layer(h, c) for _ in range(k)]
    x = Mulberry32(2).signed(BATCHES * b * d).astype(numpy.float32).reshape(-1, d)
    draws = Mulberry32(3)
    targets = []
    for _ in range(k):
        scores = x.astype(numpy.float64) @ (draws.signed(d * c) * 3 / math.sqrt(d)).reshape(d, c)
        target = numpy.sin(3 * scores).astype(numpy.float32) if c == 1 else scores.argmax(axis=1)
        targets.append(torch.tensor(target).split(b))
    return shared, heads, torch.tensor(x).split(b), targets


def cyclic(gramian):
    """Weights (K) of PCGrad in cyclic order."""
    k = len(gramian)
    rows = numpy.eye(k)
    for s in range(1, k):
        for i in range(k):
            j = (i + s) % k
            product = rows[i] @ gramian[:, j]
            if product < 0:
                rows[i, j] -= product / (gramian[j, j] + 1e-12)
    return rows.sum(axis=0)


def main():
    size, mode, window = sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1e3
    torch.set_num_threads(1)
    shared, heads, x, targets = problem(size)
    measure = torch.nn.functional.mse_loss if SIZES[size][3] == 1 else torch.nn.functional.cross_entropy
    of_heads = [parameter for head in heads for parameter in head]
    adam = torch.optim.Adam(shared + of_heads, lr=1e-3)

    def step(t):
        batch = t % BATCHES
        h = torch.relu(torch.addmm(shared[3], torch.relu(torch.addmm(shared[1], x[batch], shared[0])), shared[2]))
        losses = [measure(torch.addmm(c, h, v), targets[k][batch]) for k, (v, c) in enumerate(heads)]
        if mode == "ew":
            adam.zero_grad()
            sum(losses).backward()
        else:
            each = [torch.autograd.grad(loss, shared + heads[k], retain_graph=True) for k, loss in enumerate(losses)]
            rows = torch.stack([torch.cat([part.reshape(-1) for part in parts[:4]]) for parts in each])
            weights = torch.tensor(cyclic((rows @ rows.T).double().numpy()), dtype=torch.float32)
            combined = (weights @ rows).split([parameter.numel() for parameter in shared])
            for parameter, gradient in zip(shared, combined):
                parameter.grad = gradient.reshape(parameter.shape)
            for head, parts in zip(heads, each):
                head[0].grad, head[1].grad = parts[4], parts[5]
        adam.step()
        return losses

    third = [loss.item() for loss in [step(t) for t in range(3)][-1]]
    t = 3
    warmed_up = time.perf_counter() + min(0.5, window / 2)
    while time.perf_counter() < warmed_up:
        step(t)
        t += 1
    start, cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - start < window:
        losses = step(t + count)
        count += 1
        if count % PORTION == 0:
            [loss.item() for loss in losses]
    took = time.perf_counter() - start
    answer = {"count": count, "ms": took * 1e3, "cpu": time.process_time() - cpu, "losses": third}
    print(json.dumps({**answer, "version": f"PyTorch {torch.__version__}, one thread"}))


main()
