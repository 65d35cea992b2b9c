// The way down of resident steps: all of it lies in the sheet.

override ACTIVATION: u32 = 0u;

@group(0) @binding(0) var<storage, read> shape: Delta;
@group(0) @binding(1) var<storage, read> theta: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> sheet: array<vec4<f32>>;

fn dy_vec(at: u32) -> vec4<f32> {
    return sheet[at];
}

fn leave(at: u32, y: u32, sum: vec4<f32>) {
    sheet[at] = sum * slope(ACTIVATION, sheet[y]);
}
