// MGDA: w on the simplex that makes the combined gradient shortest (src/balance/mgda.rs).

fn weigh() {
    // x: what rows are divided by (0 nothing, 1 lengths, 2 losses, 3 both); y: the least loss to divide by
    let by_length = settings().x == 1.0 || settings().x == 3.0;
    let by_loss = settings().x >= 2.0;
    var lengths: array<f32, 16>;
    var divisors: array<f32, 16>;
    for (var i = 0u; i < n_tasks; i++) {
        divisors[i] = 1.0;
        if (norms[i] > 0.0) {
            let own = select(1.0, max(losses[i], settings().y), by_loss);
            lengths[i] = select(norms[i], 1.0, by_length) / own;
            divisors[i] = own * select(1.0, norms[i], by_length);
        }
    }
    var angles = cosines;
    shortest(&lengths, &angles);
    for (var i = 0u; i < n_tasks; i++) {
        w[i] /= divisors[i];
    }
}
