// Behind shaders/common.wgsl in the products of the workgroup family: C = A B in tiles of 64 by 64.
//
// A workgroup of 16 by 16 invocations brings a piece of A and of B, 16 terms of the sum deep, into its own memory, one
// vec each an invocation; an invocation keeps 4 rows by 1 vec of C in registers. A piece lies along the sum, four vecs
// a row, or across it, sixteen vecs a term. What is over an edge comes as 0. The kernel behind this says how deep the
// sum is, fetches the vecs and tells how its pieces lie.

const RIGHT: u32 = 256u;  // where the piece of B begins

var<workgroup> pieces: array<vec4<f32>, 512>;

// Four rows of a piece that lies along the sum: a column of the matrix is a row's four terms.
fn along(piece: u32, rows: u32, terms: u32) -> mat4x4<f32> {
    let at = piece + 16u * rows + terms;
    return mat4x4<f32>(pieces[at], pieces[at + 4u], pieces[at + 8u], pieces[at + 12u]);
}

// Four terms of a piece that lies across: a column of the matrix is one term of four rows.
fn across(piece: u32, rows: u32, terms: u32) -> mat4x4<f32> {
    let at = piece + 64u * terms + rows;
    return mat4x4<f32>(pieces[at], pieces[at + 16u], pieces[at + 32u], pieces[at + 48u]);
}

struct Product {
    rows: mat4x4<f32>,  // column i is row i
    sums: vec4<f32>,    // over the terms, of B alone
}

// Rows 64 group.y + lane / 16 * 4 and on of C, at vec 16 group.x + lane % 16.
fn product(group: vec3<u32>, lane: u32) -> Product {
    var c = Product();
    for (var start = 0u; start < depth(); start += 16u) {
        pieces[lane] = left_vec(group, start, lane);
        pieces[RIGHT + lane] = right_vec(group, start, lane);
        workgroupBarrier();
        for (var terms = 0u; terms < 4u; terms++) {
            let right = right_terms(lane % 16u, terms);
            c.rows += right * left_terms(lane / 16u, terms);
            if (ADDS_UP) {
                c.sums += right * vec4<f32>(1.0);
            }
        }
        workgroupBarrier();
    }
    return c;
}
