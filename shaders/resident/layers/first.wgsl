// The first layer of resident steps: its x is the step's rows of the data set.

override ACTIVATION: u32 = 0u;
override KEEPS: bool = false;

@group(0) @binding(0) var<storage, read> shape: Dense;
@group(0) @binding(1) var<storage, read> theta: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> source: array<vec4<f32>>;
// (n, B) rows of every step, and which step it is.
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read> progress: array<u32>;
@group(0) @binding(5) var<storage, read_write> sheet: array<vec4<f32>>;

fn x_row(task: u32, row: u32) -> u32 {
    return order[progress[0] * shape.rows + row] * shape.x_vecs;
}

fn x_vec(at: u32) -> vec4<f32> {
    return source[at];
}

fn leave(at: u32, sum: vec4<f32>) {
    if (KEEPS) {
        sheet[at - shape.y + shape.keep] = sum;
    }
    sheet[at] = activate(ACTIVATION, sum);
}
