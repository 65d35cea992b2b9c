// y (B, O) = activation(x (B, I) W (I, O) + b (O)).
//
// One invocation computes 16 rows by 4 vecs and keeps them: column t of the matrix c<i> is vec t of row i. A matrix of
// four rows of W times a vec of x adds four terms at once, since what is kept does not fit into registers on adapters
// that compute on the CPU and each addition is a load and a store there. No workgroup memory: a barrier costs such an
// adapter more than the loads it spares.

override LANES: u32 = 16u;

struct Dense {
    rows: u32,        // B
    x_vecs: u32,      // of a row of x
    y_vecs: u32,      // of a row of y
    activation: u32,
    weight: u32,      // where W begins in theta
    bias: u32,        // where b begins in theta
    theta_step: u32,  // from one task's W to the next one's
    x_step: u32,
    y_step: u32,
    x: u32,           // where x begins
    y: u32,           // where y begins
    keep: u32,        // where the inputs of the activation stay, in resident steps
}

// Where values lie; resident steps have them elsewhere.

@group(0) @binding(0) var<storage, read> shape: Dense;
@group(0) @binding(1) var<storage, read> theta: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;

fn x_row(task: u32, row: u32) -> u32 {
    return shape.x + task * shape.x_step + row * shape.x_vecs;
}

fn x_vec(at: u32) -> vec4<f32> {
    return x[at];
}

fn leave(at: u32, sum: vec4<f32>) {
    y[at] = activate(shape.activation, sum);
}

// What is computed.

fn finish(task: u32, row: u32, column: u32, c: mat4x4<f32>, b: mat4x4<f32>) {
    if (row >= shape.rows) {
        return;
    }
    let at = shape.y + task * shape.y_step + row * shape.y_vecs + column;
    leave(at, c[0] + b[0]);
    if (column + 1u < shape.y_vecs) {
        leave(at + 1u, c[1] + b[1]);
    }
    if (column + 2u < shape.y_vecs) {
        leave(at + 2u, c[2] + b[2]);
    }
    if (column + 3u < shape.y_vecs) {
        leave(at + 3u, c[3] + b[3]);
    }
}

