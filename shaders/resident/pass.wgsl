// A program of layers, losses and gradients for every eight rows of a batch, from the data set down to the first layer.
//
// What a row needs of other rows is nothing but theta, so one invocation takes its rows through all layers and back and
// no dispatch or barrier stands between two of them. It computes 8 rows by 4 vecs in registers, as dense.wgsl and
// delta.wgsl do.

// Few, so that all cores of a software adapter have some of a small batch.
const LANES: u32 = 4u;

struct Pass {
    rows: u32,      // B
    x_vecs: u32,    // of a row of the data set
    examples: u32,  // N
    count: u32,     // operations
    sums: u32,      // where the sums of losses begin in the tally
    gathers: u32,   // 1: x is taken from the data set first
    behind: u32,    // steps that were counted since those rows were picked
    spare_1: u32,
    // Three an operation.
    // ASCEND: (ASCEND, x, vecs of x, y), (vecs of y, weight, bias, activation), (where the activation's inputs stay)
    // JUDGE: (JUDGE, z, vecs of z, C), (task, kind of loss, bits of its scale)
    // DESCEND: (DESCEND, dy, vecs of dy, dx), (vecs of dx, weight, what the slope is told from, activation)
    // MIX: (MIX, first stack, vecs to the next one, where their sum by w goes), (vecs of a row, K)
    operations: array<vec4<u32>, 384>,
}

@group(0) @binding(0) var<storage, read> shape: Pass;
@group(0) @binding(1) var<storage, read> theta: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> source_targets: array<f32>;
// (n, B) rows of every step, and which step it is.
@group(0) @binding(4) var<storage, read> order: array<u32>;
@group(0) @binding(5) var<storage, read> progress: array<u32>;
// All values and gradients of the batch; the first is x.
@group(0) @binding(6) var<storage, read_write> sheet: array<vec4<f32>>;
// (16) w, and from `sums` on (K, invocations) sums of losses over the rows of an invocation.
@group(0) @binding(7) var<storage, read_write> tally: array<f32>;

// Functions that runs/steps.wgsl takes over.

const ASCEND: u32 = 0u;
const JUDGE: u32 = 1u;
const DESCEND: u32 = 2u;
const MIX: u32 = 3u;
const NOWHERE: u32 = 0xffffffffu;
const SOFTMAX_CROSS_ENTROPY: u32 = 0u;
const BINARY_CROSS_ENTROPY: u32 = 1u;

var<private> row: u32;
// Where the sums of losses begin in the tally.
var<private> sums_at: u32;
var<private> last_row: u32;

// A tile over the edge repeats the last row and vec, and stores there what is there already. ReLU is here, since
// adapters that compute both sides of a branch would go through every activation.
fn finish(at: u32, o: vec4<u32>, c: mat4x4<f32>, is_relu: bool) {
    let off = vec4<bool>(!is_relu);
    let zero = vec4<f32>(0.0);
    sheet[at + o.x] = select(zero, c[0], off | !(c[0] < zero));
    sheet[at + o.y] = select(zero, c[1], off | !(c[1] < zero));
    sheet[at + o.z] = select(zero, c[2], off | !(c[2] < zero));
    sheet[at + o.w] = select(zero, c[3], off | !(c[3] < zero));
}

// The same on the way down, where the layer below is told from its outputs.
fn finish_down(at: u32, below: u32, o: vec4<u32>, c: mat4x4<f32>, is_relu: bool) {
    let off = vec4<bool>(!is_relu);
    let zero = vec4<f32>(0.0);
    sheet[at + o.x] = select(zero, c[0], off | (sheet[below + o.x] > zero));
    sheet[at + o.y] = select(zero, c[1], off | (sheet[below + o.y] > zero));
    sheet[at + o.z] = select(zero, c[2], off | (sheet[below + o.z] > zero));
    sheet[at + o.w] = select(zero, c[3], off | (sheet[below + o.w] > zero));
}

