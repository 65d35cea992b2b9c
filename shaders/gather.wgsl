// x (B, D) = source (N, D) at rows (B), and the targets (K, B) of those rows from (K, N).

struct Gather {
    rows: u32,    // B
    vecs: u32,    // of a row of x
    tasks: u32,   // K
    examples: u32, // N
}

@group(0) @binding(0) var<uniform> shape: Gather;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> source_targets: array<f32>;
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> targets: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let width = shape.vecs + shape.tasks;
    let row = id.x / width;
    if (row >= shape.rows) {
        return;
    }
    let column = id.x % width;
    if (column < shape.vecs) {
        x[row * shape.vecs + column] = source[rows[row] * shape.vecs + column];
    } else {
        let task = column - shape.vecs;
        targets[task * shape.rows + row] = source_targets[task * shape.examples + rows[row]];
    }
}
