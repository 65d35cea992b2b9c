// y (B, pooled pixels, F) = activation(largest of four (patches of x (B, pixels, C) W (5 5 C, F) + b (F))), and which
// of the four it was.
//
// One invocation computes one vec of filters at the four places of a pooling square; only the largest leaves it. Pixels
// have no padding between them, so images are read by numbers and not by vecs.

struct Convolve {
    rows: u32,        // B
    width: u32,       // of the image, in pixels
    channels: u32,    // C
    filters: u32,     // F
    columns: u32,     // of the pooled image
    pixels: u32,      // of the pooled image
    x_step: u32,      // numbers from one row of x to the next
    y_step: u32,      // numbers from one row of y to the next
    activation: u32,
    weight: u32,      // where W begins in theta
    bias: u32,        // where b begins in theta
    spare_0: u32,
}

@group(0) @binding(0) var<storage, read> shape: Convolve;
@group(0) @binding(1) var<storage, read> theta: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<storage, read_write> taken: array<f32>;

struct Largest {
    top: vec4<f32>,
    corner: vec4<f32>,
}

// The first of equal values stays, and so does a NaN.
fn larger(best: Largest, value: vec4<f32>, corner: f32) -> Largest {
    let takes = !(best.top >= value) & (best.top == best.top);
    return Largest(select(best.top, value, takes), select(best.corner, vec4<f32>(corner), takes));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let vecs = (shape.filters + 3u) / 4u;
    if (id.x >= shape.pixels * vecs) {
        return;
    }
    let pixel = id.x / vecs;
    let first = id.x % vecs;
    let row = id.y;
    let top_left = pixel / shape.columns * 2u * shape.width + pixel % shape.columns * 2u;
    let down = shape.width * shape.channels;
    let right = shape.channels;
    var w = shape.weight + first;
    var a = vec4<f32>(0.0);
    var b = vec4<f32>(0.0);
    var c = vec4<f32>(0.0);
    var d = vec4<f32>(0.0);
    for (var line = 0u; line < 5u; line++) {
        let start = row * shape.x_step + top_left * shape.channels + line * down;
        for (var i = 0u; i < 5u * shape.channels; i++) {
            let at = start + i;
            let weights = theta[w];
            w += vecs;
            a += weights * x[at];
            b += weights * x[at + right];
            c += weights * x[at + down];
            d += weights * x[at + down + right];
        }
    }
    var best = Largest(a, vec4<f32>(0.0));
    best = larger(best, b, 1.0);
    best = larger(best, c, 2.0);
    best = larger(best, d, 3.0);
    var values = activate(shape.activation, best.top + theta[shape.bias + first]);
    let place = row * shape.y_step + pixel * shape.filters;
    for (var j = 0u; j < 4u; j++) {
        let filter_index = 4u * first + j;
        if (filter_index < shape.filters) {
            y[place + filter_index] = values[j];
            taken[place + filter_index] = best.corner[j];
        }
    }
    if (id.x + 1u == shape.pixels * vecs) {
        for (var i = shape.pixels * shape.filters; i < shape.y_step; i++) {
            y[row * shape.y_step + i] = 0.0;
            taken[row * shape.y_step + i] = 0.0;
        }
    }
}
