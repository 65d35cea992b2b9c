// Mean losses (N, K) of outputs z (N, T, B, C) of T tasks at N points, no gradients; one workgroup a point and task.

const SOFTMAX_CROSS_ENTROPY: u32 = 0u;
const BINARY_CROSS_ENTROPY: u32 = 1u;
const LANE_COUNT: u32 = 64u;

struct LossAt {
    rows: u32,     // B
    outputs: u32,  // C
    width: u32,    // numbers in a padded row of z
    kind: u32,
    first: u32,    // the first of these tasks
    tasks: u32,    // T
    of_tasks: u32,  // K
    spare_0: u32,
}

@group(0) @binding(0) var<storage, read> shape: LossAt;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;

var<workgroup> sums: array<f32, LANE_COUNT>;

// -log softmax(z)[class].
fn softmax_cross_entropy(at: u32, class_index: u32) -> f32 {
    var top = z[at];
    for (var c = 1u; c < shape.outputs; c++) {
        top = max(top, z[at + c]);
    }
    var sum = 0.0;
    for (var c = 0u; c < shape.outputs; c++) {
        sum += exp(z[at + c] - top);
    }
    return log(sum) - (z[at + class_index] - top);
}

// log(1 + e^z) - y z, written so that neither end overflows.
fn binary_cross_entropy(at: u32, y: f32) -> f32 {
    let logit = z[at];
    return max(logit, 0.0) - y * logit + log(1.0 + exp(-abs(logit)));
}

fn squared_error(at: u32, y: f32) -> f32 {
    let off = z[at] - y;
    return off * off;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let node = group.z / shape.tasks;
    let task = shape.first + group.z % shape.tasks;
    var sum = 0.0;
    for (var row = lane; row < shape.rows; row += LANE_COUNT) {
        let at = (group.z * shape.rows + row) * shape.width;
        let y = targets[task * shape.rows + row];
        if (shape.kind == SOFTMAX_CROSS_ENTROPY) {
            sum += softmax_cross_entropy(at, u32(y));
        } else if (shape.kind == BINARY_CROSS_ENTROPY) {
            sum += binary_cross_entropy(at, y);
        } else {
            sum += squared_error(at, y);
        }
    }
    sums[lane] = sum;
    workgroupBarrier();
    if (lane == 0u) {
        var total = 0.0;
        for (var i = 0u; i < LANE_COUNT; i++) {
            total += sums[i];
        }
        losses[node * shape.of_tasks + task] = total / f32(shape.rows);
    }
}
