// GLS: the geometric mean of the losses (src/balance/gls.rs).

fn weigh() {
    let least = settings().x;
    var value = 0.0;
    for (var i = 0u; i < n_tasks; i++) {
        value += log(max(losses[i], least));
    }
    let mean = exp(value / f32(n_tasks));
    for (var i = 0u; i < n_tasks; i++) {
        w[i] = mean / (max(losses[i], least) * f32(n_tasks));
    }
}
