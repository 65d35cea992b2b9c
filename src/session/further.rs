//! Further seeds of an experiment: the same runs and references again, kept only as far as medians and bands need.
//!
//! Networks are trained one after the other here, on a GPU many at once, and at the same time by whoever helps; each
//! depends on its seed alone, so it does not matter where. A seed that is not complete is told to nobody, and none
//! before those in front of it, so seeds that are compared have all gone equally far and come in the same order
//! wherever they were trained.

use super::Clock;
use super::convoy::{self, Convoy};
use super::network::{Surroundings, UnderWay};
use super::workshop::Workshop;
use crate::protocol::{Network, Outline, SeedCurves, SeedRecord};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The seeds behind the first.
pub struct FurtherSeeds {
    workshop: Workshop,
    first: u32,
    /// Seeds asked for and complete, the first among them.
    of: u32,
    trained: u32,
    /// Networks that nobody has begun: how many of all were handed out, and those that came back.
    handed_out: u32,
    returned: Vec<Network>,
    /// The network that is trained here.
    current: Option<(Network, UnderWay)>,
    /// Those that a device trains together.
    convoy: Option<Convoy>,
    /// Networks of a seed (by their place in it) that are trained alone, as far as that is known.
    alone: BTreeSet<u32>,
    /// What is told of networks of seeds that are not complete.
    known: BTreeMap<Network, SeedCurves>,
    /// Complete seeds that were told to nobody yet.
    ready: Vec<SeedRecord>,
    stopped: bool,
}

impl FurtherSeeds {
    pub fn new(workshop: Workshop, first: u32, of: u32) -> Self {
        Self {
            workshop,
            first,
            of: of.max(1),
            trained: 1,
            handed_out: 0,
            returned: Vec::new(),
            current: None,
            convoy: None,
            alone: BTreeSet::new(),
            known: BTreeMap::new(),
            ready: Vec::new(),
            stopped: false,
        }
    }

    /// Looks at every manifold at this preference from now on.
    pub fn prefer(&mut self, preference: &[f64]) {
        self.workshop.prefer(preference);
        if let Some((_, current)) = &mut self.current {
            current.prefer(preference);
        }
    }

    pub fn finished(&self) -> bool {
        self.stopped || self.trained >= self.of
    }

    pub fn trained(&self) -> u32 {
        self.trained
    }

    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// Trains no more; seeds that were under way are lost.
    pub fn stop(&mut self) {
        if self.trained < self.of {
            self.stopped = true;
            self.current = None;
            self.convoy = None;
            self.known.clear();
            self.returned.clear();
        }
    }

    fn networks_of_a_seed(&self) -> u32 {
        (self.workshop.n_runs() + self.workshop.n_tasks()) as u32
    }

    /// Networks that nobody has begun.
    pub fn waiting(&self) -> usize {
        if self.finished() {
            return 0;
        }
        let all = (self.of - 1) * self.networks_of_a_seed();
        (all - self.handed_out) as usize + self.returned.len()
    }

    /// Whether there is a network to train here, now.
    pub fn has_work(&self) -> bool {
        self.current.is_some() || self.convoy.is_some() || self.waiting() > 0
    }

    /// The next network for whoever asks: what somebody could not train comes first.
    pub fn hand_out(&mut self) -> Option<Network> {
        if self.waiting() == 0 {
            return None;
        }
        self.returned.pop().or_else(|| {
            let (number, n) = (self.handed_out, self.networks_of_a_seed());
            self.handed_out += 1;
            Some(Network { seed: self.first.wrapping_add(1 + number / n), at: number % n })
        })
    }

    /// Networks that somebody was to train and will not.
    pub fn take_back(&mut self, networks: impl IntoIterator<Item = Network>) {
        if !self.finished() {
            self.returned.extend(networks);
            let first = self.first;
            // The last of the list is the first to be handed out again.
            self.returned.sort_unstable_by_key(|known| Reverse((known.seed.wrapping_sub(first), known.at)));
        }
    }

