// x (B, D) = source (N, D) at rows (B), and the targets (K, B) of those rows from (K, N).

struct Gather {
    rows: u32,    // B
    vecs: u32,    // of a row of x
    tasks: u32,   // K
    examples: u32, // N
}

@group(0) @binding(0) var<storage, read> shape: Gather;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> source_targets: array<f32>;
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> targets: array<f32>;

const PART: u32 = 8u;  // vecs of a row that one invocation copies

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let parts = (shape.vecs + PART - 1u) / PART;
    let row = id.x / parts;
    if (row >= shape.rows) {
        return;
    }
    let start = id.x % parts * PART;
    let example = rows[row];
    for (var column = start; column < min(start + PART, shape.vecs); column++) {
        x[row * shape.vecs + column] = source[example * shape.vecs + column];
    }
    if (start == 0u) {
        for (var task = 0u; task < shape.tasks; task++) {
            targets[task * shape.rows + row] = source_targets[task * shape.examples + example];
        }
    }
}
