// y (B, O) = activation(x (B, I) W (I, O) + b (O)); rows of x times W.

const ADDS_UP: bool = false;

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

fn depth() -> u32 {
    return 4u * shape.x_vecs;
}

fn left_vec(group: vec3<u32>, start: u32, lane: u32) -> vec4<f32> {
    let row = 64u * group.y + lane / 4u;
    let k = start / 4u + lane % 4u;
    if (row >= shape.rows || k >= shape.x_vecs) {
        return vec4<f32>(0.0);
    }
    return x_vec(x_row(group.z, row) + k);
}

fn right_vec(group: vec3<u32>, start: u32, lane: u32) -> vec4<f32> {
    let i = start + lane / 16u;
    let column = 16u * group.x + lane % 16u;
    if (i >= depth() || column >= shape.y_vecs) {
        return vec4<f32>(0.0);
    }
    return theta[shape.weight + group.z * shape.theta_step + i * shape.y_vecs + column];
}

fn left_terms(rows: u32, terms: u32) -> mat4x4<f32> {
    return along(0u, rows, terms);
}

fn right_terms(columns: u32, terms: u32) -> mat4x4<f32> {
    return across(RIGHT, columns, terms);
}

fn finish(task: u32, row: u32, column: u32, sum: vec4<f32>) {
    if (row < shape.rows) {
        leave(shape.y + task * shape.y_step + row * shape.y_vecs + column, sum);
    }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let c = product(group, lane).rows;
    let row = 64u * group.y + lane / 16u * 4u;
    let column = 16u * group.x + lane % 16u;
    if (column >= shape.y_vecs) {
        return;
    }
    let b = theta[shape.bias + group.z * shape.theta_step + column];
    finish(group.z, row, column, c[0] + b);
    finish(group.z, row + 1u, column, c[1] + b);
    finish(group.z, row + 2u, column, c[2] + b);
    finish(group.z, row + 3u, column, c[3] + b);
}
