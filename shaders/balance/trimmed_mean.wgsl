// Trimmed mean: each coordinate without its t largest and t smallest entries (src/balance/trimmed_mean.rs).

struct Rows {
    vecs: u32,             // P
    step: u32,             // from one row of G to the next
    rows: u32,             // K, at most 16
    sub: u32,              // of the random stream: not used
    key: vec2<u32>,
    spare: vec2<u32>,
    settings: vec4<f32>,   // x: t, with K > 2t
}

@group(0) @binding(0) var<uniform> shape: Rows;
@group(0) @binding(1) var<storage, read> g: array<vec4<f32>>;
// (P) the number of each coordinate without padding; the rule does not need it.
@group(0) @binding(2) var<storage, read> coordinates: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> d: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = id.x;
    if (at >= shape.vecs) {
        return;
    }
    // A binding that is never read would be missing from the layout.
    _ = coordinates[at].x;
    // Insertion into ascending order, the four coordinates at once.
    var sorted: array<vec4<f32>, 16>;
    for (var k = 0u; k < shape.rows; k++) {
        var entry = g[k * shape.step + at];
        for (var j = 0u; j < k; j++) {
            let smaller = min(sorted[j], entry);
            entry = max(sorted[j], entry);
            sorted[j] = smaller;
        }
        sorted[k] = entry;
    }
    let trim = u32(shape.settings.x);
    let end = shape.rows - trim;
    var sum = vec4<f32>(0.0);
    for (var k = trim; k < end; k++) {
        sum += sorted[k];
    }
    d[at] = sum / f32(end - trim);
}
