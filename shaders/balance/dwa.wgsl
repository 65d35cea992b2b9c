// DWA: tasks whose loss fell less over the last two epochs count for more (src/balance/dwa.rs).

// Mean losses of the running epoch, of the last one and of the one before it.
const RUNNING: u32 = MEMORY;
const LAST: u32 = MEMORY + 16u;
const BEFORE: u32 = MEMORY + 32u;

fn weigh() {
    let epochs = f32(shape.steps_per_epoch);
    if (step < 2u * shape.steps_per_epoch) {
        for (var i = 0u; i < n_tasks; i++) {
            w[i] = 1.0;
        }
    } else {
        for (var i = 0u; i < n_tasks; i++) {
            let before = tally[BEFORE + i];
            let ratio = select(1.0, min(tally[LAST + i] / before, 1e9), before > 0.0);
            w[i] = ratio / settings().x;
        }
        softmax_of_w();
        for (var i = 0u; i < n_tasks; i++) {
            w[i] *= f32(n_tasks);
        }
    }
    let ends = (step + 1u) % shape.steps_per_epoch == 0u;
    for (var i = 0u; i < n_tasks; i++) {
        let mean = tally[RUNNING + i] + losses[i] / epochs;
        tally[RUNNING + i] = select(mean, 0.0, ends);
        if (ends) {
            tally[BEFORE + i] = tally[LAST + i];
            tally[LAST + i] = mean;
        }
    }
}
