// The benchmark's workload as src/bench/workload.rs has it, for engines that JavaScript drives.

export const BATCHES = 4;

/** D inputs, twice H units, K tasks with C outputs each, B rows; losses of the third step in both modes. */
export const SIZES = {
  S: { D: 2, H: 32, K: 2, C: 1, B: 64, ew: [0.993546, 0.854167], pcgrad: [0.993362, 0.854192] },
  M: { D: 784, H: 128, K: 2, C: 10, B: 256, ew: [2.400304, 2.524484], pcgrad: [2.400298, 2.524481] },
  L: {
    D: 784, H: 512, K: 4, C: 10, B: 512,
    ew: [2.406718, 2.417391, 2.429564, 2.504164],
    pcgrad: [2.406724, 2.417338, 2.429406, 2.504229],
  },
  XL: {
    D: 1296, H: 1024, K: 8, C: 10, B: 1024,
    ew: [2.472442, 2.431712, 2.461025, 2.464374, 2.521196, 2.459158, 2.508188, 2.441263],
    pcgrad: [2.47167, 2.43052, 2.46107, 2.46656, 2.52239, 2.45831, 2.50751, 2.44154],
  },
};
export const MODES = ["pcgrad", "ew"];
/** How far losses may be from these, relative. */
export const TOLERANCE = 1e-4;

function mulberry32(a) {
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Numbers in [-bound, bound). */
function drawn(draw, array, bound) {
  return array.map(() => (2 * draw() - 1) * bound);
}

/** Initial weights, rows x (N, D) and targets y (K, N, C): one-hot for classes, values for C = 1. */
export function problem(id) {
  const { D, H, K, C, B } = SIZES[id];
  const N = BATCHES * B;
  let draw = mulberry32(1);
  const weights = (fanIn, units) => drawn(draw, new Float32Array(fanIn * units), Math.sqrt(6 / fanIn));
  const [W1, W2] = [weights(D, H), weights(H, H)];
  const V = new Float32Array(K * H * C);
  for (let k = 0; k < K; k++) V.set(weights(H, C), k * H * C);
  draw = mulberry32(2);
  const x = drawn(draw, new Float32Array(N * D), 1);
  draw = mulberry32(3);
  const y = new Float32Array(K * N * C);
  for (let k = 0; k < K; k++) {
    const teacher = drawn(draw, new Float64Array(D * C), 3 / Math.sqrt(D));
    for (let n = 0; n < N; n++) {
      const scores = new Float64Array(C);
      for (let d = 0; d < D; d++) for (let c = 0; c < C; c++) scores[c] += x[n * D + d] * teacher[d * C + c];
      const at = (k * N + n) * C;
      // The first of equals.
      if (C === 1) y[at] = Math.sin(3 * scores[0]);
      else y[at + scores.indexOf(Math.max(...scores))] = 1;
    }
  }
  return { D, H, K, C, B, N, W1, W2, V, x, y };
}

/** The batches of y (K, N, C) as (K, B, C) each. */
export function targetBatches({ K, C, B, N, y }) {
  return Array.from({ length: BATCHES }, (_, batch) => {
    const part = new Float32Array(K * B * C);
    for (let k = 0; k < K; k++) part.set(y.subarray((k * N + batch * B) * C, (k * N + (batch + 1) * B) * C), k * B * C);
    return part;
  });
}

/** Weights (K) of PCGrad in cyclic order from the Gramian (K, K). */
export function cyclic(gramian, K) {
  const w = new Float32Array(K).fill(1);
  for (let i = 0; i < K; i++) {
    const own = new Float64Array(K);
    own[i] = 1;
    for (let s = 1; s < K; s++) {
      const j = (i + s) % K;
      let product = 0;
      for (let l = 0; l < K; l++) product += own[l] * gramian[l * K + j];
      if (product < 0) {
        const back = product / (gramian[j * K + j] + 1e-12);
        own[j] -= back;
        w[j] -= back;
      }
    }
  }
  return w;
}
