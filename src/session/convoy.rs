//! Networks of further seeds that a device trains together: their steps go in the same dispatches.
//!
//! Only the device's part is common. Every network keeps its trainer, which is told what the device did of its steps,
//! and records, judges and ends as one that goes alone.

use super::experiment::{Material, next_due};
use super::network::UnderWay;
use crate::backend::{Backend, BackendError, Fleet};
use crate::protocol::{Network, Outline, SeedCurves};
use std::collections::VecDeque;

/// Networks of one workload that go together at most.
pub const MOST: usize = 32;
/// Fewer of them leave cores without work and are as fast alone.
const FEWEST: usize = 3;

/// Those under way.
pub struct Convoy {
    groups: Vec<Group>,
    /// Of which network (group and place) the next steps are that the device has done and nobody was told of.
    told: VecDeque<(usize, usize)>,
}

/// Networks of one workload.
struct Group {
    fleet: Fleet,
    members: Vec<(Network, UnderWay)>,
    /// Where each of them was before the steps that the device has done; empty where nobody looks.
    theta: Vec<Vec<f32>>,
}

impl Convoy {
    /// Lets those go together that can, and names the others.
    ///
    /// # Errors
    /// Why the device cannot go on.
    pub async fn form(members: Vec<(Network, UnderWay)>) -> Result<(Option<Self>, Vec<Network>), String> {
        let mut workloads: Vec<Vec<(Network, UnderWay)>> = Vec::new();
        for member in members {
            match workloads.iter_mut().find(|known| known[0].1.targets() == member.1.targets()) {
                Some(known) => known.push(member),
                None => workloads.push(vec![member]),
            }
        }
        let (mut groups, mut alone) = (Vec::new(), Vec::new());
        for members in workloads {
            match form_fleet(&members).await? {
                Some(fleet) => groups.push(Group { fleet, members, theta: Vec::new() }),
                None => alone.extend(members.into_iter().map(|(network, _)| network)),
            }
        }
        let convoy = (!groups.is_empty()).then(|| Self { groups, told: VecDeque::new() });
        Ok((convoy, alone))
    }

    /// How much of their training is done, in networks.
    pub fn share(&self, steps: u32) -> f64 {
        self.members().map(|network| network.share(steps)).sum()
    }

    /// Whether all of them are trained.
    pub fn is_complete(&self) -> bool {
        self.members().all(UnderWay::is_trained)
    }

    /// What is told of them, once they are.
    pub fn into_curves(self) -> impl Iterator<Item = (Network, SeedCurves)> {
        let members = self.groups.into_iter().flat_map(|group| group.members);
        members.map(|(network, under_way)| (network, under_way.into_curves()))
    }

    fn members(&self) -> impl Iterator<Item = &UnderWay> {
        self.groups.iter().flat_map(|group| &group.members).map(|(_, network)| network)
    }

    /// One step of one network; before it as many of all as go until somebody looks at weights.
    ///
    /// # Errors
    /// Why the device cannot go on.
    pub async fn advance(&mut self, of: (&Outline, &Material)) -> Result<(), String> {
        if self.told.is_empty() {
            self.go_ahead(of).await.map_err(|error| error.to_string())?;
        }
        let Some((group, at)) = self.told.pop_front() else { return Ok(()) };
        let Group { members, theta, .. } = &mut self.groups[group];
        members[at].1.follow(of, theta.get(at)).await
    }

    async fn go_ahead(&mut self, of: (&Outline, &Material)) -> Result<(), BackendError> {
        // Those that diverged stay where they were; all others are equally far.
        let Some(first) = self.members().filter(|network| !network.is_trained()).map(UnderWay::next_step).max() else {
            return Ok(());
        };
        let looks = self.members().any(|network| network.is_looked_at(of));
        let steps = of.0.steps;
        let end = next_due(first, of.0.evaluate_every, steps).clamp(first + 1, steps + 1);
        let most = self.groups.iter().map(|group| group.fleet.most_steps()).min().unwrap_or(1);
        let n = (end - first).min(most as u32);
        for Group { fleet, members, theta } in &mut self.groups {
            *theta = if looks { fleet.parameters().await? } else { Vec::new() };
            let rows: Vec<u32> = members.iter().flat_map(|(_, network)| network.rows(first..first + n)).collect();
            fleet.send(&rows, &members[0].1.learning_rates(first..first + n), first + n > steps)?;
        }
        for (group, Group { fleet, members, .. }) in self.groups.iter_mut().enumerate() {
            let told = fleet.receive().await?;
            for (at, ((_, network), told)) in members.iter_mut().zip(told).enumerate() {
                if !network.is_trained() {
                    self.told.extend(told.iter().map(|_| (group, at)));
                    network.hear(told);
                }
            }
        }
        Ok(())
    }
}

/// `None` where they are better or only trained one by one.
async fn form_fleet(members: &[(Network, UnderWay)]) -> Result<Option<Fleet>, String> {
    let runs: Vec<_> = members.iter().filter_map(|(_, network)| network.companion()).collect();
    if members.len() < FEWEST || runs.len() < members.len() {
        return Ok(None);
    }
    match Backend::together(&runs).await {
        Ok(fleet) => Ok(fleet),
        // A driver or a memory that refuses many may take one.
        Err(BackendError::Refused(_)) => Ok(None),
        Err(error @ BackendError::Lost(_)) => Err(error.to_string()),
    }
}
