// Whole steps of small networks, many in a dispatch: every workgroup trains a run of its own, and needs nobody else.
//
// Behind the functions of ../pass.wgsl, ../gradients.wgsl, ../step.wgsl and a weighting, whose buffers are parts of
// `state`, `tally` and `ring` here; see src/backend/gpu/fleet.rs. Lanes are few, so a barrier costs little.

override LANES: u32 = 4u;

const BLOCK: u32 = 32u;

struct Whole {
    rows: u32,           // B
    x_vecs: u32,         // of a row of the data set
    examples: u32,       // N
    count: u32,          // operations
    sums: u32,           // where the sums of losses begin in the tally, before the update or behind it
    product_count: u32,
    tiles: u32,
    up_count: u32,       // operations without those of the way down
    vecs: u32,           // of theta
    shared_end: u32,
    g_rows: u32,         // K
    rule: u32,
    momentum: f32,
    decay: f32,
    state_step: u32,     // vecs from one run to the next, as all of these
    tally_step: u32,
    ring_step: u32,
    products_at: u32,    // where sums of lanes begin in the tally: (K + 1, K + 1, lanes) at most
    report_at: u32,      // where what an update did begins in a step of the ring
    behind: u32,         // 1: losses behind an update are asked for
    tasks: u32,          // K, and from here on as balance/common.wgsl
    loss_parts: u32,
    loss_factor: f32,
    stride: u32,
    plain_heads: u32,
    steps_per_epoch: u32,
    after: u32,
    stream: u32,         // of the random numbers
    settings: vec4<f32>,
    scales: array<vec4<f32>, 4>,
    preference: array<vec4<f32>, 4>,
    floor: array<vec4<f32>, 4>,
    head_ends: array<vec4<u32>, 4>,
    seeds: array<vec4<u32>, 8>,        // (32) of the runs
    operations: array<vec4<u32>, 384>,
    products: array<vec4<u32>, 256>,
}

@group(0) @binding(0) var<storage, read> shape: Whole;
// Of every run theta, its two moments, the last change, the gradient, (K) rows of G and the sheet.
@group(0) @binding(1) var<storage, read_write> state: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> source_targets: array<f32>;
// Steps, the first of them, 1 where the last moves, 1 where updates are told of; then (runs, steps, B) rows.
@group(0) @binding(4) var<storage, read> order: array<u32>;
@group(0) @binding(5) var<storage, read> schedule: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> tally: array<f32>;
@group(0) @binding(7) var<storage, read_write> ring: array<f32>;

// Where the run's own parts begin.
var<private> theta_at: u32;
var<private> first_at: u32;
var<private> second_at: u32;
var<private> moved_at: u32;
var<private> gradient_at: u32;
var<private> g_at: u32;
var<private> sheet_at: u32;
var<private> tally_at: u32;
var<private> run_ring: u32;
var<private> seed: u32;

fn stream_key() -> vec2<u32> {
    return vec2<u32>(seed, shape.stream);
}

fn product_of_rows(pair: u32) -> f32 {
    var sum = 0.0;
    for (var lane = 0u; lane < LANES; lane++) {
        sum += tally[shape.products_at + pair * LANES + lane];
    }
    return sum;
}

// One lane's part of the product of two vectors of `state`.
fn multiply(a: u32, b: u32, lane: u32) -> f32 {
    var total = 0.0;
    var at = lane;
    while (at < shape.shared_end) {
        // In blocks: a long f32 sum loses digits.
        var block = vec4<f32>(0.0);
        let end = min(at + BLOCK * LANES, shape.shared_end);
        while (at < end) {
            block += state[a + at] * state[b + at];
            at += LANES;
        }
        total += (block.x + block.y) + (block.z + block.w);
    }
    return total;
}

fn find_places(run: u32) {
    theta_at = run * shape.state_step;
    first_at = theta_at + shape.vecs;
    second_at = first_at + shape.vecs;
    moved_at = second_at + shape.vecs;
    gradient_at = moved_at + shape.vecs;
    g_at = gradient_at + shape.vecs;
    sheet_at = g_at + shape.tasks * shape.shared_end;
    tally_at = run * shape.tally_step;
    run_ring = run * shape.ring_step;
    seed = shape.seeds[run / 4u][run % 4u];
    n_tasks = shape.tasks;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    find_places(group.x);
    let k = shape.tasks;
    let steps = order[0];
    let parts = (shape.rows + 7u) / 8u;
    for (var t = 0u; t < steps; t++) {
        let rows_at = 4u + (group.x * steps + t) * shape.rows;
        for (var part = lane; part < parts; part += LANES) {
            sums_at = shape.sums;
            go_through(part, rows_at, true, shape.count);
        }
        storageBarrier();
        for (var tile = lane; tile < shape.tiles; tile += LANES) {
            multiply_tile(tile);
        }
        storageBarrier();
        for (var i = 0u; i < k; i++) {
            for (var j = i; j < k; j++) {
                let sum = multiply(g_at + i * shape.shared_end, g_at + j * shape.shared_end, lane);
                tally[shape.products_at + (i * k + j) * LANES + lane] = sum;
            }
        }
        storageBarrier();
        if (lane == 0u) {
            step = order[1] + t;
            decide(schedule[t], t * shape.stride, true);
        }
        storageBarrier();
        if (t + 1u < steps || order[2] == 1u) {
            for (var at = lane; at < shape.vecs; at += LANES) {
                move_vec(at);
            }
            storageBarrier();
            if (order[3] == 1u) {
                for (var i = 0u; i <= k; i++) {
                    // Behind the rows of G the vectors themselves.
                    let d = select(gradient_at, g_at + i * shape.shared_end, i < k);
                    let change = select(moved_at, g_at + i * shape.shared_end, i < k);
                    tally[shape.products_at + i * LANES + lane] = multiply(d, gradient_at, lane);
                    tally[shape.products_at + (k + 1u + i) * LANES + lane] = multiply(change, moved_at, lane);
                }
                storageBarrier();
                if (lane == 0u) {
                    for (var i = 0u; i < 2u * (k + 1u); i++) {
                        ring[t * shape.stride + shape.report_at + i] = product_of_rows(i);
                    }
                }
            }
            if (shape.behind == 1u) {
                sums_at = shape.after;
                for (var part = lane; part < parts; part += LANES) {
                    go_through(part, rows_at, false, shape.up_count);
                }
            }
            storageBarrier();
        }
    }
}
