// dx (R, I) = (dy (R, O) W^T) o activation'(y below (B, I)); row r of the stack meets row r mod B below.
//
// One invocation computes 8 rows by 4 vecs, as in dense.wgsl. A vector times a matrix whose
// columns are four rows of W gives four inner products at once, so W is read along its rows.

override LANES: u32 = 16u;

struct Delta {
    rows: u32,        // R
    below_rows: u32,  // B
    dx_vecs: u32,     // of a row of dx
    dy_vecs: u32,     // of a row of dy
    activation: u32,  // of the layer below
    weight: u32,      // where W begins in theta
    theta_step: u32,  // from one task's W to the next one's
    below_step: u32,
    dy_step: u32,
    dx: u32,          // where dx begins
    dx_step: u32,
    dy: u32,          // where dy begins
    below: u32,       // where y below begins
    spare_0: u32,
    spare_1: u32,
    spare_2: u32,
}

// Where values lie; resident steps have them elsewhere.

@group(0) @binding(0) var<storage, read> shape: Delta;
@group(0) @binding(1) var<storage, read> theta: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> below: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> dx: array<vec4<f32>>;

fn dy_vec(at: u32) -> vec4<f32> {
    return dy[at];
}

fn leave(at: u32, y: u32, sum: vec4<f32>) {
    dx[at] = sum * slope(shape.activation, below[y]);
}

// What is computed.

fn finish(task: u32, row: u32, column: u32, c: mat4x4<f32>) {
    if (row >= shape.rows) {
        return;
    }
    let at = shape.dx + task * shape.dx_step + row * shape.dx_vecs + column;
    let y = shape.below + task * shape.below_step + row % shape.below_rows * shape.dx_vecs + column;
    leave(at, y, c[0]);
    if (column + 1u < shape.dx_vecs) {
        leave(at + 1u, y + 1u, c[1]);
    }
    if (column + 2u < shape.dx_vecs) {
        leave(at + 2u, y + 2u, c[2]);
    }
    if (column + 3u < shape.dx_vecs) {
        leave(at + 3u, y + 3u, c[3]);
    }
}

// Four rows of W from `at`, as the columns of a matrix.
fn four_rows(at: u32) -> mat4x4<f32> {
    let n = shape.dy_vecs;
    return mat4x4<f32>(theta[at], theta[at + n], theta[at + 2u * n], theta[at + 3u * n]);
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let column_tiles = (shape.dx_vecs + 3u) / 4u;
    let row = id.x / column_tiles * 8u;
    if (row >= shape.rows) {
        return;
    }
    let column = id.x % column_tiles * 4u;
    let last_row = shape.rows - 1u;
    let last_vec = shape.dx_vecs - 1u;
    let i = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(last_vec));
    let w = shape.weight + id.z * shape.theta_step + i * (4u * shape.dy_vecs);
    let dy_start = shape.dy + id.z * shape.dy_step;
    let dy0 = dy_start + min(row + 0u, last_row) * shape.dy_vecs;
    let dy1 = dy_start + min(row + 1u, last_row) * shape.dy_vecs;
    let dy2 = dy_start + min(row + 2u, last_row) * shape.dy_vecs;
    let dy3 = dy_start + min(row + 3u, last_row) * shape.dy_vecs;
    let dy4 = dy_start + min(row + 4u, last_row) * shape.dy_vecs;
    let dy5 = dy_start + min(row + 5u, last_row) * shape.dy_vecs;
    let dy6 = dy_start + min(row + 6u, last_row) * shape.dy_vecs;
    let dy7 = dy_start + min(row + 7u, last_row) * shape.dy_vecs;
    var c0 = mat4x4<f32>();
    var c1 = mat4x4<f32>();
    var c2 = mat4x4<f32>();
    var c3 = mat4x4<f32>();
    var c4 = mat4x4<f32>();
    var c5 = mat4x4<f32>();
    var c6 = mat4x4<f32>();
    var c7 = mat4x4<f32>();
    for (var k = 0u; k < shape.dy_vecs; k++) {
        let a0 = dy_vec(dy0 + k);
        let a1 = dy_vec(dy1 + k);
        let a2 = dy_vec(dy2 + k);
        let a3 = dy_vec(dy3 + k);
        let a4 = dy_vec(dy4 + k);
        let a5 = dy_vec(dy5 + k);
        let a6 = dy_vec(dy6 + k);
        let a7 = dy_vec(dy7 + k);
        let w0 = four_rows(w.x + k);
        c0[0] += a0 * w0;
        c1[0] += a1 * w0;
        c2[0] += a2 * w0;
        c3[0] += a3 * w0;
        c4[0] += a4 * w0;
        c5[0] += a5 * w0;
        c6[0] += a6 * w0;
        c7[0] += a7 * w0;
        let w1 = four_rows(w.y + k);
        c0[1] += a0 * w1;
        c1[1] += a1 * w1;
        c2[1] += a2 * w1;
        c3[1] += a3 * w1;
        c4[1] += a4 * w1;
        c5[1] += a5 * w1;
        c6[1] += a6 * w1;
        c7[1] += a7 * w1;
        let w2 = four_rows(w.z + k);
        c0[2] += a0 * w2;
        c1[2] += a1 * w2;
        c2[2] += a2 * w2;
        c3[2] += a3 * w2;
        c4[2] += a4 * w2;
        c5[2] += a5 * w2;
        c6[2] += a6 * w2;
        c7[2] += a7 * w2;
        let w3 = four_rows(w.w + k);
        c0[3] += a0 * w3;
        c1[3] += a1 * w3;
        c2[3] += a2 * w3;
        c3[3] += a3 * w3;
        c4[3] += a4 * w3;
        c5[3] += a5 * w3;
        c6[3] += a6 * w3;
        c7[3] += a7 * w3;
    }
    finish(id.z, row + 0u, column, c0);
    finish(id.z, row + 1u, column, c1);
    finish(id.z, row + 2u, column, c2);
    finish(id.z, row + 3u, column, c3);
    finish(id.z, row + 4u, column, c4);
    finish(id.z, row + 5u, column, c5);
    finish(id.z, row + 6u, column, c6);
    finish(id.z, row + 7u, column, c7);
}
