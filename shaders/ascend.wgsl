// theta <- saved + (rho / |y|) y, with `adaptive` saved + (rho / |y|) |saved| y; saved itself where y has no length.

const PARTS: u32 = 64u;

struct Ascend {
    vecs: u32,      // of theta
    norm: u32,      // where the partial sums of the squared length of y begin, in vecs
    adaptive: u32,
    rho: f32,
}

@group(0) @binding(0) var<storage, read> shape: Ascend;
@group(0) @binding(1) var<storage, read> y: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> saved: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> theta: array<vec4<f32>>;

fn reach() -> f32 {
    var square = vec4<f32>(0.0);
    for (var i = 0u; i < PARTS / 4u; i++) {
        square += partials[shape.norm + i];
    }
    let length = sqrt((square.x + square.y) + (square.z + square.w));
    if (length > 0.0) {
        return shape.rho / length;
    }
    return 0.0;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = id.x;
    if (at >= shape.vecs) {
        return;
    }
    let origin = saved[at];
    let unit = select(vec4<f32>(1.0), abs(origin), shape.adaptive == 1u);
    theta[at] = origin + reach() * (unit * y[at]);
}
