// FAMO: weights by logits that learn from what the last update did to the losses' logarithms (src/balance/famo.rs).

const FLOOR: f32 = 1e-8;
const LOGITS: u32 = MEMORY;
const SHARES: u32 = MEMORY + 16u;
const LOG_BEFORE: u32 = MEMORY + 32u;
const MOMENTS: u32 = MEMORY + 48u;

fn above_bound(i: u32, loss: f32) -> f32 {
    return max(loss - floor_of(i) + FLOOR, FLOOR);
}

// What the last update did, which the method is told of at the next step.
fn learn() {
    var gradient: array<f32, 16>;
    var mean = 0.0;
    for (var i = 0u; i < n_tasks; i++) {
        gradient[i] = tally[LOG_BEFORE + i] - log(above_bound(i, after[i]));
        mean += tally[SHARES + i] * gradient[i];
    }
    for (var i = 0u; i < n_tasks; i++) {
        gradient[i] = tally[SHARES + i] * (gradient[i] - mean) + settings().y * tally[LOGITS + i];
    }
    adam(LOGITS, MOMENTS, settings().x, &gradient);
}

fn weigh() {
    if (step > 0u) {
        learn();
    }
    for (var i = 0u; i < n_tasks; i++) {
        w[i] = tally[LOGITS + i];
    }
    softmax_of_w();
    var total = 0.0;
    for (var i = 0u; i < n_tasks; i++) {
        let above = above_bound(i, losses[i]);
        tally[SHARES + i] = w[i];
        tally[LOG_BEFORE + i] = log(above);
        w[i] /= above;
        total += w[i];
    }
    for (var i = 0u; i < n_tasks; i++) {
        w[i] /= total;
    }
}
