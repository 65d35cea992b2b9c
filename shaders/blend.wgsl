// y (K, n) <- keep_k y_k + add_k x_k by rows; one row a layer of the dispatch's y.

struct Blend {
    vecs: u32,     // n
    x_start: u32,  // where the rows begin
    y_start: u32,
    spare_0: u32,
    keep: array<vec4<f32>, 4>,  // (16)
    add: array<vec4<f32>, 4>,   // (16)
}

@group(0) @binding(0) var<storage, read> shape: Blend;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= shape.vecs) {
        return;
    }
    let k = id.y;
    let at = k * shape.vecs + id.x;
    let to = shape.y_start + at;
    y[to] = shape.keep[k / 4u][k % 4u] * y[to] + shape.add[k / 4u][k % 4u] * x[shape.x_start + at];
}
