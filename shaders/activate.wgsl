// y (n) = activation(x (n)), for activations whose slope needs their inputs, which therefore stay.

struct Activate {
    vecs: u32,  // n
    activation: u32,
    spare_0: u32,
    spare_1: u32,
}

@group(0) @binding(0) var<storage, read> shape: Activate;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= shape.vecs) {
        return;
    }
    y[id.x] = activate(shape.activation, x[id.x]);
}
