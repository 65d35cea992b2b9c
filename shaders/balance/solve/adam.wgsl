// Adam for a method's own K parameters (src/balance/solve/adam.rs), kept in the tally.

// Moves the K numbers at `at` against `gradient`; moments and powers of both rates are 34 numbers from `memory` on.
fn adam(at: u32, memory: u32, rate: f32, gradient: ptr<function, array<f32, 16>>) {
    // 1 minus a power, so that 0 is the start.
    let decay_1 = 1.0 - 0.9 * (1.0 - tally[memory + 32u]);
    let decay_2 = 1.0 - 0.999 * (1.0 - tally[memory + 33u]);
    tally[memory + 32u] = decay_1;
    tally[memory + 33u] = decay_2;
    for (var i = 0u; i < n_tasks; i++) {
        let g = (*gradient)[i];
        let m = 0.9 * tally[memory + i] + 0.1 * g;
        let v = 0.999 * tally[memory + 16u + i] + 0.001 * g * g;
        tally[memory + i] = m;
        tally[memory + 16u + i] = v;
        tally[at + i] -= rate * (m / decay_1) / (sqrt(v / decay_2) + 1e-8);
    }
}
