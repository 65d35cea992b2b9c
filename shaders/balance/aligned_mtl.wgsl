// Aligned-MTL: gradients replaced by the nearest orthogonal ones of one length (src/balance/aligned_mtl.rs).

const LEAST: f32 = 0.0;
const MEDIAN: f32 = 1.0;

fn weigh() {
    find_members();
    let n = n_members;
    for (var i = 0u; i < n_tasks; i++) {
        w[i] = select(0.0, preference(i), n == 0u);
    }
    if (n == 0u) {
        return;
    }
    let rank = find_rank();
    truncate(rank);
    var kept: array<f32, 16>;
    var count = 0u;
    var sum = 0.0;
    for (var l = 0u; l < n; l++) {
        let value = eigen_a[l * n + l];
        if (value > 0.0) {
            // Sorted as they come.
            var at = count;
            while (at > 0u && kept[at - 1u] > value) {
                kept[at] = kept[at - 1u];
                at--;
            }
            kept[at] = value;
            count++;
            sum += value;
        }
    }
    var scale = sum / f32(max(count, 1u));
    if (settings().x == LEAST) {
        scale = kept[0];
    } else if (settings().x == MEDIAN) {
        scale = kept[(max(count, 1u) - 1u) / 2u];
    }
    for (var l = 0u; l < n; l++) {
        let value = eigen_a[l * n + l];
        if (value > 0.0) {
            var along = 0.0;
            for (var i = 0u; i < n; i++) {
                along += eigen_v[i * n + l] * preference(members[i]);
            }
            for (var i = 0u; i < n; i++) {
                w[members[i]] += sqrt(scale / value) * along * eigen_v[i * n + l];
            }
        }
    }
}