fn ascend(one: vec4<u32>, two: vec4<u32>, keep: u32) {
    let n = two.x;
    let r0 = min(row + 0u, last_row);
    let r1 = min(row + 1u, last_row);
    let r2 = min(row + 2u, last_row);
    let r3 = min(row + 3u, last_row);
    let r4 = min(row + 4u, last_row);
    let r5 = min(row + 5u, last_row);
    let r6 = min(row + 6u, last_row);
    let r7 = min(row + 7u, last_row);
    let x0 = one.y + r0 * one.z;
    let x1 = one.y + r1 * one.z;
    let x2 = one.y + r2 * one.z;
    let x3 = one.y + r3 * one.z;
    let x4 = one.y + r4 * one.z;
    let x5 = one.y + r5 * one.z;
    let x6 = one.y + r6 * one.z;
    let x7 = one.y + r7 * one.z;
    for (var column = 0u; column < n; column += 4u) {
        let o = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(n - 1u));
        let b = two.z + o;
        let bias = mat4x4<f32>(theta[b.x], theta[b.y], theta[b.z], theta[b.w]);
        var c0 = bias;
        var c1 = bias;
        var c2 = bias;
        var c3 = bias;
        var c4 = bias;
        var c5 = bias;
        var c6 = bias;
        var c7 = bias;
        var w = two.y;
        for (var k = 0u; k < one.z; k++) {
            let a0 = sheet[x0 + k];
            let a1 = sheet[x1 + k];
            let a2 = sheet[x2 + k];
            let a3 = sheet[x3 + k];
            let a4 = sheet[x4 + k];
            let a5 = sheet[x5 + k];
            let a6 = sheet[x6 + k];
            let a7 = sheet[x7 + k];
            let w_x = mat4x4<f32>(theta[w + o.x], theta[w + o.y], theta[w + o.z], theta[w + o.w]);
            w += n;
            c0 += w_x * a0.x;
            c1 += w_x * a1.x;
            c2 += w_x * a2.x;
            c3 += w_x * a3.x;
            c4 += w_x * a4.x;
            c5 += w_x * a5.x;
            c6 += w_x * a6.x;
            c7 += w_x * a7.x;
            let w_y = mat4x4<f32>(theta[w + o.x], theta[w + o.y], theta[w + o.z], theta[w + o.w]);
            w += n;
            c0 += w_y * a0.y;
            c1 += w_y * a1.y;
            c2 += w_y * a2.y;
            c3 += w_y * a3.y;
            c4 += w_y * a4.y;
            c5 += w_y * a5.y;
            c6 += w_y * a6.y;
            c7 += w_y * a7.y;
            let w_z = mat4x4<f32>(theta[w + o.x], theta[w + o.y], theta[w + o.z], theta[w + o.w]);
            w += n;
            c0 += w_z * a0.z;
            c1 += w_z * a1.z;
            c2 += w_z * a2.z;
            c3 += w_z * a3.z;
            c4 += w_z * a4.z;
            c5 += w_z * a5.z;
            c6 += w_z * a6.z;
            c7 += w_z * a7.z;
            let w_w = mat4x4<f32>(theta[w + o.x], theta[w + o.y], theta[w + o.z], theta[w + o.w]);
            w += n;
            c0 += w_w * a0.w;
            c1 += w_w * a1.w;
            c2 += w_w * a2.w;
            c3 += w_w * a3.w;
            c4 += w_w * a4.w;
            c5 += w_w * a5.w;
            c6 += w_w * a6.w;
            c7 += w_w * a7.w;
        }
        finish(one.w + r0 * n, o, c0, two.w == RELU);
        finish(one.w + r1 * n, o, c1, two.w == RELU);
        finish(one.w + r2 * n, o, c2, two.w == RELU);
        finish(one.w + r3 * n, o, c3, two.w == RELU);
        finish(one.w + r4 * n, o, c4, two.w == RELU);
        finish(one.w + r5 * n, o, c5, two.w == RELU);
        finish(one.w + r6 * n, o, c6, two.w == RELU);
        finish(one.w + r7 * n, o, c7, two.w == RELU);
    }
    // In one place instead of at the end of every tile: the text of these is long.
    let end = select(0u, (last_row + 1u) * n, two.w > RELU);
    for (var at = row * n; at < min(end, (row + 8u) * n); at++) {
        let inputs = sheet[one.w + at];
        if (keep != NOWHERE) {
            sheet[keep + at] = inputs;
        }
        sheet[one.w + at] = activate(two.w, inputs);
    }
}

