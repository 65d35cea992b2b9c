// Sum: every task counts the same (src/balance/sum.rs).

fn weigh() {
    for (var i = 0u; i < n_tasks; i++) {
        w[i] = 1.0;
    }
}
