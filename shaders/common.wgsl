// Put in front of every kernel: activations and the counter-based generator.
//
// A matrix lies row-major with every row padded by zeros to whole vec4s; widths, offsets and steps are
// counted in vec4s ("vecs"). Padding stays zero through every kernel, so no sum has to know of it.
// Stacks are task-major, one task a layer of the dispatch's z.

const RELU: u32 = 1u;
const TANH: u32 = 2u;
const GELU: u32 = 3u;

fn tanh_stable(x: vec4<f32>) -> vec4<f32> {
    // Beyond 15 the result is 1 in f32, and the exponential would overflow not far behind.
    let size = min(abs(x), vec4<f32>(15.0));
    let far = 1.0 - 2.0 / (exp(2.0 * size) + 1.0);
    // Near 0 the difference above loses digits; the odd series does not.
    let square = x * x;
    let series = square * (square * (square * (62.0 / 2835.0) - 17.0 / 315.0) + 2.0 / 15.0) - 1.0 / 3.0;
    let near = x + x * square * series;
    return select(sign(x) * far, near, abs(x) < vec4<f32>(0.3));
}

// The tanh form: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
fn gelu_tanh(x: vec4<f32>) -> vec4<f32> {
    return tanh_stable(0.7978845608 * (x + 0.044715 * x * x * x));
}

fn activate(kind: u32, x: vec4<f32>) -> vec4<f32> {
    if (kind == RELU) {
        // Not max(): a NaN must stay a NaN, or a diverged run would look alive.
        return select(x, vec4<f32>(0.0), x < vec4<f32>(0.0));
    }
    if (kind == TANH) {
        return tanh_stable(x);
    }
    if (kind == GELU) {
        return 0.5 * x * (1.0 + gelu_tanh(x));
    }
    return x;
}

// The derivative of the activation, from its value y; of GELU from its input.
fn slope(kind: u32, y: vec4<f32>) -> vec4<f32> {
    if (kind == RELU) {
        return select(vec4<f32>(0.0), vec4<f32>(1.0), y > vec4<f32>(0.0));
    }
    if (kind == TANH) {
        return 1.0 - y * y;
    }
    if (kind == GELU) {
        let t = gelu_tanh(y);
        return 0.5 * (1.0 + t) + 0.5 * y * (1.0 - t * t) * 0.7978845608 * (1.0 + 0.134145 * y * y);
    }
    return vec4<f32>(1.0);
}

// High and low word of a 32 x 32 -> 64 bit product, which WGSL lacks.
fn wide_product(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 16u);
    let other = a0 * b1 + (middle & 0xffffu);
    return vec2<u32>(a1 * b1 + (middle >> 16u) + (other >> 16u), a * b);
}

// One Philox4x32-10 block, the same words as src/rng.rs.
fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var round = 0u; round < 10u; round++) {
        let p = wide_product(0xd2511f53u, c.x);
        let q = wide_product(0xcd9e8d57u, c.z);
        c = vec4<u32>(q.x ^ c.y ^ k.x, q.y, p.x ^ c.w ^ k.y, p.y);
        k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
    }
    return c;
}

// A uniform draw in [0, 1): draw `index` of the stream (key, sub). 24 bits, so f32 holds it exactly.
fn uniform_draw(key: vec2<u32>, sub: u32, index: u32) -> f32 {
    let words = philox(vec4<u32>(index / 4u, 0u, sub, 0u), key);
    return f32(words[index % 4u] >> 8u) * (1.0 / 16777216.0);
}
