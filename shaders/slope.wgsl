// y <- one task's own gradient on all of theta: its row of G, its head's gradient, 0 over other heads; with `adaptive`
// every entry times |theta|.

struct Slope {
    vecs: u32,        // of theta
    shared_end: u32,  // vecs of a row of G
    row: u32,         // where the task's row begins
    head_start: u32,
    head_end: u32,    // behind the head's last vec
    adaptive: u32,
    spare_0: u32,
    spare_1: u32,
}

@group(0) @binding(0) var<storage, read> shape: Slope;
@group(0) @binding(1) var<storage, read> g: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> heads: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> theta: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = id.x;
    if (at >= shape.vecs) {
        return;
    }
    var entry = vec4<f32>(0.0);
    if (at < shape.shared_end) {
        entry = g[shape.row + at];
    } else if (at >= shape.head_start && at < shape.head_end) {
        entry = heads[at];
    }
    y[at] = select(entry, abs(theta[at]) * entry, shape.adaptive == 1u);
}
