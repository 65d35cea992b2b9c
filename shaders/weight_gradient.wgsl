// dW (I, O) = x (B, I)^T dy (B, O) and db (O) = column sums of dy, for each stacked task.
//
// One invocation computes 8 rows of dW (two vecs of x) by 4 vecs in registers; the sum runs over the batch.

override LANES: u32 = 16u;

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

@group(0) @binding(0) var<uniform> shape: WeightGradient;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> into: array<vec4<f32>>;

fn finish(at: u32, column: u32, c: mat4x4<f32>) {
    into[at] = c[0];
    if (column + 1u < shape.dy_vecs) {
        into[at + 1u] = c[1];
    }
    if (column + 2u < shape.dy_vecs) {
        into[at + 2u] = c[2];
    }
    if (column + 3u < shape.dy_vecs) {
        into[at + 3u] = c[3];
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let column_tiles = (shape.dy_vecs + 3u) / 4u;
    let i = id.x / column_tiles * 2u;
    if (i >= shape.x_vecs) {
        return;
    }
    let column = id.x % column_tiles * 4u;
    let last_vec = shape.dy_vecs - 1u;
    let o = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(last_vec))
        + vec4<u32>(id.z * shape.dy_step);
    let into_start = id.z * shape.into_step;
    let x_low = id.z * shape.x_step + i;
    let x_high = id.z * shape.x_step + min(i + 1u, shape.x_vecs - 1u);
    var c0 = mat4x4<f32>();
    var c1 = mat4x4<f32>();
    var c2 = mat4x4<f32>();
    var c3 = mat4x4<f32>();
    var c4 = mat4x4<f32>();
    var c5 = mat4x4<f32>();
    var c6 = mat4x4<f32>();
    var c7 = mat4x4<f32>();
    for (var row = 0u; row < shape.rows; row++) {
        let d = row * shape.dy_vecs;
        let dy_row = mat4x4<f32>(dy[d + o.x], dy[d + o.y], dy[d + o.z], dy[d + o.w]);
        let low = x[x_low + row * shape.x_vecs];
        let high = x[x_high + row * shape.x_vecs];
        c0 += dy_row * low.x;
        c1 += dy_row * low.y;
        c2 += dy_row * low.z;
        c3 += dy_row * low.w;
        c4 += dy_row * high.x;
        c5 += dy_row * high.y;
        c6 += dy_row * high.z;
        c7 += dy_row * high.w;
    }
    let n = shape.dy_vecs;
    let at = into_start + shape.weight + 4u * i * n + column;
    finish(at, column, c0);
    finish(at + n, column, c1);
    finish(at + 2u * n, column, c2);
    finish(at + 3u * n, column, c3);
    if (i + 1u < shape.x_vecs) {
        finish(at + 4u * n, column, c4);
        finish(at + 5u * n, column, c5);
        finish(at + 6u * n, column, c6);
        finish(at + 7u * n, column, c7);
    }
    if (i == 0u) {
        var sums = mat4x4<f32>();
        for (var row = 0u; row < shape.rows; row++) {
            let d = row * n;
            sums += mat4x4<f32>(dy[d + o.x], dy[d + o.y], dy[d + o.z], dy[d + o.w]);
        }
        finish(into_start + shape.bias + column, column, sums);
    }
}
