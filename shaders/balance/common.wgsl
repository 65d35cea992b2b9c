// Put in front of every resident weighting: what it may look at, and what it decides.
//
// One invocation reads the losses and the Gramian, calls the method's `weigh`, and leaves w for the update and the
// record in the ring. K is small, so nothing here is worth a barrier.

struct Weigh {
    tasks: u32,        // K
    loss_parts: u32,   // sums that make a loss
    loss_factor: f32,  // what makes a mean of their sum
    has_gramian: u32,
    stride: u32,       // numbers of a step in the ring
    plain_heads: u32,  // 1: heads keep their own gradient; 0: they get w
    steps_per_epoch: u32,
    after: u32,        // where the sums behind the last update begin in the tally
    key: vec2<u32>,    // of the random stream
    spare_1: vec2<u32>,
    settings: vec4<f32>,              // the method's own
    scales: array<vec4<f32>, 4>,      // (16) of the losses
    preference: array<vec4<f32>, 4>,  // (16)
    floor: array<vec4<f32>, 4>,       // (16) values that the scaled losses never fall below
}

@group(0) @binding(0) var<storage, read> shape: Weigh;
@group(0) @binding(1) var<storage, read> partials: array<vec4<f32>>;
// (n, 4) of every step: rate, correction and shrink of the update, learning rate.
@group(0) @binding(2) var<storage, read> schedule: array<vec4<f32>>;
// The step of this call, and that of the run.
@group(0) @binding(3) var<storage, read_write> progress: array<u32>;
// (16) w, (16) of the heads, rate, correction and shrink; from MEMORY on what the method remembers, 0 at first; then
// (K, parts) sums of losses, and from `after` on those behind the last update, where the method asks for them.
@group(0) @binding(4) var<storage, read_write> tally: array<f32>;
// (n, stride) unscaled losses, w, bits of what moved each row, M, whether it settled.
@group(0) @binding(5) var<storage, read_write> ring: array<f32>;

// Functions that resident/runs/weigh.wgsl takes over.

const PARTS: u32 = 64u;
// What a cosine of rows in f32 may be off by, as in src/balance/gramian.rs.
const NOISE: f32 = 1e-6;
const MEMORY: u32 = 48u;
const SUMS: u32 = 256u;

var<private> n_tasks: u32;
var<private> losses: array<f32, 16>;    // scaled
// (K) scaled, behind the last update on its batch.
var<private> after: array<f32, 16>;
var<private> norms: array<f32, 16>;
var<private> cosines: array<f32, 256>;  // (K, K)
var<private> w: array<f32, 16>;
var<private> moved_by: array<u32, 16>;
var<private> settled: bool = true;
var<private> learning_rate: f32;
var<private> step: u32;

fn cosine(i: u32, j: u32) -> f32 {
    return cosines[i * n_tasks + j];
}

// A standard normal draw, as src/rng.rs makes it of a word (Wichura's AS 241).
fn normal_draw(index: u32) -> f32 {
    let word = philox(vec4<u32>(index / 4u, 0u, step, 0u), stream_key())[index % 4u];
    // The nearer end, so that no digits are lost there.
    let low = word < 0x80000000u;
    let tail = (f32(select(~word, word, low)) + 0.5) * (1.0 / 4294967296.0);
    let q = tail - 0.5;
    var size: f32;
    if (abs(q) <= 0.425) {
        let r = 0.180625 - q * q;
        let top = (((((((2509.0809287 * r + 33430.5755836) * r + 67265.7709270) * r + 45921.9539315) * r
            + 13731.6937655) * r + 1971.5909503) * r + 133.1416679) * r + 3.3871328728);
        let bottom = (((((((5226.4952789 * r + 28729.0857357) * r + 39307.8958001) * r + 21213.7943016) * r
            + 5394.1960214) * r + 687.1870075) * r + 42.3133307) * r + 1.0);
        size = -q * top / bottom;
    } else {
        let r = sqrt(-log(tail)) - 1.6;
        let top = (((((((7.7454501e-4 * r + 0.0227238450) * r + 0.2417807252) * r + 1.2704582525) * r
            + 3.6478483248) * r + 5.7694972215) * r + 4.6303378462) * r + 1.4234371107);
        let bottom = (((((((1.0507501e-9 * r + 5.4759381e-4) * r + 0.0151986666) * r + 0.1481039764) * r
            + 0.6897673350) * r + 1.6763848302) * r + 2.0531916266) * r + 1.0);
        size = top / bottom;
    }
    return select(size, -size, low);
}

