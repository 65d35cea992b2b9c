// dx (R, I) = (dy (R, O) W^T) o activation'(y below (B, I)); rows of dy times rows of W.

const ADDS_UP: bool = false;

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

fn depth() -> u32 {
    return 4u * shape.dy_vecs;
}

fn left_vec(group: vec3<u32>, start: u32, lane: u32) -> vec4<f32> {
    let row = 64u * group.y + lane / 4u;
    let k = start / 4u + lane % 4u;
    if (row >= shape.rows || k >= shape.dy_vecs) {
        return vec4<f32>(0.0);
    }
    return dy_vec(shape.dy + group.z * shape.dy_step + row * shape.dy_vecs + k);
}

fn right_vec(group: vec3<u32>, start: u32, lane: u32) -> vec4<f32> {
    let i = 64u * group.x + lane / 4u;
    let k = start / 4u + lane % 4u;
    if (i >= 4u * shape.dx_vecs || k >= shape.dy_vecs) {
        return vec4<f32>(0.0);
    }
    return theta[shape.weight + group.z * shape.theta_step + i * shape.dy_vecs + k];
}

fn left_terms(rows: u32, terms: u32) -> mat4x4<f32> {
    return along(0u, rows, terms);
}

fn right_terms(columns: u32, terms: u32) -> mat4x4<f32> {
    return transpose(along(RIGHT, columns, terms));
}

fn finish(task: u32, row: u32, column: u32, sum: vec4<f32>) {
    if (row < shape.rows) {
        let y = shape.below + task * shape.below_step + row % shape.below_rows * shape.dx_vecs + column;
        leave(shape.dx + task * shape.dx_step + row * shape.dx_vecs + column, y, sum);
    }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let c = product(group, lane).rows;
    let row = 64u * group.y + lane / 16u * 4u;
    let column = 16u * group.x + lane % 16u;
    if (column >= shape.dx_vecs) {
        return;
    }
    finish(group.z, row, column, c[0]);
    finish(group.z, row + 1u, column, c[1]);
    finish(group.z, row + 2u, column, c[2]);
    finish(group.z, row + 3u, column, c[3]);
}
