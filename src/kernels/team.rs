//! Several threads at one kernel. Who they are is not the kernels' business: they see a team that calls them.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

/// Threads that work on one kernel at a time.
pub trait Team: Debug + Send + Sync {
    /// How many, the caller among them: 1 to [`LARGEST`].
    fn size(&self) -> usize;

    /// Calls `part(0)`, …, `part(size − 1)`, each once; comes back when all of them have returned.
    fn call(&self, part: &(dyn Fn(usize) + Sync));
}

/// Most members of a team.
pub const LARGEST: usize = 16;

/// Below this many multiplications and additions a kernel is done before a second thread has begun.
const WORTH_SHARING: usize = 1 << 19;

/// The team, where a kernel of so many multiplications is worth one.
pub fn worth(team: Option<&dyn Team>, multiplications: usize) -> Option<&dyn Team> {
    team.filter(|team| team.size() > 1 && multiplications >= WORTH_SHARING)
}

/// Does `work` on each item, at most one item a member.
pub fn share<I: Send>(team: &dyn Team, mut items: impl Iterator<Item = I>, work: impl Fn(I) + Sync) {
    let slots: [Mutex<Option<I>>; LARGEST] = std::array::from_fn(|_| Mutex::new(items.next()));
    debug_assert!(items.next().is_none(), "more items than members");
    team.call(&|member| {
        // The item leaves the lock before the work begins.
        let item = slots[member].lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(item) = item {
            work(item);
        }
    });
}
