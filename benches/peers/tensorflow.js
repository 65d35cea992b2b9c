// The workload in TensorFlow.js: as its guides write it, and as fast as we know how to.

import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgpu";
import { offer } from "./timing.js";
import { BATCHES, cyclic, problem, targetBatches } from "./workload.js";

/** `idiomatic`, `loop` or `batched`. */
let style;
/** The wasm backend leaves its fast product where an operand is to be transposed, so that is done beforehand. */
let transposesFirst;

async function start(backend, chosen) {
  style = chosen;
  transposesFirst = backend === "wasm";
  if (backend === "wasm") setWasmPaths("/peers/@tensorflow/tfjs-backend-wasm/dist/");
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend ${backend} here`);
  await tf.ready();
  return `TensorFlow.js ${tf.version_core}`;
}

function swapped(a) {
  return a.rank === 3 ? tf.transpose(a, [0, 2, 1]) : tf.transpose(a);
}

/** AᵀB. */
function transposedTimes(a, b) {
  return transposesFirst ? tf.matMul(swapped(a), b) : tf.matMul(a, b, true, false);
}

/** ABᵀ. */
function timesTransposed(a, b) {
  return transposesFirst ? tf.matMul(a, swapped(b)) : tf.matMul(a, b, false, true);
}

async function open(size, mode) {
  const parts = problem(size);
  const { D, H, K, C, B } = parts;
  const shapes = [[D, H], [H], [H, H], [H]];
  const shared = [parts.W1, new Float32Array(H), parts.W2, new Float32Array(H)].map((values, idx) =>
    tf.variable(tf.tensor(values, shapes[idx])),
  );
  const x = Array.from({ length: BATCHES }, (_, batch) =>
    tf.tensor2d(parts.x.subarray(batch * B * D, (batch + 1) * B * D), [B, D]),
  );
  const y = targetBatches(parts).map((values) => tf.tensor3d(values, [K, B, C]));
  const adam = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  const model = (style === "idiomatic" ? idiomatic : expert)(parts, shared, y);
  let losses = null;

  function keep(fresh) {
    losses?.dispose();
    losses = fresh;
  }

  /** Gradients by name of every variable, from w (K) and what a step found. */
  function combined({ rows, heads }, weights) {
    const w = tf.tensor2d(weights, [1, K]);
    const gradients = { ...heads };
    shared.forEach((variable, idx) => {
      gradients[variable.name] = tf.matMul(w, rows[idx]).reshape(shapes[idx]);
    });
    return gradients;
  }

  function plainStep(batch) {
    tf.tidy(() => {
      const found = model.plain(x[batch], batch);
      adam.applyGradients(found.gradients);
      keep(tf.keep(found.losses));
    });
  }

  async function projectedStep(batch) {
    const found = tf.tidy(() => {
      const { losses, rows, heads } = model.perTask(x[batch], batch);
      const gramian = tf.addN(rows.map((row) => timesTransposed(row, row)));
      return { losses, rows, heads, gramian };
    });
    keep(found.losses);
    // Reading without a promise is faster where the backend can.
    const gramian = tf.getBackend() === "webgpu" ? await found.gramian.data() : found.gramian.dataSync();
    tf.tidy(() => adam.applyGradients(combined(found, cyclic(gramian, K))));
    tf.dispose([found.rows, found.heads, found.gramian]);
  }

  return {
    step: (t) => (mode === "ew" ? plainStep : projectedStep)(t % BATCHES),
    losses: () => losses.data(),
    drain: () => shared[1].data(),
    dispose() {
      tf.dispose([...shared, ...model.variables, ...x, ...y, model.held, losses]);
      adam.dispose();
    },
  };
}

/** One call of `variableGrads` a task, each with its own forward pass. */
function idiomatic({ H, K, C, V }, [W1, b1, W2, b2], y) {
  const heads = Array.from({ length: K }, (_, k) => [
    tf.variable(tf.tensor2d(V.subarray(k * H * C, (k + 1) * H * C), [H, C])),
    tf.variable(tf.zeros([C])),
  ]);
  const held = y.map((all) => tf.unstack(all));
  const shared = [W1, b1, W2, b2];
  const represent = (x) => {
    const h1 = tf.relu(tf.add(tf.matMul(x, W1), b1));
    return tf.relu(tf.add(tf.matMul(h1, W2), b2));
  };
  const loss = (h, k, batch) => {
    const z = tf.add(tf.matMul(h, heads[k][0]), heads[k][1]);
    const measure = C === 1 ? tf.losses.meanSquaredError : tf.losses.softmaxCrossEntropy;
    return measure(held[batch][k], z);
  };
  return {
    variables: heads.flat(),
    held,
    plain(x, batch) {
      let each;
      const { grads } = tf.variableGrads(() => {
        const h = represent(x);
        each = heads.map((_, k) => tf.keep(loss(h, k, batch)));
        return tf.addN(each);
      }, [...shared, ...heads.flat()]);
      const losses = tf.stack(each);
      tf.dispose(each);
      return { losses, gradients: grads };
    },
    perTask(x, batch) {
      const found = heads.map((head, k) => tf.variableGrads(() => loss(represent(x), k, batch), [...shared, ...head]));
      const own = heads.flatMap((head, k) => head.map((variable) => [variable.name, found[k].grads[variable.name]]));
      return {
        losses: tf.stack(found.map(({ value }) => value)),
        rows: shared.map((variable) => tf.stack(found.map(({ grads }) => grads[variable.name].reshape([-1])))),
        heads: Object.fromEntries(own),
      };
    },
  };
}

/** One forward pass for all tasks and a backward pass by hand: a loop over tasks, or all tasks as one batch. */
function expert({ D, H, K, C, B, V: heads }, [W1, b1, W2, b2], y) {
  const V = tf.variable(tf.tensor3d(heads, [K, H, C]));
  const c = tf.variable(tf.zeros([K, 1, C]));
  const forward = (x, batch) => {
    const h1 = tf.fused.matMul({ a: x, b: W1, bias: b1, activation: "relu" });
    const h2 = tf.fused.matMul({ a: h1, b: W2, bias: b2, activation: "relu" });
    const z = tf.add(tf.matMul(tf.expandDims(h2, 0), V), c);
    let losses, dz;
    if (C === 1) {
      const off = tf.sub(z, y[batch]);
      losses = tf.mean(tf.square(off), [1, 2]);
      dz = tf.mul(off, 2 / B);
    } else {
      const log = tf.sub(z, tf.logSumExp(z, 2, true));
      losses = tf.mul(tf.sum(tf.mul(log, y[batch]), [1, 2]), -1 / B);
      dz = tf.mul(tf.sub(tf.exp(log), y[batch]), 1 / B);
    }
    const own = { [V.name]: transposedTimes(tf.expandDims(h2, 0), dz), [c.name]: tf.sum(dz, 1, true) };
    return { h1, losses, dz, own, on1: tf.step(h1), on2: tf.step(h2) };
  };
  const oneByOne = (x, { h1, dz, on1, on2 }) => {
    const each = [[], [], [], []];
    const [deltas, heads] = [tf.unstack(dz), tf.unstack(V)];
    for (let k = 0; k < K; k++) {
      const d2 = tf.mul(timesTransposed(deltas[k], heads[k]), on2);
      const d1 = tf.mul(timesTransposed(d2, W2), on1);
      each[0].push(transposedTimes(x, d1).reshape([-1]));
      each[1].push(tf.sum(d1, 0));
      each[2].push(transposedTimes(h1, d2).reshape([-1]));
      each[3].push(tf.sum(d2, 0));
    }
    return each.map((rows) => tf.stack(rows));
  };
  const atOnce = (x, { h1, dz, on1, on2 }) => {
    const d2 = tf.mul(timesTransposed(dz, V), tf.expandDims(on2, 0));
    const flat = timesTransposed(d2.reshape([K * B, H]), W2);
    const d1 = tf.mul(flat.reshape([K, B, H]), tf.expandDims(on1, 0));
    const first = transposedTimes(tf.expandDims(x, 0), d1).reshape([K, D * H]);
    const second = transposedTimes(tf.expandDims(h1, 0), d2).reshape([K, H * H]);
    return [first, tf.sum(d1, 1), second, tf.sum(d2, 1)];
  };
  return {
    variables: [V, c],
    held: [],
    plain(x, batch) {
      const { h1, losses, dz, own, on1, on2 } = forward(x, batch);
      const d2 = tf.mul(tf.sum(timesTransposed(dz, V), 0), on2);
      const d1 = tf.mul(timesTransposed(d2, W2), on1);
      const gradients = {
        ...own,
        [W1.name]: transposedTimes(x, d1),
        [b1.name]: tf.sum(d1, 0),
        [W2.name]: transposedTimes(h1, d2),
        [b2.name]: tf.sum(d2, 0),
      };
      return { losses, gradients };
    },
    perTask(x, batch) {
      const found = forward(x, batch);
      const rows = (style === "batched" ? atOnce : oneByOne)(x, found);
      return { losses: found.losses, rows, heads: found.own };
    },
  };
}

async function multiply(n) {
  const [a, b] = [tf.randomUniform([n, n], -1, 1), tf.randomUniform([n, n], -1, 1)];
  let c = null;
  return {
    step() {
      c?.dispose();
      c = tf.matMul(a, b);
    },
    async drain() {
      const corner = tf.slice(c, [0, 0], [1, 1]);
      await corner.data();
      corner.dispose();
    },
    dispose: () => tf.dispose([a, b, c]),
  };
}

offer({ start, open, multiply });
