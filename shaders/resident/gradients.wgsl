// Gradients of weights and biases of all layers and tasks: dW (I, O) = x (B, I)^T dy (B, O), db (O) = sums of dy.
//
// Products of every size lie one behind the other, in tiles. One invocation computes 8 rows of dW (two vecs of x) by
// 4 vecs in registers, as weight_gradient.wgsl does; the sum runs over the batch.

// Few, so that all cores of a software adapter have some of a small network.
const LANES: u32 = 4u;

struct Gradients {
    rows: u32,   // B
    product_count: u32,
    tiles: u32,  // of all of them
    spare_0: u32,
    // Two a product: (first tile, x, vecs of x, dy), (vecs of dy, dW, db, whether it belongs to G)
    products: array<vec4<u32>, 256>,
}

@group(0) @binding(0) var<storage, read> shape: Gradients;
@group(0) @binding(1) var<storage, read> sheet: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> g: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> own: array<vec4<f32>>;

// Functions that runs/steps.wgsl takes over.

// A tile over the edge repeats the last vecs, and stores there what is there already.
fn store(into_g: u32, at: u32, o: vec4<u32>, c: mat4x4<f32>) {
    if (into_g == 1u) {
        g[at + o.x] = c[0];
        g[at + o.y] = c[1];
        g[at + o.z] = c[2];
        g[at + o.w] = c[3];
    } else {
        own[at + o.x] = c[0];
        own[at + o.y] = c[1];
        own[at + o.z] = c[2];
        own[at + o.w] = c[3];
    }
}

fn multiply_tile(number: u32) {
    var product = 0u;
    while (product + 1u < shape.product_count && number >= shape.products[2u * product + 2u].x) {
        product++;
    }
    let one = shape.products[2u * product];
    let two = shape.products[2u * product + 1u];
    let tile = number - one.x;
    let n = two.x;
    let column_tiles = (n + 3u) / 4u;
    let i = tile / column_tiles * 2u;
    let column = tile % column_tiles * 4u;
    let o = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(n - 1u));
    let high_vec = min(i + 1u, one.z - 1u);
    let x_low = one.y + i;
    let x_high = one.y + high_vec;
    var c0 = mat4x4<f32>();
    var c1 = mat4x4<f32>();
    var c2 = mat4x4<f32>();
    var c3 = mat4x4<f32>();
    var c4 = mat4x4<f32>();
    var c5 = mat4x4<f32>();
    var c6 = mat4x4<f32>();
    var c7 = mat4x4<f32>();
    var sums = mat4x4<f32>();
    for (var row = 0u; row < shape.rows; row++) {
        let d = one.w + row * n;
        let dy_row = mat4x4<f32>(sheet[d + o.x], sheet[d + o.y], sheet[d + o.z], sheet[d + o.w]);
        let low = sheet[x_low + row * one.z];
        let high = sheet[x_high + row * one.z];
        c0 += dy_row * low.x;
        c1 += dy_row * low.y;
        c2 += dy_row * low.z;
        c3 += dy_row * low.w;
        c4 += dy_row * high.x;
        c5 += dy_row * high.y;
        c6 += dy_row * high.z;
        c7 += dy_row * high.w;
        sums += dy_row;
    }
    let low_row = two.y + 4u * i * n;
    let high_row = two.y + 4u * high_vec * n;
    store(two.w, low_row, o, c0);
    store(two.w, low_row + n, o, c1);
    store(two.w, low_row + 2u * n, o, c2);
    store(two.w, low_row + 3u * n, o, c3);
    store(two.w, high_row, o, c4);
    store(two.w, high_row + n, o, c5);
    store(two.w, high_row + 2u * n, o, c6);
    store(two.w, high_row + 3u * n, o, c7);
    if (i == 0u) {
        store(two.w, two.z, o, sums);
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < shape.tiles) {
        multiply_tile(id.x);
    }
}
