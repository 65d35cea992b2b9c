// dW (I, O) = x (B, I)^T dy (B, O) and db (O) = column sums of dy; columns of x times dy.

const ADDS_UP: bool = true;

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

fn depth() -> u32 {
    return shape.rows;
}

fn left_vec(group: vec3<u32>, start: u32, lane: u32) -> vec4<f32> {
    let row = start + lane / 16u;
    let i = 16u * group.y + lane % 16u;
    let f = factors(group.z);
    if (row >= shape.rows || i >= f.x_vecs) {
        return vec4<f32>(0.0);
    }
    return x_vec(f.x + row * f.x_vecs + i);
}

fn right_vec(group: vec3<u32>, start: u32, lane: u32) -> vec4<f32> {
    let row = start + lane / 16u;
    let column = 16u * group.x + lane % 16u;
    let f = factors(group.z);
    if (row >= shape.rows || column >= f.dy_vecs) {
        return vec4<f32>(0.0);
    }
    return dy_vec(f.dy + row * f.dy_vecs + column);
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
    let f = factors(group.z);
    if (column >= f.dy_vecs || i >= f.x_vecs) {
        return;
    }
    let n = f.dy_vecs;
    let at = f.weight + 4u * i * n + column;
    leave(f.of_g, at, c.rows[0]);
    leave(f.of_g, at + n, c.rows[1]);
    leave(f.of_g, at + 2u * n, c.rows[2]);
    leave(f.of_g, at + 3u * n, c.rows[3]);
    if (i == 0u) {
        leave(f.of_g, f.bias + column, c.sums);
    }
}
