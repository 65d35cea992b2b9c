// dW (I, O) = x (B, I)^T dy (B, O) and db (O) = column sums of dy, for each stacked task.
//
// One invocation computes 16 rows of dW (four vecs of x) by 4 vecs, as in dense.wgsl; the sum runs over the batch, four
// of its rows at once.

override LANES: u32 = 16u;

struct Factors {
    x: u32,
    x_vecs: u32,
    dy: u32,
    dy_vecs: u32,
    weight: u32,  // where dW begins
    bias: u32,    // where db begins
    of_g: u32,    // 1: in G, in resident steps
}

// Where values lie; resident steps have them elsewhere.

struct WeightGradient {
    rows: u32,       // B
    x_vecs: u32,     // of a row of x
    dy_vecs: u32,    // of a row of dy
    weight: u32,     // where dW begins in the gradient
    bias: u32,       // where db begins in the gradient
    x_step: u32,
    dy_step: u32,
    into_step: u32,  // from one task's gradient to the next one's
}

@group(0) @binding(0) var<storage, read> shape: WeightGradient;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> into: array<vec4<f32>>;

fn factors(task: u32) -> Factors {
    let start = task * shape.into_step;
    return Factors(
        task * shape.x_step,
        shape.x_vecs,
        task * shape.dy_step,
        shape.dy_vecs,
        start + shape.weight,
        start + shape.bias,
        0u,
    );
}

fn x_vec(at: u32) -> vec4<f32> {
    return x[at];
}

fn dy_vec(at: u32) -> vec4<f32> {
    return dy[at];
}

fn leave(of_g: u32, at: u32, sum: vec4<f32>) {
    into[at] = sum;
}

// What is computed.

fn finish(f: Factors, at: u32, column: u32, c: mat4x4<f32>) {
    leave(f.of_g, at, c[0]);
    if (column + 1u < f.dy_vecs) {
        leave(f.of_g, at + 1u, c[1]);
    }
    if (column + 2u < f.dy_vecs) {
        leave(f.of_g, at + 2u, c[2]);
    }
    if (column + 3u < f.dy_vecs) {
        leave(f.of_g, at + 3u, c[3]);
    }
}

// Vecs of four rows of x, each times its factor, as four columns of x.
fn columns_of_x(at: vec4<u32>, by: vec4<f32>) -> mat4x4<f32> {
    return transpose(mat4x4<f32>(by.x * x_vec(at.x), by.y * x_vec(at.y), by.z * x_vec(at.z), by.w * x_vec(at.w)));
}

