// Steps of small networks, many in a dispatch: every workgroup has a run of its own, and needs nobody else.
//
// Behind the functions of ../pass.wgsl, ../gradients.wgsl and ../step.wgsl, whose buffers are parts of `state` and
// `tally` here. A dispatch ends one step, by the weights that weigh.wgsl left, and goes on to where the next ones are
// needed; see src/backend/gpu/fleet.rs. Lanes are few, so a barrier costs little.

override LANES: u32 = 4u;

const BLOCK: u32 = 32u;
// Where the sums of losses begin in the tally, as balance/common.wgsl has it.
const SUMS: u32 = 256u;
// Where weigh.wgsl learns which step of this call was begun.
const BEGUN: u32 = 35u;

struct Steps {
    rows: u32,           // B
    x_vecs: u32,         // of a row of the data set
    examples: u32,       // N
    count: u32,          // operations
    product_count: u32,
    tiles: u32,
    up_count: u32,       // operations without those of the way down
    vecs: u32,           // of theta
    shared_end: u32,
    g_rows: u32,         // K
    rule: u32,
    momentum: f32,
    decay: f32,
    state_step: u32,     // vecs from one run to the next
    tally_step: u32,     // numbers from one run to the next
    products_at: u32,    // where the lanes' parts of M begin in the tally: (K, K, lanes)
    after: u32,          // where the sums of losses behind an update begin there
    spare_0: u32,
    spare_1: u32,
    spare_2: u32,
    head_ends: array<vec4<u32>, 4>,
    asks_behind: array<vec4<u32>, 8>,  // (32) 1: the run's weighting asks for losses behind an update
    operations: array<vec4<u32>, 384>,
    products: array<vec4<u32>, 256>,
}

@group(0) @binding(0) var<storage, read> shape: Steps;
// Of every run theta, its two moments, the last change, the gradient, (K) rows of G and the sheet.
@group(0) @binding(1) var<storage, read_write> state: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> source_targets: array<f32>;
// How many steps there are, three words that nobody reads, then (runs, steps, B) rows.
@group(0) @binding(4) var<storage, read> order: array<u32>;
// How many of these steps have their weights.
@group(0) @binding(5) var<storage, read> progress: array<u32>;
@group(0) @binding(6) var<storage, read_write> tally: array<f32>;

// Where the run's own parts begin.
var<private> theta_at: u32;
var<private> first_at: u32;
var<private> second_at: u32;
var<private> moved_at: u32;
var<private> gradient_at: u32;
var<private> g_at: u32;
var<private> sheet_at: u32;
var<private> tally_at: u32;

// One lane's parts of the products of rows i and i + 1 of G with rows j and j + 1: each is loaded once for two of them.
// Over the edge the last row stands again, and what is there already is stored.
fn multiply_rows(i: u32, j: u32, lane: u32) {
    let k = shape.g_rows;
    let behind = min(vec2<u32>(i, j) + 1u, vec2<u32>(k - 1u));
    let places = g_at + vec4<u32>(i, behind.x, j, behind.y) * shape.shared_end;
    var totals = vec4<f32>(0.0);
    var at = lane;
    while (at < shape.shared_end) {
        // In blocks: a long f32 sum loses digits.
        var upper = vec4<f32>(0.0);
        var right = vec4<f32>(0.0);
        var left = vec4<f32>(0.0);
        var lower = vec4<f32>(0.0);
        let end = min(at + BLOCK * LANES, shape.shared_end);
        while (at < end) {
            let a = state[places.x + at];
            let b = state[places.y + at];
            let c = state[places.z + at];
            let d = state[places.w + at];
            upper += a * c;
            right += a * d;
            left += b * c;
            lower += b * d;
            at += LANES;
        }
        let one = vec4<f32>(1.0);
        totals += vec4<f32>(dot(upper, one), dot(right, one), dot(left, one), dot(lower, one));
    }
    let first = shape.products_at + lane;
    tally[first + (i * k + j) * LANES] = totals.x;
    tally[first + (i * k + behind.y) * LANES] = totals.y;
    tally[first + (behind.x * k + j) * LANES] = totals.z;
    tally[first + (behind.x * k + behind.y) * LANES] = totals.w;
}

fn find_places(run: u32) {
    theta_at = run * shape.state_step;
    first_at = theta_at + shape.vecs;
    second_at = first_at + shape.vecs;
    moved_at = second_at + shape.vecs;
    gradient_at = moved_at + shape.vecs;
    g_at = gradient_at + shape.vecs;
    sheet_at = g_at + shape.g_rows * shape.shared_end;
    tally_at = run * shape.tally_step;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let run = group.x;
    find_places(run);
    let steps = order[0];
    let t = progress[0];
    let parts = (shape.rows + 7u) / 8u;
    if (t > 0u) {
        for (var at = lane; at < shape.vecs; at += LANES) {
            move_vec(at);
        }
        storageBarrier();
    }
    // Losses behind the update on the rows that it was made of, where they are asked for, then the rows of the next
    // step. In one place: what is called twice is compiled twice.
    let looks_back = t > 0u && shape.asks_behind[run / 4u][run % 4u] == 1u;
    let turns = select(2u, 1u, t == steps);
    for (var turn = select(1u, 0u, looks_back); turn < turns; turn++) {
        let goes_on = turn == 1u;
        let rows_at = 4u + (run * steps + t + turn - 1u) * shape.rows;
        sums_at = select(shape.after, SUMS, goes_on);
        for (var part = lane; part < parts; part += LANES) {
            go_through(part, rows_at, goes_on, select(shape.up_count, shape.count, goes_on));
        }
        storageBarrier();
    }
    if (t == steps) {
        return;
    }
    if (lane == 0u) {
        tally[BEGUN] = f32(t);
    }
    for (var tile = lane; tile < shape.tiles; tile += LANES) {
        multiply_tile(tile);
    }
    storageBarrier();
    for (var i = 0u; i < shape.g_rows; i += 2u) {
        for (var j = i; j < shape.g_rows; j += 2u) {
            multiply_rows(i, j, lane);
        }
    }
}