// A draw in 0..n by multiply and shift.
fn draw_below(index: u32, n: u32) -> u32 {
    let word = philox(vec4<u32>(index / 4u, 0u, step, 0u), stream_key())[index % 4u];
    return wide_product(word, n).x;
}

// Overwrites w by softmax(w).
fn softmax_of_w() {
    var top = w[0];
    for (var i = 1u; i < n_tasks; i++) {
        top = max(top, w[i]);
    }
    var total = 0.0;
    for (var i = 0u; i < n_tasks; i++) {
        w[i] = exp(w[i] - top);
        total += w[i];
    }
    for (var i = 0u; i < n_tasks; i++) {
        w[i] /= total;
    }
}

fn mean_loss(first: u32, i: u32) -> f32 {
    var sum = 0.0;
    for (var part = 0u; part < shape.loss_parts; part++) {
        sum += tally[first + i * shape.loss_parts + part];
    }
    return sum * shape.loss_factor;
}

// Losses and the Gramian, w by the method, and the record; `plan` is (rate, correction, shrink, learning rate).
fn decide(plan: vec4<f32>, ring_at: u32, has_gramian: bool) {
    learning_rate = plan.w;
    settled = true;
    for (var i = 0u; i < n_tasks; i++) {
        let loss = mean_loss(SUMS, i);
        ring[ring_at + i] = loss;
        let scale = shape.scales[i / 4u][i % 4u];
        losses[i] = loss * scale;
        after[i] = mean_loss(shape.after, i) * scale;
        moved_by[i] = 0u;
    }
    if (has_gramian) {
        read_gramian(ring_at + 3u * n_tasks);
    }
    weigh();
    for (var i = 0u; i < n_tasks; i++) {
        tally[i] = w[i];
        tally[16u + i] = select(w[i], 1.0, has_plain_heads());
        ring[ring_at + n_tasks + i] = w[i];
        ring[ring_at + 2u * n_tasks + i] = f32(moved_by[i]);
    }
    ring[ring_at + 3u * n_tasks + n_tasks * n_tasks] = select(0.0, 1.0, settled);
    tally[32] = plan.x;
    tally[33] = plan.y;
    tally[34] = plan.z;
}

fn read_gramian(ring_at: u32) {
    let k = n_tasks;
    for (var i = 0u; i < k; i++) {
        for (var j = i; j < k; j++) {
            let product = product_of_rows(i * k + j);
            cosines[i * k + j] = product;
            ring[ring_at + i * k + j] = product;
            ring[ring_at + j * k + i] = product;
        }
        norms[i] = sqrt(max(cosines[i * k + i], 0.0));
        cosines[i * k + i] = 1.0;
    }
    for (var i = 0u; i < k; i++) {
        for (var j = i + 1u; j < k; j++) {
            let length = norms[i] * norms[j];
            let cosine = select(0.0, clamp(cosines[i * k + j] / length, -1.0, 1.0), length > 0.0);
            cosines[i * k + j] = cosine;
            cosines[j * k + i] = cosine;
        }
    }
}

// Nothing of what follows is taken over.

fn stream_key() -> vec2<u32> {
    return shape.key;
}

fn settings() -> vec4<f32> {
    return shape.settings;
}

fn preference(i: u32) -> f32 {
    return shape.preference[i / 4u][i % 4u];
}

fn floor_of(i: u32) -> f32 {
    return shape.floor[i / 4u][i % 4u];
}

fn has_plain_heads() -> bool {
    return shape.plain_heads == 1u;
}

fn product_of_rows(pair: u32) -> f32 {
    var sum = vec4<f32>(0.0);
    for (var part = 0u; part < PARTS / 4u; part++) {
        sum += partials[pair * (PARTS / 4u) + part];
    }
    return (sum.x + sum.y) + (sum.z + sum.w);
}

@compute @workgroup_size(1)
fn main() {
    n_tasks = shape.tasks;
    let at = progress[0];
    step = progress[1];
    decide(schedule[at], at * shape.stride, shape.has_gramian == 1u);
    progress[0] = at + 1u;
    progress[1] = step + 1u;
}