// Four rows of W from `at`, as the columns of a matrix.
fn four_rows(at: u32, n: u32) -> mat4x4<f32> {
    return mat4x4<f32>(theta[at], theta[at + n], theta[at + 2u * n], theta[at + 3u * n]);
}

fn descend(one: vec4<u32>, two: vec4<u32>) {
    let n = one.z;
    let r0 = min(row + 0u, last_row);
    let r1 = min(row + 1u, last_row);
    let r2 = min(row + 2u, last_row);
    let r3 = min(row + 3u, last_row);
    let r4 = min(row + 4u, last_row);
    let r5 = min(row + 5u, last_row);
    let r6 = min(row + 6u, last_row);
    let r7 = min(row + 7u, last_row);
    let y0 = one.y + r0 * n;
    let y1 = one.y + r1 * n;
    let y2 = one.y + r2 * n;
    let y3 = one.y + r3 * n;
    let y4 = one.y + r4 * n;
    let y5 = one.y + r5 * n;
    let y6 = one.y + r6 * n;
    let y7 = one.y + r7 * n;
    for (var column = 0u; column < two.x; column += 4u) {
        let o = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(two.x - 1u));
        let w = two.y + o * (4u * n);
        var c0 = mat4x4<f32>();
        var c1 = mat4x4<f32>();
        var c2 = mat4x4<f32>();
        var c3 = mat4x4<f32>();
        var c4 = mat4x4<f32>();
        var c5 = mat4x4<f32>();
        var c6 = mat4x4<f32>();
        var c7 = mat4x4<f32>();
        for (var k = 0u; k < n; k++) {
            let w0 = four_rows(w.x + k, n);
            let w1 = four_rows(w.y + k, n);
            let w2 = four_rows(w.z + k, n);
            let w3 = four_rows(w.w + k, n);
            let a0 = sheet[y0 + k];
            c0 += mat4x4<f32>(a0 * w0, a0 * w1, a0 * w2, a0 * w3);
            let a1 = sheet[y1 + k];
            c1 += mat4x4<f32>(a1 * w0, a1 * w1, a1 * w2, a1 * w3);
            let a2 = sheet[y2 + k];
            c2 += mat4x4<f32>(a2 * w0, a2 * w1, a2 * w2, a2 * w3);
            let a3 = sheet[y3 + k];
            c3 += mat4x4<f32>(a3 * w0, a3 * w1, a3 * w2, a3 * w3);
            let a4 = sheet[y4 + k];
            c4 += mat4x4<f32>(a4 * w0, a4 * w1, a4 * w2, a4 * w3);
            let a5 = sheet[y5 + k];
            c5 += mat4x4<f32>(a5 * w0, a5 * w1, a5 * w2, a5 * w3);
            let a6 = sheet[y6 + k];
            c6 += mat4x4<f32>(a6 * w0, a6 * w1, a6 * w2, a6 * w3);
            let a7 = sheet[y7 + k];
            c7 += mat4x4<f32>(a7 * w0, a7 * w1, a7 * w2, a7 * w3);
        }
        finish_down(one.w + r0 * two.x, two.z + r0 * two.x, o, c0, two.w == RELU);
        finish_down(one.w + r1 * two.x, two.z + r1 * two.x, o, c1, two.w == RELU);
        finish_down(one.w + r2 * two.x, two.z + r2 * two.x, o, c2, two.w == RELU);
        finish_down(one.w + r3 * two.x, two.z + r3 * two.x, o, c3, two.w == RELU);
        finish_down(one.w + r4 * two.x, two.z + r4 * two.x, o, c4, two.w == RELU);
        finish_down(one.w + r5 * two.x, two.z + r5 * two.x, o, c5, two.w == RELU);
        finish_down(one.w + r6 * two.x, two.z + r6 * two.x, o, c6, two.w == RELU);
        finish_down(one.w + r7 * two.x, two.z + r7 * two.x, o, c7, two.w == RELU);
    }
    let end = select(0u, (last_row + 1u) * two.x, two.w > RELU);
    for (var at = row * two.x; at < min(end, (row + 8u) * two.x); at++) {
        sheet[one.w + at] *= slope(two.w, sheet[two.z + at]);
    }
}

