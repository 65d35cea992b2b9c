// Gradients of all layers and tasks in resident steps: products of every size, each a layer of the dispatch.

struct Gradients {
    rows: u32,   // B
    product_count: u32,
    tiles: u32,
    spare_0: u32,
    // Two a product, as ../gradients.wgsl has them.
    products: array<vec4<u32>, 256>,
}

@group(0) @binding(0) var<storage, read> shape: Gradients;
@group(0) @binding(1) var<storage, read> sheet: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> g: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> own: array<vec4<f32>>;

fn factors(number: u32) -> Factors {
    let one = shape.products[2u * number];
    let two = shape.products[2u * number + 1u];
    return Factors(one.y, one.z, one.w, two.x, two.y, two.z, two.w);
}

fn x_vec(at: u32) -> vec4<f32> {
    return sheet[at];
}

fn dy_vec(at: u32) -> vec4<f32> {
    return sheet[at];
}

fn leave(of_g: u32, at: u32, sum: vec4<f32>) {
    if (of_g == 1u) {
        g[at] = sum;
    } else {
        own[at] = sum;
    }
}
