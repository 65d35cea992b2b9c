// IMTL-G: equal projections on all unit gradients (src/balance/imtl_g.rs).

fn weigh() {
    for (var i = 0u; i < n_tasks; i++) {
        w[i] = 0.0;
    }
    find_members();
    let n = n_members;
    if (n == 2u) {
        let i = members[0];
        let j = members[1];
        if (1.0 + cosine(i, j) > 2.0 * NOISE) {
            let own = norms[i] / longest;
            let other = norms[j] / longest;
            w[i] = other / (own + other);
            w[j] = own / (own + other);
        }
        return;
    }
    let rank = find_rank();
    let full = rank == n;
    if (full) {
        set_cosines();
        decompose(n);
    }
    truncate(rank);
    var x: array<f32, 16>;
    for (var l = 0u; l < n; l++) {
        let value = eigen_a[l * n + l];
        if (value > 0.0) {
            var along = 0.0;
            for (var i = 0u; i < n; i++) {
                along += eigen_v[i * n + l] * select(norms[members[i]] / longest, 1.0, full);
            }
            for (var i = 0u; i < n; i++) {
                x[i] += along / value * eigen_v[i * n + l];
            }
        }
    }
    var smallest = longest;
    for (var i = 0u; i < n; i++) {
        smallest = min(smallest, norms[members[i]]);
    }
    var total = 0.0;
    var size = 0.0;
    for (var i = 0u; i < n; i++) {
        if (full) {
            // Shortest row first, so that no quotient overflows.
            x[i] *= smallest / norms[members[i]];
        }
        total += x[i];
        size += abs(x[i]);
    }
    if (abs(total) > 1e3 * NOISE * size && (full || size > 1e3 * NOISE)) {
        for (var i = 0u; i < n; i++) {
            w[members[i]] = x[i] / total;
        }
    }
}
