// Projection onto the cone of K vectors, from their products alone (src/balance/solve/cone.rs), in f32.

// min 1/2 z'Az - b'z over z >= 0; A (K, K) with a diagonal near 1.
var<private> cone_a: array<f32, 256>;
var<private> cone_b: array<f32, 16>;
var<private> cone_z: array<f32, 16>;
var<private> aim: array<f32, 16>;
var<private> factor: array<f32, 256>;

fn has(those: u32, i: u32) -> bool {
    return ((those >> i) & 1u) == 1u;
}

// Solves A z = b on the passive variables; false where they are dependent.
fn solve_on(passive: u32) -> bool {
    var members: array<u32, 16>;
    var right: array<f32, 16>;
    var n = 0u;
    for (var i = 0u; i < n_tasks; i++) {
        aim[i] = 0.0;
        if (has(passive, i)) {
            members[n] = i;
            right[n] = cone_b[i];
            n++;
        }
    }
    for (var i = 0u; i < n; i++) {
        for (var j = 0u; j <= i; j++) {
            var sum = cone_a[members[i] * n_tasks + members[j]];
            for (var l = 0u; l < j; l++) {
                sum -= factor[i * n + l] * factor[j * n + l];
            }
            if (i > j) {
                factor[i * n + j] = sum / factor[j * n + j];
            } else if (sum > NOISE) {
                factor[i * n + i] = sqrt(sum);
            } else {
                return false;
            }
        }
    }
    for (var i = 0u; i < n; i++) {
        for (var j = 0u; j < i; j++) {
            right[i] -= factor[i * n + j] * right[j];
        }
        right[i] /= factor[i * n + i];
    }
    for (var back = 0u; back < n; back++) {
        let i = n - 1u - back;
        for (var j = i + 1u; j < n; j++) {
            right[i] -= factor[j * n + i] * right[j];
        }
        right[i] /= factor[i * n + i];
        aim[members[i]] = right[i];
    }
    return true;
}

// The variable whose increase lowers the objective fastest, if by more than rounding; K where there is none.
fn steepest(passive: u32, barred: u32) -> u32 {
    var best = n_tasks;
    var best_slope = 0.0;
    for (var j = 0u; j < n_tasks; j++) {
        if (has(passive | barred, j)) {
            continue;
        }
        var slope = cone_b[j];
        var size = abs(cone_b[j]);
        for (var i = 0u; i < n_tasks; i++) {
            let part = cone_a[j * n_tasks + i] * cone_z[i];
            slope -= part;
            size += abs(part);
        }
        if (slope > NOISE * size && slope > best_slope) {
            best_slope = slope;
            best = j;
        }
    }
    return best;
}

// Leaves the minimizer in cone_z; false where it stopped at its limit.
fn project_on_cone() -> bool {
    var passive = 0u;
    var barred = 0u;
    for (var i = 0u; i < n_tasks; i++) {
        cone_z[i] = 0.0;
    }
    for (var exchange = 0u; exchange < 256u; exchange++) {
        let entering = steepest(passive, barred);
        if (entering == n_tasks) {
            return true;
        }
        passive |= 1u << entering;
        if (!solve_on(passive) || aim[entering] <= 0.0) {
            // A direction the others span already; what it promised was rounding.
            passive &= ~(1u << entering);
            barred |= 1u << entering;
            continue;
        }
        barred = 0u;
        // Every turn takes one variable out.
        for (var turn = 0u; turn < 17u; turn++) {
            var leaving = n_tasks;
            var share = 2.0;
            for (var i = 0u; i < n_tasks; i++) {
                if (has(passive, i) && aim[i] <= 0.0) {
                    let own = cone_z[i] / (cone_z[i] - aim[i]);
                    if (own < share) {
                        share = own;
                        leaving = i;
                    }
                }
            }
            if (leaving == n_tasks) {
                cone_z = aim;
                break;
            }
            for (var i = 0u; i < n_tasks; i++) {
                cone_z[i] += share * (aim[i] - cone_z[i]);
            }
            cone_z[leaving] = 0.0;
            passive &= ~(1u << leaving);
            if (!solve_on(passive)) {
                return false;
            }
        }
    }
    return false;
}
