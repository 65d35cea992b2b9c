// d = w^T G and the heads' gradients by their weights, and one optimizer step with them; all numbers are the device's.

struct Step {
    vecs: u32,        // of theta
    shared_end: u32,  // vecs of d; what follows are heads
    g_rows: u32,      // K, or 0 where d lies in the gradient already
    rule: u32,
    momentum: f32,
    decay: f32,       // lambda, where lambda theta joins the gradient
    spare_0: f32,
    spare_1: f32,
    head_ends: array<vec4<u32>, 4>,  // (16) behind each head's last vec
}

@group(0) @binding(0) var<storage, read> shape: Step;
@group(0) @binding(1) var<storage, read> g: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> gradient: array<vec4<f32>>;
// (16) w, (16) of the heads, then rate, correction and shrink as update.wgsl has them.
@group(0) @binding(3) var<storage, read> tally: array<f32>;
@group(0) @binding(4) var<storage, read_write> theta: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> first: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> second: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> moved: array<vec4<f32>>;

// Functions that runs/steps.wgsl takes over.

const ADAM: u32 = 1u;

fn move_vec(at: u32) {
    var d = vec4<f32>(0.0);
    if (at >= shape.shared_end) {
        var task = 0u;
        while (task < 15u && at >= shape.head_ends[task / 4u][task % 4u]) {
            task++;
        }
        d = tally[16u + task] * gradient[at];
    } else if (shape.g_rows == 0u) {
        d = gradient[at];
    } else {
        for (var k = 0u; k < shape.g_rows; k++) {
            d += tally[k] * g[k * shape.shared_end + at];
        }
    }
    gradient[at] = d;
    let old = theta[at];
    let slope = d + shape.decay * old;
    var step: vec4<f32>;
    if (shape.rule == ADAM) {
        let m = 0.9 * first[at] + 0.1 * slope;
        let v = 0.999 * second[at] + 0.001 * slope * slope;
        first[at] = m;
        second[at] = v;
        step = -(tally[32] * m / (sqrt(v * tally[33]) + 1e-8) + tally[34] * old);
    } else {
        let v = shape.momentum * first[at] + slope;
        first[at] = v;
        step = -(tally[32] * v);
    }
    moved[at] = step;
    theta[at] = old + step;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var at = id.x; at < shape.vecs; at += groups.x * 64u) {
        move_vec(at);
    }
}
