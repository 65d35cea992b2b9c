//! Surveys on the graphics device: tried where the experiment trains there, left to the CPU when anything goes wrong.

use super::Clock;
use super::ladder::Ladder;
use super::land::Land;
use crate::landscape::{Ground, Survey};
use crate::protocol::SurveyPortion;

#[cfg(feature = "gpu")]
use crate::backend::gpu::NodeLosses;

/// What one submit should take. The next one is twice as large after less than half of it, half as large after more.
#[cfg(feature = "gpu")]
const SUBMIT_MILLIS: f64 = 25.0;
/// How far the first point of a survey may be from the CPU's losses, relative: far more than sums in another order
/// make of small losses, far less than a driver that computes wrongly.
#[cfg(feature = "gpu")]
const SELF_TEST_TOLERANCE: f64 = 1e-2;

/// The device's part in the surveys of one subject.
#[derive(Default)]
pub struct GpuSurvey {
    #[cfg(feature = "gpu")]
    nodes: Option<Standing>,
    /// Why there is none for this subject, in a sentence.
    refused: Option<String>,
}

/// Losses on the device, and for how many rows.
#[cfg(feature = "gpu")]
struct Standing {
    nodes: NodeLosses,
    rows: usize,
    /// Points of the next submit.
    size: usize,
}

impl GpuSurvey {
    /// A portion of a survey that asks for the device; `None` where the CPU has to do it.
    pub async fn portion(
        &mut self,
        survey: &mut Survey,
        (land, ground, rows): (&Land, &mut Ground, usize),
        (ladder, clock): (&mut Ladder, &Clock),
    ) -> Option<SurveyPortion> {
        if !survey.wants_gpu() || self.refused.is_some() {
            return None;
        }
        match self.try_portion(survey, (land, ground, rows), (ladder, clock)).await {
            Ok(portion) => Some(portion),
            Err(why) => {
                *self = Self::default();
                self.refused = Some(why);
                None
            }
        }
    }

    /// Why the CPU does what this survey wants from the device.
    pub fn refused(&self, survey: &Survey) -> Option<String> {
        self.refused.clone().filter(|_| survey.wants_gpu())
    }

    #[cfg(not(feature = "gpu"))]
    async fn try_portion(
        &mut self,
        _: &mut Survey,
        _: (&Land, &mut Ground, usize),
        _: (&mut Ladder, &Clock),
    ) -> Result<SurveyPortion, String> {
        Err(super::ladder::NO_DEVICE.into())
    }

    #[cfg(feature = "gpu")]
    async fn try_portion(
        &mut self,
        survey: &mut Survey,
        (land, ground, rows): (&Land, &mut Ground, usize),
        (ladder, clock): (&mut Ladder, &Clock),
    ) -> Result<SurveyPortion, String> {
        let said = |error: crate::backend::BackendError| format!("{error}.");
        let Land::Rows(workload) = land else {
            return Err("Analytic problems are computed in 64-bit numbers.".into());
        };
        if self.nodes.as_ref().is_none_or(|standing| standing.rows != rows) {
            let device = ladder.device().await?;
            let nodes = NodeLosses::new(device, workload, rows).await.map_err(said)?;
            self.nodes = Some(Standing { nodes, rows, size: 1 });
        }
        let Some(Standing { nodes, size, .. }) = &mut self.nodes else {
            return Err("The graphics device has no room for it.".into());
        };
        let first = !survey.has_begun();
        if first {
            let plane = survey.plane();
            nodes.stand_on(&plane.origin, &plane.directions).map_err(said)?;
        }
        let places = survey.places((*size).min(nodes.most()));
        let started = clock();
        let losses = nodes.losses(&places).await.map_err(said)?;
        let millis = clock() - started;
        if first {
            // The products of the plane were waited for, too.
            self_test(ground, &places, &losses)?;
        } else if millis > SUBMIT_MILLIS {
            *size = (*size / 2).max(1);
        } else if millis < 0.5 * SUBMIT_MILLIS {
            *size = (*size * 2).min(nodes.most());
        }
        Ok(survey.tell(&losses))
    }
}

/// The first of these points on the CPU, too.
#[cfg(feature = "gpu")]
fn self_test(ground: &mut Ground, places: &[[f64; 2]], losses: &[f64]) -> Result<(), String> {
    let Some(place) = places.first() else { return Ok(()) };
    let mut exact = vec![0.0; ground.n_tasks()];
    ground.losses(*place, &mut exact);
    let near = |(ours, exact): (&f64, &f64)| {
        (ours - exact).abs() <= SELF_TEST_TOLERANCE * exact.abs() || !(ours.is_finite() || exact.is_finite())
    };
    if losses.iter().zip(&exact).all(near) {
        Ok(())
    } else {
        Err("The graphics device failed its self-test: the losses of a point are not the CPU’s.".into())
    }
}
