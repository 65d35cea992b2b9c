// y (N, T, B, O) = activation(x (N, T or 1, B, I) W + b) at N points of a plane, where W and b are theta + x u + y v.
//
// The parameters of a point exist nowhere but in registers: an invocation computes 8 rows by 4 vecs, as in dense.wgsl,
// and makes every weight from three when it needs it, once for 8 rows.

override LANES: u32 = 16u;

struct DenseAt {
    rows: u32,        // B
    x_vecs: u32,      // of a row of x
    y_vecs: u32,      // of a row of y
    activation: u32,
    weight: u32,      // where W begins in theta
    bias: u32,        // where b begins in theta
    theta_step: u32,  // from one task's W to the next one's
    total: u32,       // from theta to u, and from u to v
    tasks: u32,       // T
    x_node: u32,      // from one point's x to the next one's
    x_task: u32,      // from one task's x to the next one's
    spare_0: u32,
}

@group(0) @binding(0) var<storage, read> shape: DenseAt;
@group(0) @binding(1) var<storage, read> places: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> vectors: array<vec4<f32>>;  // theta, u and v
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;

fn parameter(place: vec2<f32>, at: u32) -> vec4<f32> {
    return vectors[at] + place.x * vectors[at + shape.total] + place.y * vectors[at + 2u * shape.total];
}

fn parameters(place: vec2<f32>, start: u32, o: vec4<u32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        parameter(place, start + o.x),
        parameter(place, start + o.y),
        parameter(place, start + o.z),
        parameter(place, start + o.w),
    );
}

fn finish(layer: u32, row: u32, column: u32, c: mat4x4<f32>, b: mat4x4<f32>) {
    if (row >= shape.rows) {
        return;
    }
    let at = (layer * shape.rows + row) * shape.y_vecs + column;
    y[at] = activate(shape.activation, c[0] + b[0]);
    if (column + 1u < shape.y_vecs) {
        y[at + 1u] = activate(shape.activation, c[1] + b[1]);
    }
    if (column + 2u < shape.y_vecs) {
        y[at + 2u] = activate(shape.activation, c[2] + b[2]);
    }
    if (column + 3u < shape.y_vecs) {
        y[at + 3u] = activate(shape.activation, c[3] + b[3]);
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let column_tiles = (shape.y_vecs + 3u) / 4u;
    let row = id.x / column_tiles * 8u;
    if (row >= shape.rows) {
        return;
    }
    let column = id.x % column_tiles * 4u;
    let node = id.z / shape.tasks;
    let task = id.z % shape.tasks;
    let place = places[node];
    // A tile over the edge repeats the last row and vec; what it computes there is not stored.
    let last_row = shape.rows - 1u;
    let last_vec = shape.y_vecs - 1u;
    let o = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(last_vec));
    let x_start = node * shape.x_node + task * shape.x_task;
    let x0 = x_start + min(row + 0u, last_row) * shape.x_vecs;
    let x1 = x_start + min(row + 1u, last_row) * shape.x_vecs;
    let x2 = x_start + min(row + 2u, last_row) * shape.x_vecs;
    let x3 = x_start + min(row + 3u, last_row) * shape.x_vecs;
    let x4 = x_start + min(row + 4u, last_row) * shape.x_vecs;
    let x5 = x_start + min(row + 5u, last_row) * shape.x_vecs;
    let x6 = x_start + min(row + 6u, last_row) * shape.x_vecs;
    let x7 = x_start + min(row + 7u, last_row) * shape.x_vecs;
    var w = shape.weight + task * shape.theta_step;
    var c0 = mat4x4<f32>();
    var c1 = mat4x4<f32>();
    var c2 = mat4x4<f32>();
    var c3 = mat4x4<f32>();
    var c4 = mat4x4<f32>();
    var c5 = mat4x4<f32>();
    var c6 = mat4x4<f32>();
    var c7 = mat4x4<f32>();
    for (var k = 0u; k < shape.x_vecs; k++) {
        let a0 = x[x0 + k];
        let a1 = x[x1 + k];
        let a2 = x[x2 + k];
        let a3 = x[x3 + k];
        let a4 = x[x4 + k];
        let a5 = x[x5 + k];
        let a6 = x[x6 + k];
        let a7 = x[x7 + k];
        let w_x = parameters(place, w, o);
        w += shape.y_vecs;
        c0 += w_x * a0.x;
        c1 += w_x * a1.x;
        c2 += w_x * a2.x;
        c3 += w_x * a3.x;
        c4 += w_x * a4.x;
        c5 += w_x * a5.x;
        c6 += w_x * a6.x;
        c7 += w_x * a7.x;
        let w_y = parameters(place, w, o);
        w += shape.y_vecs;
        c0 += w_y * a0.y;
        c1 += w_y * a1.y;
        c2 += w_y * a2.y;
        c3 += w_y * a3.y;
        c4 += w_y * a4.y;
        c5 += w_y * a5.y;
        c6 += w_y * a6.y;
        c7 += w_y * a7.y;
        let w_z = parameters(place, w, o);
        w += shape.y_vecs;
        c0 += w_z * a0.z;
        c1 += w_z * a1.z;
        c2 += w_z * a2.z;
        c3 += w_z * a3.z;
        c4 += w_z * a4.z;
        c5 += w_z * a5.z;
        c6 += w_z * a6.z;
        c7 += w_z * a7.z;
        let w_w = parameters(place, w, o);
        w += shape.y_vecs;
        c0 += w_w * a0.w;
        c1 += w_w * a1.w;
        c2 += w_w * a2.w;
        c3 += w_w * a3.w;
        c4 += w_w * a4.w;
        c5 += w_w * a5.w;
        c6 += w_w * a6.w;
        c7 += w_w * a7.w;
    }
    let b = parameters(place, shape.bias + task * shape.theta_step, o);
    finish(id.z, row + 0u, column, c0, b);
    finish(id.z, row + 1u, column, c1, b);
    finish(id.z, row + 2u, column, c2, b);
    finish(id.z, row + 3u, column, c3, b);
    finish(id.z, row + 4u, column, c4, b);
    finish(id.z, row + 5u, column, c5, b);
    finish(id.z, row + 6u, column, c6, b);
    finish(id.z, row + 7u, column, c7, b);
}
