// The shortest point of the hull of K vectors, from lengths and cosines (src/balance/mgda.rs); behind cone.wgsl.

// Writes w on the simplex for `lengths` and `angles` (K, K) in the place of the cosines.
fn shortest(lengths: ptr<function, array<f32, 16>>, angles: ptr<function, array<f32, 256>>) {
    var n_zero = 0.0;
    var smallest = 3e38;
    for (var i = 0u; i < n_tasks; i++) {
        n_zero += select(0.0, 1.0, (*lengths)[i] == 0.0);
        smallest = min(smallest, (*lengths)[i]);
    }
    if (n_zero > 0.0) {
        for (var i = 0u; i < n_tasks; i++) {
            w[i] = select(0.0, 1.0 / n_zero, (*lengths)[i] == 0.0);
        }
        return;
    }
    for (var i = 0u; i < n_tasks; i++) {
        cone_b[i] = smallest / (*lengths)[i];
    }
    for (var i = 0u; i < n_tasks; i++) {
        for (var j = 0u; j < n_tasks; j++) {
            cone_a[i * n_tasks + j] = (*angles)[i * n_tasks + j] + cone_b[i] * cone_b[j];
        }
    }
    settled = project_on_cone();
    var total = 0.0;
    for (var i = 0u; i < n_tasks; i++) {
        w[i] = cone_z[i] * cone_b[i];
        total += w[i];
    }
    for (var i = 0u; i < n_tasks; i++) {
        w[i] /= total;
    }
}
