// What an update did: products of d and of the change with every row of G and with themselves, into the ring.

const LANE_COUNT: u32 = 64u;

struct Report {
    vecs: u32,    // P
    rows: u32,    // K
    stride: u32,  // numbers of a step in the ring
    into: u32,    // where these begin in a step: (K + 1) of d, (K + 1) of the change
}

@group(0) @binding(0) var<storage, read> shape: Report;
@group(0) @binding(1) var<storage, read> g: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> moved: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> progress: array<u32>;
@group(0) @binding(5) var<storage, read_write> ring: array<f32>;

var<workgroup> sums: array<vec2<f32>, LANE_COUNT>;

// Workgroup i: row i of G, or behind the last row the vectors themselves.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = group.x;
    var of_d = 0.0;
    var of_change = 0.0;
    var at = lane;
    while (at < shape.vecs) {
        // In blocks: a long f32 sum loses digits.
        var d = vec4<f32>(0.0);
        var change = vec4<f32>(0.0);
        let end = min(at + 32u * LANE_COUNT, shape.vecs);
        while (at < end) {
            if (row < shape.rows) {
                let entry = g[row * shape.vecs + at];
                d += entry * gradient[at];
                change += entry * moved[at];
            } else {
                d += gradient[at] * gradient[at];
                change += moved[at] * moved[at];
            }
            at += LANE_COUNT;
        }
        of_d += (d.x + d.y) + (d.z + d.w);
        of_change += (change.x + change.y) + (change.z + change.w);
    }
    sums[lane] = vec2<f32>(of_d, of_change);
    workgroupBarrier();
    if (lane == 0u) {
        var total = vec2<f32>(0.0);
        for (var i = 0u; i < LANE_COUNT; i++) {
            total += sums[i];
        }
        // The weighting has counted this step already.
        let into = (progress[0] - 1u) * shape.stride + shape.into + row;
        ring[into] = total.x;
        ring[into + shape.rows + 1u] = total.y;
    }
}
