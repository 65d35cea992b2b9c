// CAGrad: the direction in a ball around the mean that helps the worst task most (src/balance/cagrad.rs).

var<private> lengths: array<f32, 16>;     // of the longest row
var<private> along_mean: array<f32, 16>;  // of unit rows
var<private> mean: f32;

// w of the shortest vector of the hull of g_i + tau g_0; returns the length of w'G.
fn hull(tau: f32) -> f32 {
    let k = n_tasks;
    var products: array<f32, 256>;
    var own: array<f32, 16>;
    for (var i = 0u; i < k; i++) {
        for (var j = 0u; j < k; j++) {
            let shift = lengths[i] * along_mean[i] + lengths[j] * along_mean[j];
            products[i * k + j] = lengths[i] * lengths[j] * cosine(i, j) + tau * shift + tau * tau * mean * mean;
        }
        own[i] = sqrt(max(products[i * k + i], 0.0));
    }
    for (var i = 0u; i < k; i++) {
        for (var j = 0u; j < k; j++) {
            let both = own[i] * own[j];
            let angle = select(0.0, clamp(products[i * k + j] / both, -1.0, 1.0), both > 0.0);
            products[i * k + j] = select(angle, 1.0, i == j);
        }
    }
    settled = true;
    shortest(&own, &products);
    // Where the shifted hull holds 0, g_w is -tau g_0; products would say so only within their rounding.
    var shifted = 0.0;
    var size = 0.0;
    for (var i = 0u; i < k; i++) {
        size += w[i] * own[i];
        for (var j = 0u; j < k; j++) {
            shifted += w[i] * own[i] * w[j] * own[j] * products[i * k + j];
        }
    }
    if (shifted <= NOISE * size * size) {
        return tau * mean;
    }
    var square = 0.0;
    for (var i = 0u; i < k; i++) {
        for (var j = 0u; j < k; j++) {
            square += w[i] * lengths[i] * w[j] * lengths[j] * cosine(i, j);
        }
    }
    return sqrt(max(square, 0.0));
}

fn weigh() {
    let k = n_tasks;
    let even = 1.0 / f32(k);
    let c = settings().x;
    var longest = 1e-38;
    for (var i = 0u; i < k; i++) {
        longest = max(longest, norms[i]);
    }
    for (var i = 0u; i < k; i++) {
        lengths[i] = norms[i] / longest;
    }
    var square = 0.0;
    for (var i = 0u; i < k; i++) {
        along_mean[i] = 0.0;
        for (var j = 0u; j < k; j++) {
            along_mean[i] += even * cosine(i, j) * lengths[j];
        }
        square += even * lengths[i] * along_mean[i];
    }
    mean = sqrt(max(square, 0.0));
    var shrink = 1.0;
    if (settings().y == 1.0) {
        shrink = 1.0 / (1.0 + c * c);
    } else if (settings().y == 2.0) {
        shrink = 1.0 / (1.0 + c);
    }
    if (mean <= NOISE || c == 0.0) {
        for (var i = 0u; i < k; i++) {
            w[i] = even * shrink;
        }
        return;
    }
    // tau in its logarithm, where both sides of |g_w| = tau c |g_0| are smooth.
    let reach = c * mean;
    var high = log(1.01 / reach);
    var low = high - 40.0;
    var at_low = log(max(hull(exp(low)), 1e-30) / reach) - low;
    var at_high = log(max(hull(exp(high)), 1e-30) / reach) - high;
    var length = 0.0;
    if (at_low > 0.0) {
        var side = 0;
        for (var turn = 0u; turn < 60u; turn++) {
            let secant = (low * at_high - high * at_low) / (at_high - at_low);
            let middle = select(0.5 * (low + high), secant, secant > low && secant < high);
            length = hull(exp(middle));
            let value = log(max(length, 1e-30) / reach) - middle;
            if (abs(value) < 2e-7 || high - low < 1e-6 * max(abs(low), 1.0)) {
                break;
            }
            // Illinois: the end that stays twice in a row counts half.
            if (value > 0.0) {
                low = middle;
                at_low = value;
                at_high *= select(1.0, 0.5, side == 1);
                side = 1;
            } else {
                high = middle;
                at_high = value;
                at_low *= select(1.0, 0.5, side == -1);
                side = -1;
            }
        }
    }
    for (var i = 0u; i < k; i++) {
        if (length > 0.0) {
            w[i] = shrink * (even + c * mean / length * w[i]);
        } else {
            w[i] = select(0.0, even * shrink, c < 1.0);
        }
    }
}
