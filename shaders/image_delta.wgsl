// dx (R, pixels, C) from dy (R, pooled pixels, F) through the filters and the pooling of a convolution, o activation'
// of the layer below; row r of the stack meets row r mod B of what was taken and of below.
//
// One invocation computes one vec of dx: for every pixel the 25 places of a filter that see it, and of each the filters
// whose largest value it was.

struct ImageDelta {
    rows: u32,        // B
    width: u32,       // of the image, in pixels
    channels: u32,    // C
    filters: u32,     // F
    columns: u32,     // of the pooled image
    pixels: u32,      // of the pooled image
    inputs: u32,      // numbers of an image
    dx_vecs: u32,     // of a row of dx
    dy_step: u32,     // numbers from one row of dy to the next
    activation: u32,  // of the layer below
    weight: u32,      // where W begins in theta
    spare_0: u32,
}

@group(0) @binding(0) var<storage, read> shape: ImageDelta;
@group(0) @binding(1) var<storage, read> theta: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> taken: array<f32>;
@group(0) @binding(4) var<storage, read> below: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> dx: array<vec4<f32>>;

// What number i of row `row` of the stack gets.
fn collect(row: u32, i: u32) -> f32 {
    let vecs = (shape.filters + 3u) / 4u;
    let channel = i % shape.channels;
    let pixel = i / shape.channels;
    let pixel_y = pixel / shape.width;
    let pixel_x = pixel % shape.width;
    let lines = shape.pixels / shape.columns;
    let dy_row = row * shape.dy_step;
    let taken_row = row % shape.rows * shape.dy_step;
    var sum = 0.0;
    for (var line = 0u; line < min(5u, pixel_y + 1u); line++) {
        let place_y = pixel_y - line;
        if (place_y >= 2u * lines) {
            continue;
        }
        for (var across = 0u; across < min(5u, pixel_x + 1u); across++) {
            let place_x = pixel_x - across;
            if (place_x >= 2u * shape.columns) {
                continue;
            }
            let corner = f32(place_y % 2u * 2u + place_x % 2u);
            let place = (place_y / 2u * shape.columns + place_x / 2u) * shape.filters;
            let w = shape.weight + ((line * 5u + across) * shape.channels + channel) * vecs;
            for (var f = 0u; f < shape.filters; f++) {
                if (taken[taken_row + place + f] == corner) {
                    sum += dy[dy_row + place + f] * theta[w + f / 4u][f % 4u];
                }
            }
        }
    }
    return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= shape.dx_vecs) {
        return;
    }
    let row = id.z * shape.rows + id.y;
    var values = vec4<f32>(0.0);
    for (var j = 0u; j < 4u; j++) {
        let i = 4u * id.x + j;
        if (i < shape.inputs) {
            values[j] = collect(row, i);
        }
    }
    dx[row * shape.dx_vecs + id.x] = values * slope(shape.activation, below[id.y * shape.dx_vecs + id.x]);
}