fn entry(at: u32, c: u32) -> f32 {
    return sheet[at + c / 4u][c % 4u];
}

// -log softmax(z)[class], and its gradient in the place of z.
fn softmax_cross_entropy(at: u32, outputs: u32, class_index: u32, factor: f32) -> f32 {
    var top = entry(at, 0u);
    for (var c = 1u; c < outputs; c++) {
        top = max(top, entry(at, c));
    }
    let own = entry(at, class_index) - top;
    var sum = 0.0;
    for (var c = 0u; c < outputs; c++) {
        let e = exp(entry(at, c) - top);
        sheet[at + c / 4u][c % 4u] = e;
        sum += e;
    }
    for (var c = 0u; c < outputs; c++) {
        sheet[at + c / 4u][c % 4u] = entry(at, c) * (factor / sum) - select(0.0, factor, c == class_index);
    }
    return log(sum) - own;
}

// Losses of the rows, and dz in the place of z.
fn judge(one: vec4<u32>, two: vec4<u32>, part: u32, lanes: u32, first: u32) {
    let factor = bitcast<f32>(two.z) / f32(shape.rows);
    var sum = 0.0;
    for (var r = row; r < min(row + 8u, shape.rows); r++) {
        let at = one.y + r * one.z;
        let y = source_targets[two.x * shape.examples + order[first + r]];
        if (two.y == SOFTMAX_CROSS_ENTROPY) {
            sum += softmax_cross_entropy(at, one.w, u32(y), factor);
        } else if (two.y == BINARY_CROSS_ENTROPY) {
            // log(1 + e^z) - y z, written so that neither end overflows.
            let z = sheet[at].x;
            let small = exp(-abs(z));
            let low = small / (1.0 + small);
            sum += max(z, 0.0) - y * z + log(1.0 + small);
            sheet[at] = vec4<f32>(factor * (select(1.0 - low, low, z < 0.0) - y), 0.0, 0.0, 0.0);
        } else {
            let off = sheet[at].x - y;
            sum += off * off;
            sheet[at] = vec4<f32>(factor * 2.0 * off, 0.0, 0.0, 0.0);
        }
    }
    tally[sums_at + two.x * lanes + part] = sum;
}

fn mix(one: vec4<u32>, two: vec4<u32>) {
    for (var at = row * two.x; at < min(row + 8u, shape.rows) * two.x; at++) {
        var sum = vec4<f32>(0.0);
        for (var k = 0u; k < two.y; k++) {
            sum += tally[k] * sheet[one.y + k * one.z + at];
        }
        sheet[one.w + at] = sum;
    }
}

// The rows of `part` through all operations; `first` is where the step's rows begin in the order.
fn go_through(part: u32, first: u32, gathers: bool, count: u32) {
    row = part * 8u;
    last_row = shape.rows - 1u;
    let lanes = (shape.rows + 7u) / 8u;
    for (var r = row; r < min(row + 8u, shape.rows) && gathers; r++) {
        let picked = order[first + r] * shape.x_vecs;
        for (var v = 0u; v < shape.x_vecs; v++) {
            sheet[r * shape.x_vecs + v] = source[picked + v];
        }
    }
    for (var i = 0u; i < count; i++) {
        let one = shape.operations[3u * i];
        let two = shape.operations[3u * i + 1u];
        if (one.x == ASCEND) {
            ascend(one, two, shape.operations[3u * i + 2u].x);
        } else if (one.x == JUDGE) {
            judge(one, two, part, lanes, first);
        } else if (one.x == DESCEND) {
            descend(one, two);
        } else {
            mix(one, two);
        }
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    sums_at = shape.sums;
    if (id.x * 8u < shape.rows) {
        go_through(id.x, (progress[0] - shape.behind) * shape.rows, shape.gathers == 1u, shape.count);
    }
}
