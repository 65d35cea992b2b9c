//! GradDrop (Chen et al. 2020): each coordinate keeps the entries of one sign, drawn by sign purity.
//!
//! Purity Pₚ = ½(1 + Σᵢgᵢₚ/Σᵢ|gᵢₚ|); with U ~ U(0, 1) positive entries stay if Pₚ > U, negative ones if
//! Pₚ ≤ U; entries that are dropped leak with factor ℓ. Acts on parameter gradients (the paper: on the
//! gradients of a representation, see `graddrop_ub`). Coordinates where all entries are 0 stay 0.

use super::{Build, Kind, Knob, KnobScale, Method, Promise, RowsKernel, RowsMethod, Setup, Source, StepContext, Venue};

pub const METHOD: Method = Method {
    id: "graddrop",
    label: "GradDrop",
    gloss: "sign dropout",
    optimizes: "In every coordinate the tasks that agree with a drawn sign are kept and the others dropped; the more one sign prevails, the surer it wins.",
    choose: "When tasks disagree in some coordinates only and noise is welcome where they do: the noise vanishes where they agree.",
    avoid: "When tasks differ in gradient size, or a trade-off has to be held: large entries decide the sign, the mean over all draws is the plain sum, and between two opposed gradients the update does not rest.",
    pitfalls: "The paper and LibMTL drop signs in the gradients of a representation, TorchJD in those of the parameters. This implementation acts on the parameters' gradients, with a draw of its own for every coordinate and step; what is dropped can leak through by a factor, 0 unless set. GradDrop at features has the paper's place.",
    promises: &[Promise::OrderFree, Promise::Linear],
    source: Source {
        authors: &[
            "Zhao Chen",
            "Jiquan Ngiam",
            "Yanping Huang",
            "Thang Luong",
            "Henrik Kretzschmar",
            "Yuning Chai",
            "Dragomir Anguelov",
        ],
        title: "Just Pick a Sign: Optimizing Deep Multitask Models with Gradient Sign Dropout",
        venue: Venue::Proceedings("NeurIPS"),
        year: 2020,
        link: "https://arxiv.org/abs/2010.06808",
    },
    kind: Kind::GradientSurgery,
    knobs: &[Knob {
        name: "leak",
        label: "leak of dropped entries",
        default: 0.0,
        min: 0.0,
        max: 1.0,
        scale: KnobScale::Linear,
    }],
    needs: &[],
    same_direction_k2: &[],
    build: Build::Rows(|setup| Box::new(GradDrop::new(setup))),
};

/// Leaks, and room for a column.
pub struct GradDrop {
    leaks: Vec<f64>,  // (K)
    column: Vec<f64>, // (K)
}

impl GradDrop {
    pub fn new(setup: &Setup) -> Self {
        Self { leaks: vec![setup.knobs[0]; setup.n_tasks], column: vec![0.0; setup.n_tasks] }
    }
}

impl RowsMethod for GradDrop {
    fn kernel(&self) -> Option<RowsKernel> {
        let leak = self.leaks.first().map_or(0.0, |&leak| leak as f32);
        let source = shader!("graddrop");
        Some(RowsKernel { name: METHOD.id, source, settings: [leak, 0.0, 0.0, 0.0] })
    }

    fn begin(&mut self, _ctx: &StepContext<'_>, _n_shared: usize) {}

    fn direction(&mut self, ctx: &StepContext<'_>, first: usize, rows: &[&[f64]], out: &mut [f64]) {
        let draws = ctx.draws();
        for (p, out) in out.iter_mut().enumerate() {
            for (entry, row) in self.column.iter_mut().zip(rows) {
                *entry = row[p];
            }
            *out = coordinate(&self.column, draws.uniform((first + p) as u64), &self.leaks);
        }
    }
}

/// One coordinate of d from the K entries of its column, the draw `u` in [0, 1) and leaks (K).
pub fn coordinate(column: &[f64], u: f64, leaks: &[f64]) -> f64 {
    let total: f64 = column.iter().sum();
    let size: f64 = column.iter().map(|g| g.abs()).sum();
    if size == 0.0 {
        return 0.0;
    }
    let purity = 0.5 * (1.0 + total / size);
    column
        .iter()
        .zip(leaks)
        .map(|(&g, &leak)| {
            let kept = (g > 0.0 && purity > u) || (g < 0.0 && purity <= u);
            if kept { g } else { leak * g }
        })
        .sum()
}
