// dW (5 5 C, F) and db (F) of a pooled convolution from x (B, pixels, C) and dy (B, pooled pixels, F), for each stacked
// task. Of four patches only the one that was taken has a part in a pooled value.
//
// One workgroup sums one vec of one row of dW over batch and pooled pixels: a filter has few weights and many places,
// so places are what there is to share. The row behind the last is db.

const LANES: u32 = 64u;

struct FilterGradient {
    rows: u32,       // B
    width: u32,      // of the image, in pixels
    channels: u32,   // C
    filters: u32,    // F
    columns: u32,    // of the pooled image
    pixels: u32,     // of the pooled image
    x_step: u32,     // numbers from one row of x to the next
    dy_step: u32,    // numbers from one row of dy to the next
    weight: u32,     // where dW begins in the gradient
    bias: u32,       // where db begins in the gradient
    into_step: u32,  // from one task's gradient to the next one's
    spare_0: u32,
}

@group(0) @binding(0) var<storage, read> shape: FilterGradient;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> taken: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> into: array<vec4<f32>>;

var<workgroup> sums: array<vec4<f32>, 64>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let vecs = (shape.filters + 3u) / 4u;
    let i = group.x / vecs;
    let first = group.x % vecs;
    let fan_in = 25u * shape.channels;
    let bias_row = (fan_in + 3u) / 4u * 4u;
    let right = shape.channels;
    let down = shape.width * shape.channels;
    // Where weight i looks from the beginning of a patch.
    let offset = i / (5u * shape.channels) * down + i % (5u * shape.channels);
    var sum = vec4<f32>(0.0);
    if (i < fan_in || i == bias_row) {
        for (var place = lane; place < shape.rows * shape.pixels; place += LANES) {
            let row = place / shape.pixels;
            let pixel = place % shape.pixels;
            let from_row = row * shape.dy_step + pixel * shape.filters;
            let top_left = pixel / shape.columns * 2u * down + pixel % shape.columns * 2u * right;
            let patch_start = row * shape.x_step + top_left + offset;
            for (var j = 0u; j < 4u; j++) {
                let filter_index = 4u * first + j;
                if (filter_index < shape.filters) {
                    let at = from_row + filter_index;
                    let part = dy[group.z * shape.rows * shape.dy_step + at];
                    if (i == bias_row) {
                        sum[j] += part;
                    } else {
                        let corner = u32(taken[at]);
                        sum[j] += part * x[patch_start + corner / 2u * down + corner % 2u * right];
                    }
                }
            }
        }
    }
    sums[lane] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (lane < half) {
            sums[lane] += sums[lane + half];
        }
        workgroupBarrier();
    }
    if (lane == 0u) {
        let start = select(shape.weight + i * vecs, shape.bias, i == bias_row);
        into[group.z * shape.into_step + start + first] = sums[0];
    }
}
