// UW: weights from learned log-variances, which descend beside theta (src/balance/uw.rs).

const LARGEST_LOG_VAR: f32 = 30.0;

fn weigh() {
    var gradient: array<f32, 16>;
    for (var i = 0u; i < n_tasks; i++) {
        if (step == 0u) {
            tally[MEMORY + i] = settings().x;
        }
        w[i] = 0.5 * exp(-tally[MEMORY + i]);
        gradient[i] = 0.5 - w[i] * losses[i];
    }
    adam(MEMORY, MEMORY + 16u, learning_rate, &gradient);
    for (var i = 0u; i < n_tasks; i++) {
        tally[MEMORY + i] = clamp(tally[MEMORY + i], -LARGEST_LOG_VAR, LARGEST_LOG_VAR);
    }
}
