// The weights of runs that go together and have the same method: one invocation decides for a run.
//
// Behind what balance/common.wgsl has for all and the method's own `weigh`; `tally` and `ring` begin where the run's
// own parts do.

const LANES: u32 = 4u;
// Where steps.wgsl says which step of this call it has begun.
const BEGUN: u32 = 35u;

struct Choice {
    tasks: u32,        // K
    loss_parts: u32,
    loss_factor: f32,
    stride: u32,
    steps_per_epoch: u32,
    after: u32,
    stream: u32,       // of the random numbers
    tally_step: u32,   // numbers from one run to the next
    ring_step: u32,
    products_at: u32,  // where the parts of M begin in the tally: (K, K, parts)
    parts: u32,
    count: u32,        // runs with this method
    counts: u32,       // 1: what is decided here is the last of the step
    spare_0: u32,
    spare_1: u32,
    spare_2: u32,
    scales: array<vec4<f32>, 4>,
    // Of every run with this method: which it is, its seed, 1 where heads keep their own gradient, nothing; its
    // settings; and (16) each as balance/common.wgsl has them.
    runs: array<vec4<u32>, 32>,
    settings: array<vec4<f32>, 32>,
    preferences: array<vec4<f32>, 128>,
    floors: array<vec4<f32>, 128>,
}

@group(0) @binding(0) var<storage, read> shape: Choice;
@group(0) @binding(1) var<storage, read> schedule: array<vec4<f32>>;
// How many steps of this call have their weights, and which step of the run is the first of them.
@group(0) @binding(2) var<storage, read_write> progress: array<u32>;
@group(0) @binding(3) var<storage, read_write> tally: array<f32>;
@group(0) @binding(4) var<storage, read_write> ring: array<f32>;

// Which of those with this method.
var<private> number: u32;
// Where the run's own parts begin.
var<private> tally_at: u32;
var<private> run_ring: u32;

fn stream_key() -> vec2<u32> {
    return vec2<u32>(shape.runs[number].y, shape.stream);
}

fn settings() -> vec4<f32> {
    return shape.settings[number];
}

fn preference(i: u32) -> f32 {
    return shape.preferences[4u * number + i / 4u][i % 4u];
}

fn floor_of(i: u32) -> f32 {
    return shape.floors[4u * number + i / 4u][i % 4u];
}

fn has_plain_heads() -> bool {
    return shape.runs[number].z == 1u;
}

fn product_of_rows(pair: u32) -> f32 {
    var sum = 0.0;
    for (var part = 0u; part < shape.parts; part++) {
        sum += tally[shape.products_at + pair * shape.parts + part];
    }
    return sum;
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    number = id.x;
    if (number >= shape.count) {
        return;
    }
    let run = shape.runs[number].x;
    tally_at = run * shape.tally_step;
    run_ring = run * shape.ring_step;
    n_tasks = shape.tasks;
    let t = u32(tally[BEGUN]);
    step = progress[1] + t;
    decide(schedule[t], t * shape.stride, true);
    if (number == 0u && shape.counts == 1u) {
        progress[0] = t + 1u;
    }
}
