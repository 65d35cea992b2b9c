// sums (K, n) <- sums + g^2, and sum g^2 / sqrt(sums + 1e-7) by rows, each left as 64 partial sums.
//
// Lane l of workgroup k takes every 64th vec of row k. Sums run in blocks, as in gramian.wgsl.

const PARTS: u32 = 64u;
const BLOCK: u32 = 32u;

struct Excess {
    vecs: u32,  // n
    into: u32,  // where the partial sums begin
    spare_0: u32,
    spare_1: u32,
}

@group(0) @binding(0) var<storage, read> shape: Excess;
@group(0) @binding(1) var<storage, read> g: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> into: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = group.x * shape.vecs;
    var total = 0.0;
    var at = lane;
    while (at < shape.vecs) {
        var block = vec4<f32>(0.0);
        let end = min(at + BLOCK * PARTS, shape.vecs);
        while (at < end) {
            let entry = g[row + at];
            let sum = sums[row + at] + entry * entry;
            sums[row + at] = sum;
            block += entry * (entry / sqrt(sum + 1e-7));
            at += PARTS;
        }
        total += (block.x + block.y) + (block.z + block.w);
    }
    into[shape.into + group.x * PARTS + lane] = total;
}
