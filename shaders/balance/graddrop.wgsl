// GradDrop: each coordinate keeps the entries of one sign, drawn by sign purity (src/balance/graddrop.rs).

struct Rows {
    vecs: u32,             // P
    step: u32,             // from one row of G to the next
    rows: u32,             // K
    sub: u32,              // of the random stream: the step
    key: vec2<u32>,        // of the random stream
    spare: vec2<u32>,
    settings: vec4<f32>,   // x: leak
}

@group(0) @binding(0) var<uniform> shape: Rows;
@group(0) @binding(1) var<storage, read> g: array<vec4<f32>>;
// (P) the number of each coordinate without padding, which its draw belongs to.
@group(0) @binding(2) var<storage, read> coordinates: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> d: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = id.x;
    if (at >= shape.vecs) {
        return;
    }
    var total = vec4<f32>(0.0);
    var size = vec4<f32>(0.0);
    for (var k = 0u; k < shape.rows; k++) {
        let entry = g[k * shape.step + at];
        total += entry;
        size += abs(entry);
    }
    let p = coordinates[at];
    let key = shape.key;
    let u = vec4<f32>(
        uniform_draw(key, shape.sub, p.x),
        uniform_draw(key, shape.sub, p.y),
        uniform_draw(key, shape.sub, p.z),
        uniform_draw(key, shape.sub, p.w),
    );
    // Where all entries are 0 the purity does not matter: every term below is 0.
    let purity = 0.5 * (1.0 + total / select(size, vec4<f32>(1.0), size == vec4<f32>(0.0)));
    let leak = shape.settings.x;
    var sum = vec4<f32>(0.0);
    for (var k = 0u; k < shape.rows; k++) {
        let entry = g[k * shape.step + at];
        let kept = ((entry > vec4<f32>(0.0)) & (purity > u)) | ((entry < vec4<f32>(0.0)) & (purity <= u));
        sum += select(leak * entry, entry, kept);
    }
    d[at] = sum;
}
