// Mean loss (K) over the batch of outputs z (K, B, C), and dz = scale_k dL_k/dz; one workgroup a task.

const SOFTMAX_CROSS_ENTROPY: u32 = 0u;
const BINARY_CROSS_ENTROPY: u32 = 1u;
const LANE_COUNT: u32 = 64u;

struct Loss {
    rows: u32,     // B
    outputs: u32,  // C
    width: u32,    // numbers in a padded row of z
    kind: u32,
    first: u32,    // the task of the first layer of the stack
    spare_0: u32,
    spare_1: u32,
    spare_2: u32,
    scales: array<vec4<f32>, 4>,  // (16) by task
}

@group(0) @binding(0) var<storage, read> shape: Loss;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read_write> dz: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;

var<workgroup> sums: array<f32, LANE_COUNT>;

// -log softmax(z)[class], and its gradient into dz.
fn softmax_cross_entropy(at: u32, class_index: u32, factor: f32) -> f32 {
    var top = z[at];
    for (var c = 1u; c < shape.outputs; c++) {
        top = max(top, z[at + c]);
    }
    var sum = 0.0;
    for (var c = 0u; c < shape.outputs; c++) {
        let e = exp(z[at + c] - top);
        dz[at + c] = e;
        sum += e;
    }
    let scaled = factor / sum;
    for (var c = 0u; c < shape.outputs; c++) {
        dz[at + c] = dz[at + c] * scaled - select(0.0, factor, c == class_index);
    }
    return log(sum) - (z[at + class_index] - top);
}

// log(1 + e^z) - y z, written so that neither end overflows.
fn binary_cross_entropy(at: u32, y: f32, factor: f32) -> f32 {
    let logit = z[at];
    let small = exp(-abs(logit));
    let low = small / (1.0 + small);
    dz[at] = factor * (select(1.0 - low, low, logit < 0.0) - y);
    return max(logit, 0.0) - y * logit + log(1.0 + small);
}

fn squared_error(at: u32, y: f32, factor: f32) -> f32 {
    let off = z[at] - y;
    dz[at] = factor * 2.0 * off;
    return off * off;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let task = shape.first + group.z;
    let factor = shape.scales[task / 4u][task % 4u] / f32(shape.rows);
    var sum = 0.0;
    for (var row = lane; row < shape.rows; row += LANE_COUNT) {
        let at = (group.z * shape.rows + row) * shape.width;
        let y = targets[task * shape.rows + row];
        if (shape.kind == SOFTMAX_CROSS_ENTROPY) {
            sum += softmax_cross_entropy(at, u32(y), factor);
        } else if (shape.kind == BINARY_CROSS_ENTROPY) {
            sum += binary_cross_entropy(at, y, factor);
        } else {
            sum += squared_error(at, y, factor);
        }
        for (var c = shape.outputs; c < shape.width; c++) {
            dz[at + c] = 0.0;
        }
    }
    sums[lane] = sum;
    workgroupBarrier();
    if (lane == 0u) {
        var total = 0.0;
        for (var i = 0u; i < LANE_COUNT; i++) {
            total += sums[i];
        }
        losses[task] = total / f32(shape.rows);
    }
}
