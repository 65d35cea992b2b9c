// One optimizer step: theta <- theta - lr (what the rule makes of the gradient), and the change itself.

const ADAM: u32 = 1u;
const PARTS: u32 = 64u;

struct Update {
    vecs: u32,          // of theta
    rule: u32,
    norm: u32,          // where the partial sums of the squared gradient length begin, in vecs
    spare_0: u32,
    rate: f32,          // SGD: lr; Adam: lr / (1 - beta1^t)
    correction: f32,    // Adam: 1 / (1 - beta2^t)
    momentum: f32,
    clip: f32,          // largest gradient length, 0 without
    decay: f32,         // lambda, where lambda theta joins the gradient
    shrink: f32,        // lr lambda, where theta shrinks beside the step
    spare_1: f32,
    spare_2: f32,
}

@group(0) @binding(0) var<storage, read> shape: Update;
@group(0) @binding(1) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> theta: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> first: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> second: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> moved: array<vec4<f32>>;

// Factor that shortens the gradient to the clip length where it is longer.
fn gradient_scale() -> f32 {
    if (shape.clip == 0.0) {
        return 1.0;
    }
    var square = vec4<f32>(0.0);
    for (var i = 0u; i < PARTS / 4u; i++) {
        square += partials[shape.norm + i];
    }
    let length = sqrt((square.x + square.y) + (square.z + square.w));
    return select(1.0, shape.clip / length, length > shape.clip);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let scale = gradient_scale();
    for (var at = id.x; at < shape.vecs; at += groups.x * 64u) {
        let old = theta[at];
        let g = scale * gradient[at] + shape.decay * old;
        var step: vec4<f32>;
        if (shape.rule == ADAM) {
            let m = 0.9 * first[at] + 0.1 * g;
            let v = 0.999 * second[at] + 0.001 * g * g;
            first[at] = m;
            second[at] = v;
            step = -(shape.rate * m / (sqrt(v * shape.correction) + 1e-8) + shape.shrink * old);
        } else {
            let v = shape.momentum * first[at] + g;
            first[at] = v;
            step = -(shape.rate * v);
        }
        moved[at] = step;
        theta[at] = old + step;
    }
}
