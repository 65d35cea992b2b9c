// dW (I, O) = x (B, I)^T dy (B, O) and db (O) = column sums of dy; columns of x times dy.

const ADDS_UP: bool = true;

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

fn depth() -> u32 {
    return shape.rows;
}

fn left_vec(group: vec3<u32>, start: u32, lane: u32) -> vec4<f32> {
    let row = start + lane / 16u;
    let i = 16u * group.y + lane % 16u;
    if (row >= shape.rows || i >= shape.x_vecs) {
        return vec4<f32>(0.0);
    }
    return x[group.z * shape.x_step + row * shape.x_vecs + i];
}

fn right_vec(group: vec3<u32>, start: u32, lane: u32) -> vec4<f32> {
    let row = start + lane / 16u;
    let column = 16u * group.x + lane % 16u;
    if (row >= shape.rows || column >= shape.dy_vecs) {
        return vec4<f32>(0.0);
    }
    return dy[group.z * shape.dy_step + row * shape.dy_vecs + column];
}

fn left_terms(rows: u32, terms: u32) -> mat4x4<f32> {
    return transpose(across(0u, rows, terms));
}

fn right_terms(columns: u32, terms: u32) -> mat4x4<f32> {
    return across(RIGHT, columns, terms);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let c = product(group, lane);
    let i = 16u * group.y + lane / 16u;
    let column = 16u * group.x + lane % 16u;
    if (column >= shape.dy_vecs || i >= shape.x_vecs) {
        return;
    }
    let start = group.z * shape.into_step;
    let n = shape.dy_vecs;
    let at = start + shape.weight + 4u * i * n + column;
    into[at] = c.rows[0];
    into[at + n] = c.rows[1];
    into[at + 2u * n] = c.rows[2];
    into[at + 3u * n] = c.rows[3];
    if (i == 0u) {
        into[start + shape.bias + column] = c.sums;
    }
}
