// d (P) = w^T G from G (K, P), and behind the shared part every head's gradient times the head's own weight.

struct Combine {
    start: u32,    // first vec to write
    end: u32,      // behind the last vec to write
    shared_end: u32,  // vecs of d; what follows are heads
    step: u32,     // from one row of G to the next
    rows: u32,     // K
    spare_0: u32,
    spare_1: u32,
    spare_2: u32,
    weights: array<vec4<f32>, 4>,       // (16)
    head_weights: array<vec4<f32>, 4>,  // (16)
    head_ends: array<vec4<u32>, 4>,     // (16) behind each head's last vec
}

@group(0) @binding(0) var<storage, read> shape: Combine;
@group(0) @binding(1) var<storage, read> g: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> d: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = shape.start + id.x;
    if (at >= shape.end) {
        return;
    }
    if (at < shape.shared_end) {
        var sum = vec4<f32>(0.0);
        for (var k = 0u; k < shape.rows; k++) {
            sum += shape.weights[k / 4u][k % 4u] * g[k * shape.step + at];
        }
        d[at] = sum;
        return;
    }
    var task = 0u;
    while (task < 15u && at >= shape.head_ends[task / 4u][task % 4u]) {
        task++;
    }
    d[at] *= shape.head_weights[task / 4u][task % 4u];
}
