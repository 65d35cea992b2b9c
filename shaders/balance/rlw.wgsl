// RLW: weights drawn anew in every step (src/balance/rlw.rs).

const NORMAL: f32 = 0.0;
const UNIFORM: f32 = 1.0;
const DIRICHLET: f32 = 2.0;

// Divides by the sum; equal weights where all are 0.
fn share_out() {
    var total = 0.0;
    for (var i = 0u; i < n_tasks; i++) {
        total += w[i];
    }
    for (var i = 0u; i < n_tasks; i++) {
        w[i] = select(1.0 / f32(n_tasks), w[i] / total, total > 0.0);
    }
}

// Fair coins until one shows 1; 64 rounds without any are as good as never.
fn toss() {
    for (var round = 0u; round < 64u; round++) {
        var shown = false;
        for (var i = 0u; i < n_tasks; i++) {
            let coin = draw_below(round * n_tasks + i, 2u);
            w[i] = f32(coin);
            shown = shown || coin == 1u;
        }
        if (shown) {
            break;
        }
    }
    share_out();
}

fn weigh() {
    for (var i = 0u; i < n_tasks; i++) {
        if (settings().x == NORMAL) {
            w[i] = normal_draw(i);
        } else {
            w[i] = uniform_draw(stream_key(), step, i);
        }
    }
    if (settings().x <= UNIFORM) {
        softmax_of_w();
    } else if (settings().x == DIRICHLET) {
        // Exponential draws, brought to a sum of 1.
        for (var i = 0u; i < n_tasks; i++) {
            w[i] = -log(1.0 - w[i]);
        }
        share_out();
    } else {
        toss();
    }
}