    /// What is told of a network that is complete.
    pub fn complete(&mut self, network: Network, curves: SeedCurves) {
        if self.finished() {
            return;
        }
        self.known.insert(network, curves);
        let n = self.networks_of_a_seed();
        while self.trained < self.of {
            let seed = self.first.wrapping_add(self.trained);
            let of_seed = Network { seed, at: 0 }..Network { seed, at: n };
            if self.known.range(of_seed).count() < n as usize {
                break;
            }
            let mut curves = (0..n).filter_map(|at| self.known.remove(&Network { seed, at }));
            let runs = curves.by_ref().take(self.workshop.n_runs()).collect();
            let references = curves.collect();
            self.ready.push(SeedRecord { seed, runs, references });
            self.trained += 1;
        }
    }

    /// Whether there are complete seeds that were told to nobody.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// They.
    pub fn take_ready(&mut self) -> Vec<SeedRecord> {
        std::mem::take(&mut self.ready)
    }

    /// How much of all further seeds is done, in [0, 1], by steps of networks; `elsewhere` is what was done of networks
    /// that others train, in networks.
    pub fn share(&self, steps: u32, elsewhere: f64) -> f64 {
        let here = self.current.as_ref().map_or(0.0, |(_, current)| current.share(steps))
            + self.convoy.as_ref().map_or(0.0, |convoy| convoy.share(steps));
        let of_seeds = (self.known.len() as f64 + here + elsewhere) / f64::from(self.networks_of_a_seed());
        (f64::from(self.trained - 1) + of_seeds) / f64::from((self.of - 1).max(1))
    }

    /// Lets a device train together what can go together of whole seeds that wait.
    ///
    /// # Errors
    /// Why the device cannot go on.
    async fn set_out(&mut self, outline: &Outline) -> Result<(), String> {
        if !self.workshop.is_on_device() {
            return Ok(());
        }
        let seeds = (convoy::MOST / self.workshop.n_runs()).max(1);
        let most = seeds * self.networks_of_a_seed() as usize;
        let (mut members, mut aside) = (Vec::new(), Vec::new());
        while members.len() < most
            && let Some(network) = self.hand_out()
        {
            if !self.alone.contains(&network.at) {
                let member = UnderWay::new(&self.workshop, outline, network)?;
                if member.companion().is_some() {
                    members.push((network, member));
                    continue;
                }
                self.alone.insert(network.at);
            }
            aside.push(network);
        }
        let (convoy, left) = Convoy::form(members).await?;
        self.convoy = convoy;
        self.alone.extend(left.iter().map(|network| network.at));
        self.take_back(aside.into_iter().chain(left));
        Ok(())
    }

    /// One step of the network that is trained here, or a portion of its front.
    ///
    /// # Errors
    /// Why the device cannot go on.
    pub async fn advance(
        &mut self,
        surroundings: Surroundings<'_>,
        theta: &mut Vec<f32>,
        clock: &Clock,
    ) -> Result<(), String> {
        if self.current.is_none() && self.convoy.is_none() {
            self.set_out(surroundings.0).await?;
        }
        if let Some(convoy) = &mut self.convoy {
            convoy.advance((surroundings.0, surroundings.1)).await?;
            if let Some(convoy) = self.convoy.take_if(|convoy| convoy.is_complete()) {
                convoy.into_curves().for_each(|(network, curves)| self.complete(network, curves));
            }
            return Ok(());
        }
        if self.current.is_none()
            && let Some(network) = self.hand_out()
        {
            self.current = Some((network, UnderWay::new(&self.workshop, surroundings.0, network)?));
        }
        let Some((network, current)) = &mut self.current else { return Ok(()) };
        if current.advance(surroundings, theta, clock).await? {
            let network = *network;
            if let Some((_, current)) = self.current.take() {
                self.complete(network, current.into_curves());
            }
        }
        Ok(())
    }
}
