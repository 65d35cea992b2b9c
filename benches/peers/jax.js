// The workload in jax-js: one jitted function a step, task gradients by one vector-Jacobian product each.
//
// jax-js counts references: an array that is used again is passed as `.ref`.

import * as jax from "@jax-js/jax";
import { jit, nn, numpy as np, tree, valueAndGrad, vjp } from "@jax-js/jax";
import { offer } from "./timing.js";
import { BATCHES, problem, SIZES, targetBatches } from "./workload.js";

const SHARED = ["W1", "b1", "W2", "b2"];
const ALL = [...SHARED, "V", "c"];

async function start(backend) {
  const devices = await jax.init(backend);
  if (!devices.includes(backend)) throw new Error(`jax-js has no backend ${backend} here`);
  jax.defaultDevice(backend);
  return "jax-js";
}

/** Row k of the unit matrix. */
function unit(K, k) {
  return Array.from({ length: K }, (_, idx) => (idx === k ? 1 : 0));
}

async function open(size, mode) {
  const parts = problem(size);
  const { D, H, K, C, B } = parts;
  const shapes = { W1: [D, H], b1: [H], W2: [H, H], b2: [H], V: [K, H, C], c: [K, 1, C] };
  const array = (values, shape) => np.array(values.slice()).reshape(shape);
  const zeros = () => Object.fromEntries(ALL.map((name) => [name, np.zeros(shapes[name])]));
  const x = Array.from({ length: BATCHES }, (_, batch) =>
    array(parts.x.subarray(batch * B * D, (batch + 1) * B * D), [B, D]),
  );
  const y = targetBatches(parts).map((values) => array(values, [K, B, C]));
  let theta = { ...zeros(), W1: array(parts.W1, [D, H]), W2: array(parts.W2, [H, H]), V: array(parts.V, [K, H, C]) };
  let [first, second] = [zeros(), zeros()];
  let found = null;

  const losses = (p, x, y) => {
    const h1 = nn.relu(np.matmul(x, p.W1).add(p.b1));
    const h2 = nn.relu(np.matmul(h1, p.W2).add(p.b2));
    const z = np.matmul(h2.reshape([1, B, H]), p.V).add(p.c);
    if (C === 1) return np.square(z.sub(y)).mean([1, 2]);
    return nn.logSoftmax(z, 2).mul(y).sum([1, 2]).mul(-1 / B);
  };

  const adam = (theta, gradients, first, second, rate, correction) => {
    const next = [{}, {}, {}];
    for (const name of ALL) {
      const g = gradients[name];
      const m = first[name].mul(0.9).add(g.ref.mul(0.1));
      const v = second[name].mul(0.999).add(np.square(g).mul(0.001));
      const root = np.sqrt(v.ref.mul(correction.ref)).add(1e-8);
      next[0][name] = theta[name].sub(m.ref.mul(rate.ref).div(root));
      next[1][name] = m;
      next[2][name] = v;
    }
    rate.dispose();
    correction.dispose();
    return next;
  };

  const plain = (theta, first, second, x, y, rate, correction) => {
    const both = (p) => {
      const each = losses(p, x, y);
      return [each.ref.sum(), each];
    };
    const [[sum, each], gradients] = valueAndGrad(both, { hasAux: true })(tree.ref(theta));
    sum.dispose();
    return [...adam(theta, gradients, first, second, rate, correction), each];
  };

  /** w (1, K) of PCGrad in cyclic order, all tasks in parallel. */
  const cyclic = (gramian) => {
    let a = np.eye(K);
    const lengths = gramian.ref.mul(np.eye(K)).sum(0).reshape([1, K]);
    for (let s = 1; s < K; s++) {
      const next = np.array(Array.from({ length: K }, (_, i) => unit(K, (i + s) % K)));
      const product = np.matmul(a.ref, gramian.ref).mul(next.ref).sum(1).reshape([K, 1]);
      const length = next.ref.mul(lengths.ref).sum(1).reshape([K, 1]).add(1e-12);
      a = a.sub(np.minimum(product, 0).div(length).mul(next));
    }
    lengths.dispose();
    gramian.dispose();
    return a.sum(0).reshape([1, K]);
  };

  const projected = (theta, first, second, x, y, rate, correction) => {
    const [each, back] = vjp((p) => losses(p, x, y), [tree.ref(theta)]);
    const tasks = Array.from({ length: K }, (_, k) => back(np.array(unit(K, k)))[0]);
    back.dispose?.();
    const gradients = {};
    for (const name of ["V", "c"]) gradients[name] = tasks.map((task) => task[name]).reduce((a, b) => a.add(b));
    const rows = SHARED.map((name) => np.stack(tasks.map((task) => task[name])).reshape([K, -1]));
    const gramian = rows.map((row) => np.matmul(row.ref, row.ref.transpose())).reduce((a, b) => a.add(b));
    const w = cyclic(gramian);
    SHARED.forEach((name, idx) => {
      gradients[name] = np.matmul(w.ref, rows[idx]).reshape(shapes[name]);
    });
    w.dispose();
    return [...adam(theta, gradients, first, second, rate, correction), each];
  };

  const taken = jit(mode === "ew" ? plain : projected);
  // Without a wait its memory outgrows 4 GiB at the largest size.
  const waits = size === Object.keys(SIZES).at(-1);

  return {
    async step(t) {
      const scalar = (value) => np.array(value, { dtype: np.float32 });
      const [rate, correction] = [scalar(1e-3 / (1 - 0.9 ** (t + 1))), scalar(1 / (1 - 0.999 ** (t + 1)))];
      found?.dispose();
      [theta, first, second, found] = taken(theta, first, second, x[t % BATCHES].ref, y[t % BATCHES].ref, rate, correction);
      if (waits) await found.ref.data();
    },
    losses: () => found.ref.data(),
    drain: async () => void (await theta.b1.ref.data()),
    dispose() {
      [theta, first, second].forEach((part) => tree.dispose(part));
      [...x, ...y, found].forEach((part) => part.dispose());
      taken.dispose?.();
    },
  };
}

async function multiply(n) {
  const drawn = () => np.array(Float32Array.from({ length: n * n }, () => 2 * Math.random() - 1)).reshape([n, n]);
  const [a, b] = [drawn(), drawn()];
  const product = jit((a, b) => np.matmul(a, b));
  let c = null;
  return {
    // What is dropped before it was waited for is not always computed; waiting leaves the reference to us.
    async step() {
      c?.dispose();
      c = product(a.ref, b.ref);
      await jax.blockUntilReady(c);
    },
    drain: () => jax.blockUntilReady(c),
    dispose: () => [a, b, c].forEach((part) => part.dispose()),
  };
}

offer({ start, open, multiply });
