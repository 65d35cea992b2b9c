// Inner products of the rows of a (R1, n) and b (R2, n), each left as 64 partial sums for an f64 total.
//
// Lane l of workgroup (j, i) sums every 64th vec of row i of a times row j of b. Sums run in blocks, since a
// long f32 sum loses digits.

const PARTS: u32 = 64u;
const BLOCK: u32 = 32u;

struct Gramian {
    vecs: u32,       // n
    a_step: u32,     // from one row of a to the next
    b_step: u32,
    symmetric: u32,  // 1: a is b, so only j >= i is computed
    into: u32,       // where the partial sums begin
    a_start: u32,    // where the columns begin that count
    b_start: u32,
    spare_0: u32,
}

@group(0) @binding(0) var<storage, read> shape: Gramian;
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> into: array<f32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group.y;
    let j = group.x;
    if (shape.symmetric == 1u && j < i) {
        return;
    }
    var total = 0.0;
    var at = lane;
    while (at < shape.vecs) {
        var block = vec4<f32>(0.0);
        let end = min(at + BLOCK * PARTS, shape.vecs);
        while (at < end) {
            block += a[shape.a_start + i * shape.a_step + at] * b[shape.b_start + j * shape.b_step + at];
            at += PARTS;
        }
        total += (block.x + block.y) + (block.z + block.w);
    }
    into[shape.into + (i * groups.x + j) * PARTS + lane] = total;
}
