// Nash-MTL: the bargain in which every task gains alike, C x = 1/x, by damped Newton steps (src/balance/nash_mtl.rs).

var<private> members: array<u32, 16>;
var<private> x: array<f32, 16>;

// Solves the n equations in `system`, positive definite, by Cholesky's factor; `right` becomes the solution.
fn solve(n: u32, system: ptr<function, array<f32, 256>>, right: ptr<function, array<f32, 16>>) -> bool {
    for (var i = 0u; i < n; i++) {
        for (var j = 0u; j <= i; j++) {
            var sum = (*system)[i * n + j];
            for (var l = 0u; l < j; l++) {
                sum -= (*system)[i * n + l] * (*system)[j * n + l];
            }
            if (i > j) {
                (*system)[i * n + j] = sum / (*system)[j * n + j];
            } else if (sum > 0.0) {
                (*system)[i * n + i] = sqrt(sum);
            } else {
                return false;
            }
        }
    }
    for (var i = 0u; i < n; i++) {
        for (var j = 0u; j < i; j++) {
            (*right)[i] -= (*system)[i * n + j] * (*right)[j];
        }
        (*right)[i] /= (*system)[i * n + i];
    }
    for (var back = 0u; back < n; back++) {
        let i = n - 1u - back;
        for (var j = i + 1u; j < n; j++) {
            (*right)[i] -= (*system)[j * n + i] * (*right)[j];
        }
        (*right)[i] /= (*system)[i * n + i];
    }
    return true;
}

fn bargain(n: u32) -> bool {
    if (n == 2u) {
        // Both gain alike, and the sum keeps the digits of opposed rows that a system would lose.
        // NOISE times a 1 that compilers do not know, or they add it to the other 1 first.
        x[0] = inverseSqrt(1.0 + cosine(members[0], members[1]) + NOISE * cosine(members[0], members[0]));
        x[1] = x[0];
        return true;
    }
    for (var i = 0u; i < n; i++) {
        x[i] = 1.0 / sqrt(f32(n));
    }
    var last = 3e38;
    for (var turn = 0u; turn < 200u; turn++) {
        var system: array<f32, 256>;
        var step: array<f32, 16>;
        for (var i = 0u; i < n; i++) {
            var pull = NOISE * x[i];
            for (var j = 0u; j < n; j++) {
                let c = cosine(members[i], members[j]);
                pull += c * x[j];
                system[i * n + j] = x[i] * c * x[j];
            }
            system[i * n + i] += 1.0 + NOISE * x[i] * x[i];
            step[i] = 1.0 - x[i] * pull;
        }
        let slope = step;
        if (!solve(n, &system, &step)) {
            return false;
        }
        var square = 0.0;
        var longest = 1.0;
        for (var i = 0u; i < n; i++) {
            square += slope[i] * step[i];
        }
        let decrement = sqrt(max(square, 0.0));
        let damping = select(1.0, 1.0 / (1.0 + decrement), decrement > 0.25);
        for (var i = 0u; i < n; i++) {
            x[i] *= 1.0 + damping * step[i];
            longest = max(longest, x[i]);
        }
        // The system's entries carry rounding of this size; a shorter step would be made of nothing else.
        let rounding = 8.0 * f32(n) * 6e-8 * longest * longest;
        if (decrement <= rounding || (decrement < 1e-3 && decrement >= last)) {
            return true;
        }
        last = decrement;
    }
    return false;
}

fn weigh() {
    var n = 0u;
    for (var i = 0u; i < n_tasks; i++) {
        w[i] = 0.0;
        if (norms[i] > 0.0) {
            members[n] = i;
            n++;
        }
    }
    if (n == 0u) {
        return;
    }
    settled = bargain(n);
    var square = 0.0;
    for (var i = 0u; i < n; i++) {
        for (var j = 0u; j < n; j++) {
            square += x[i] * cosine(members[i], members[j]) * x[j];
        }
    }
    let size = sqrt(max(square, 0.0));
    let most = settings().x;
    let shorten = select(1.0, most / size, most > 0.0 && size > most);
    for (var i = 0u; i < n; i++) {
        w[members[i]] = shorten * x[i] / norms[members[i]];
    }
}
