// y (N, B, H) = activation(origin + x u + y v) at N points (x, y) of a plane: a first layer from its three products.

struct Affine {
    vecs: u32,  // of one product (B, H)
    activation: u32,
    spare_0: u32,
    spare_1: u32,
}

@group(0) @binding(0) var<storage, read> shape: Affine;
@group(0) @binding(1) var<storage, read> places: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> origin: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> along_u: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> along_v: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = id.x;
    if (at >= shape.vecs) {
        return;
    }
    let place = places[id.z];
    let sum = origin[at] + place.x * along_u[at] + place.y * along_v[at];
    y[id.z * shape.vecs + at] = activate(shape.activation, sum);
}
