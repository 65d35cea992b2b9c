// Eigenvalues and vectors by Jacobi's rotations (src/balance/solve/eigen.rs), and ranks (src/balance/solve/rank.rs).

// (n, n): its diagonal becomes the eigenvalues, the columns of eigen_v their vectors.
var<private> eigen_a: array<f32, 256>;
var<private> eigen_v: array<f32, 256>;
// Rows that are not zero.
var<private> members: array<u32, 16>;
var<private> n_members: u32;
var<private> longest: f32;

fn rotate(n: u32, i: u32, j: u32, c: f32, s: f32) {
    for (var l = 0u; l < n; l++) {
        if (l != i && l != j) {
            let p = eigen_a[l * n + i];
            let q = eigen_a[l * n + j];
            eigen_a[l * n + i] = c * p - s * q;
            eigen_a[l * n + j] = s * p + c * q;
            eigen_a[i * n + l] = eigen_a[l * n + i];
            eigen_a[j * n + l] = eigen_a[l * n + j];
        }
        let p = eigen_v[l * n + i];
        let q = eigen_v[l * n + j];
        eigen_v[l * n + i] = c * p - s * q;
        eigen_v[l * n + j] = s * p + c * q;
    }
}

fn decompose(n: u32) {
    for (var i = 0u; i < n * n; i++) {
        eigen_v[i] = select(0.0, 1.0, i % (n + 1u) == 0u);
    }
    for (var sweep = 0u; sweep < 40u; sweep++) {
        var rotated = false;
        for (var i = 0u; i < n; i++) {
            for (var j = i + 1u; j < n; j++) {
                let ii = eigen_a[i * n + i];
                let jj = eigen_a[j * n + j];
                let ij = eigen_a[i * n + j];
                // 2 epsilon of f32 beside its own two diagonal entries.
                if (ij == 0.0 || abs(ij) <= 2.4e-7 * sqrt(abs(ii)) * sqrt(abs(jj))) {
                    continue;
                }
                rotated = true;
                let half = (jj - ii) / (2.0 * ij);
                let size = abs(half);
                // The root of a large square would overflow.
                let root = select(sqrt(size * size + 1.0), size, size > 1e9);
                let t = select(1.0, -1.0, half < 0.0) / (size + root);
                let c = 1.0 / sqrt(t * t + 1.0);
                rotate(n, i, j, c, t * c);
                eigen_a[i * n + i] = ii - t * ij;
                eigen_a[j * n + j] = jj + t * ij;
                eigen_a[i * n + j] = 0.0;
                eigen_a[j * n + i] = 0.0;
            }
        }
        if (!rotated) {
            return;
        }
    }
}

fn find_members() {
    n_members = 0u;
    longest = 1e-38;
    for (var i = 0u; i < n_tasks; i++) {
        if (norms[i] > 0.0) {
            members[n_members] = i;
            n_members++;
            longest = max(longest, norms[i]);
        }
    }
}

fn set_cosines() {
    for (var i = 0u; i < n_members; i++) {
        for (var j = 0u; j < n_members; j++) {
            eigen_a[i * n_members + j] = cosine(members[i], members[j]);
        }
    }
}

// M / longest^2.
fn set_products() {
    for (var i = 0u; i < n_members; i++) {
        for (var j = 0u; j < n_members; j++) {
            let lengths = (norms[members[i]] / longest) * (norms[members[j]] / longest);
            eigen_a[i * n_members + j] = lengths * cosine(members[i], members[j]);
        }
    }
}

// The rank of M, and leaves M decomposed: dependence is judged on the cosines; besides, rows whose eigenvalue f64 would
// not hear have no say here either, though rotations of a graded matrix keep it.
fn find_rank() -> u32 {
    let n = n_members;
    set_cosines();
    decompose(n);
    var independent = 0u;
    for (var i = 0u; i < n; i++) {
        independent += select(0u, 1u, eigen_a[i * n + i] > f32(n) * NOISE);
    }
    set_products();
    decompose(n);
    var top = 0.0;
    for (var i = 0u; i < n; i++) {
        top = max(top, eigen_a[i * n + i]);
    }
    var heard = 0u;
    for (var i = 0u; i < n; i++) {
        heard += select(0u, 1u, eigen_a[i * n + i] > f32(n) * 2.2204460e-16 * top);
    }
    return min(independent, heard);
}

// Zeroes positive eigenvalues until the `rank` largest are left; nobody looks at others.
fn truncate(rank: u32) {
    let n = n_members;
    for (var turn = 0u; turn < n; turn++) {
        var least = 0u;
        var count = 0u;
        for (var i = 0u; i < n; i++) {
            let own = eigen_a[i * n + i];
            if (own > 0.0) {
                if (count == 0u || own < eigen_a[least * n + least]) {
                    least = i;
                }
                count++;
            }
        }
        if (count <= rank) {
            return;
        }
        eigen_a[least * n + least] = 0.0;
    }
}