fn rows_of_dy(at: vec4<u32>) -> mat4x4<f32> {
    return mat4x4<f32>(dy_vec(at.x), dy_vec(at.y), dy_vec(at.z), dy_vec(at.w));
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let f = factors(id.z);
    let column_tiles = (f.dy_vecs + 3u) / 4u;
    let i = id.x / column_tiles * 4u;
    if (i >= f.x_vecs) {
        return;
    }
    let column = id.x % column_tiles * 4u;
    let last_vec = f.dy_vecs - 1u;
    let o = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(last_vec))
        + vec4<u32>(f.dy);
    let x0 = f.x + min(i + 0u, f.x_vecs - 1u);
    let x1 = f.x + min(i + 1u, f.x_vecs - 1u);
    let x2 = f.x + min(i + 2u, f.x_vecs - 1u);
    let x3 = f.x + min(i + 3u, f.x_vecs - 1u);
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
    for (var row = 0u; row < shape.rows; row += 4u) {
        let four = vec4<u32>(row, row + 1u, row + 2u, row + 3u);
        let r = min(four, vec4<u32>(shape.rows - 1u));
        let on = select(vec4<f32>(0.0), vec4<f32>(1.0), four < vec4<u32>(shape.rows));
        let l = r * f.x_vecs;
        let d = r * f.dy_vecs;
        let v0 = columns_of_x(l + x0, on);
        let v1 = columns_of_x(l + x1, on);
        let v2 = columns_of_x(l + x2, on);
        let v3 = columns_of_x(l + x3, on);
        let d_x = rows_of_dy(d + o.x);
        c0[0] += d_x * v0[0];
        c1[0] += d_x * v0[1];
        c2[0] += d_x * v0[2];
        c3[0] += d_x * v0[3];
        c4[0] += d_x * v1[0];
        c5[0] += d_x * v1[1];
        c6[0] += d_x * v1[2];
        c7[0] += d_x * v1[3];
        c8[0] += d_x * v2[0];
        c9[0] += d_x * v2[1];
        c10[0] += d_x * v2[2];
        c11[0] += d_x * v2[3];
        c12[0] += d_x * v3[0];
        c13[0] += d_x * v3[1];
        c14[0] += d_x * v3[2];
        c15[0] += d_x * v3[3];
        let d_y = rows_of_dy(d + o.y);
        c0[1] += d_y * v0[0];
        c1[1] += d_y * v0[1];
        c2[1] += d_y * v0[2];
        c3[1] += d_y * v0[3];
        c4[1] += d_y * v1[0];
        c5[1] += d_y * v1[1];
        c6[1] += d_y * v1[2];
        c7[1] += d_y * v1[3];
        c8[1] += d_y * v2[0];
        c9[1] += d_y * v2[1];
        c10[1] += d_y * v2[2];
        c11[1] += d_y * v2[3];
        c12[1] += d_y * v3[0];
        c13[1] += d_y * v3[1];
        c14[1] += d_y * v3[2];
        c15[1] += d_y * v3[3];
        let d_z = rows_of_dy(d + o.z);
        c0[2] += d_z * v0[0];
        c1[2] += d_z * v0[1];
        c2[2] += d_z * v0[2];
        c3[2] += d_z * v0[3];
        c4[2] += d_z * v1[0];
        c5[2] += d_z * v1[1];
        c6[2] += d_z * v1[2];
        c7[2] += d_z * v1[3];
        c8[2] += d_z * v2[0];
        c9[2] += d_z * v2[1];
        c10[2] += d_z * v2[2];
        c11[2] += d_z * v2[3];
        c12[2] += d_z * v3[0];
        c13[2] += d_z * v3[1];
        c14[2] += d_z * v3[2];
        c15[2] += d_z * v3[3];
        let d_w = rows_of_dy(d + o.w);
        c0[3] += d_w * v0[0];
        c1[3] += d_w * v0[1];
        c2[3] += d_w * v0[2];
        c3[3] += d_w * v0[3];
        c4[3] += d_w * v1[0];
        c5[3] += d_w * v1[1];
        c6[3] += d_w * v1[2];
        c7[3] += d_w * v1[3];
        c8[3] += d_w * v2[0];
        c9[3] += d_w * v2[1];
        c10[3] += d_w * v2[2];
        c11[3] += d_w * v2[3];
        c12[3] += d_w * v3[0];
        c13[3] += d_w * v3[1];
        c14[3] += d_w * v3[2];
        c15[3] += d_w * v3[3];
    }
    let n = f.dy_vecs;
    let at = f.weight + 4u * i * n + column;
    if (i + 0u < f.x_vecs) {
        finish(f, at + 0u * n, column, c0);
        finish(f, at + 1u * n, column, c1);
        finish(f, at + 2u * n, column, c2);
        finish(f, at + 3u * n, column, c3);
    }
    if (i + 1u < f.x_vecs) {
        finish(f, at + 4u * n, column, c4);
        finish(f, at + 5u * n, column, c5);
        finish(f, at + 6u * n, column, c6);
        finish(f, at + 7u * n, column, c7);
    }
    if (i + 2u < f.x_vecs) {
        finish(f, at + 8u * n, column, c8);
        finish(f, at + 9u * n, column, c9);
        finish(f, at + 10u * n, column, c10);
        finish(f, at + 11u * n, column, c11);
    }
    if (i + 3u < f.x_vecs) {
        finish(f, at + 12u * n, column, c12);
        finish(f, at + 13u * n, column, c13);
        finish(f, at + 14u * n, column, c14);
        finish(f, at + 15u * n, column, c15);
    }
    if (i == 0u) {
        var sums = mat4x4<f32>();
        for (var row = 0u; row < shape.rows; row++) {
            let d = row * n;
            sums += rows_of_dy(d + o);
        }
        finish(f, f.bias + column, column, sums);
    }
}