// Four rows of W from `at`, as the columns of a matrix.
fn four_rows(at: u32) -> mat4x4<f32> {
    let n = shape.y_vecs;
    return mat4x4<f32>(theta[at], theta[at + n], theta[at + 2u * n], theta[at + 3u * n]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let column_tiles = (shape.y_vecs + 3u) / 4u;
    let row = id.x / column_tiles * 16u;
    if (row >= shape.rows) {
        return;
    }
    let column = id.x % column_tiles * 4u;
    // A tile over the edge repeats the last row and vec; what it computes there is not stored.
    let last_row = shape.rows - 1u;
    let last_vec = shape.y_vecs - 1u;
    let o = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(last_vec));
    let x0 = x_row(id.z, min(row + 0u, last_row));
    let x1 = x_row(id.z, min(row + 1u, last_row));
    let x2 = x_row(id.z, min(row + 2u, last_row));
    let x3 = x_row(id.z, min(row + 3u, last_row));
    let x4 = x_row(id.z, min(row + 4u, last_row));
    let x5 = x_row(id.z, min(row + 5u, last_row));
    let x6 = x_row(id.z, min(row + 6u, last_row));
    let x7 = x_row(id.z, min(row + 7u, last_row));
    let x8 = x_row(id.z, min(row + 8u, last_row));
    let x9 = x_row(id.z, min(row + 9u, last_row));
    let x10 = x_row(id.z, min(row + 10u, last_row));
    let x11 = x_row(id.z, min(row + 11u, last_row));
    let x12 = x_row(id.z, min(row + 12u, last_row));
    let x13 = x_row(id.z, min(row + 13u, last_row));
    let x14 = x_row(id.z, min(row + 14u, last_row));
    let x15 = x_row(id.z, min(row + 15u, last_row));
    var w = vec4<u32>(shape.weight + id.z * shape.theta_step) + o;
    var c0 = mat4x4<f32>();
    var c1 = mat4x4<f32>();
    var c2 = mat4x4<f32>();
    var c3 = mat4x4<f32>();
    var c4 = mat4x4<f32>();
    var c5 = mat4x4<f32>();
    var c6 = mat4x4<f32>();
    var c7 = mat4x4<f32>();
    var c8 = mat4x4<f32>();
    var c9 = mat4x4<f32>();
    var c10 = mat4x4<f32>();
    var c11 = mat4x4<f32>();
    var c12 = mat4x4<f32>();
    var c13 = mat4x4<f32>();
    var c14 = mat4x4<f32>();
    var c15 = mat4x4<f32>();
    for (var k = 0u; k < shape.x_vecs; k++) {
        let a0 = x_vec(x0 + k);
        let a1 = x_vec(x1 + k);
        let a2 = x_vec(x2 + k);
        let a3 = x_vec(x3 + k);
        let a4 = x_vec(x4 + k);
        let a5 = x_vec(x5 + k);
        let a6 = x_vec(x6 + k);
        let a7 = x_vec(x7 + k);
        let a8 = x_vec(x8 + k);
        let a9 = x_vec(x9 + k);
        let a10 = x_vec(x10 + k);
        let a11 = x_vec(x11 + k);
        let a12 = x_vec(x12 + k);
        let a13 = x_vec(x13 + k);
        let a14 = x_vec(x14 + k);
        let a15 = x_vec(x15 + k);
        let w_x = four_rows(w.x);
        c0[0] += w_x * a0;
        c1[0] += w_x * a1;
        c2[0] += w_x * a2;
        c3[0] += w_x * a3;
        c4[0] += w_x * a4;
        c5[0] += w_x * a5;
        c6[0] += w_x * a6;
        c7[0] += w_x * a7;
        c8[0] += w_x * a8;
        c9[0] += w_x * a9;
        c10[0] += w_x * a10;
        c11[0] += w_x * a11;
        c12[0] += w_x * a12;
        c13[0] += w_x * a13;
        c14[0] += w_x * a14;
        c15[0] += w_x * a15;
        let w_y = four_rows(w.y);
        c0[1] += w_y * a0;
        c1[1] += w_y * a1;
        c2[1] += w_y * a2;
        c3[1] += w_y * a3;
        c4[1] += w_y * a4;
        c5[1] += w_y * a5;
        c6[1] += w_y * a6;
        c7[1] += w_y * a7;
        c8[1] += w_y * a8;
        c9[1] += w_y * a9;
        c10[1] += w_y * a10;
        c11[1] += w_y * a11;
        c12[1] += w_y * a12;
        c13[1] += w_y * a13;
        c14[1] += w_y * a14;
        c15[1] += w_y * a15;
        let w_z = four_rows(w.z);
        c0[2] += w_z * a0;
        c1[2] += w_z * a1;
        c2[2] += w_z * a2;
        c3[2] += w_z * a3;
        c4[2] += w_z * a4;
        c5[2] += w_z * a5;
        c6[2] += w_z * a6;
        c7[2] += w_z * a7;
        c8[2] += w_z * a8;
        c9[2] += w_z * a9;
        c10[2] += w_z * a10;
        c11[2] += w_z * a11;
        c12[2] += w_z * a12;
        c13[2] += w_z * a13;
        c14[2] += w_z * a14;
        c15[2] += w_z * a15;
        let w_w = four_rows(w.w);
        c0[3] += w_w * a0;
        c1[3] += w_w * a1;
        c2[3] += w_w * a2;
        c3[3] += w_w * a3;
        c4[3] += w_w * a4;
        c5[3] += w_w * a5;
        c6[3] += w_w * a6;
        c7[3] += w_w * a7;
        c8[3] += w_w * a8;
        c9[3] += w_w * a9;
        c10[3] += w_w * a10;
        c11[3] += w_w * a11;
        c12[3] += w_w * a12;
        c13[3] += w_w * a13;
        c14[3] += w_w * a14;
        c15[3] += w_w * a15;
        w += vec4<u32>(4u * shape.y_vecs);
    }
    let bias = shape.bias + id.z * shape.theta_step;
    let b = mat4x4<f32>(theta[bias + o.x], theta[bias + o.y], theta[bias + o.z], theta[bias + o.w]);
    finish(id.z, row + 0u, column, c0, b);
    finish(id.z, row + 1u, column, c1, b);
    finish(id.z, row + 2u, column, c2, b);
    finish(id.z, row + 3u, column, c3, b);
    finish(id.z, row + 4u, column, c4, b);
    finish(id.z, row + 5u, column, c5, b);
    finish(id.z, row + 6u, column, c6, b);
    finish(id.z, row + 7u, column, c7, b);
    finish(id.z, row + 8u, column, c8, b);
    finish(id.z, row + 9u, column, c9, b);
    finish(id.z, row + 10u, column, c10, b);
    finish(id.z, row + 11u, column, c11, b);
    finish(id.z, row + 12u, column, c12, b);
    finish(id.z, row + 13u, column, c13, b);
    finish(id.z, row + 14u, column, c14, b);
    finish(id.z, row + 15u, column, c15, b);
}
