//! A team of threads: natively those of the operating system, in the browser workers that share one memory.
//!
//! Members spin for some microseconds before they sleep, because the next kernel of a step follows at once. They
//! meet at two counters: calls, which a member compares with the last one it served, and those still at work, which
//! the caller sees fall to 0.

use crate::kernels::team::{LARGEST, Team};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Looks at a counter before a thread sleeps, some 30 µs. WebAssembly has no instruction that pauses.
const SPINS: u32 = if cfg!(target_arch = "wasm32") { 20_000 } else { 1_000 };

type Part = &'static (dyn Fn(usize) + Sync);

/// Threads that share the kernels of one caller at a time; it is one of them.
#[derive(Debug)]
pub struct Threads {
    shared: Arc<Shared>,
    /// A second caller waits until the first has its answer.
    leads: Mutex<()>,
}

#[derive(Default)]
struct Shared {
    call: AtomicU32,
    /// Members that still work on the call.
    left: AtomicUsize,
    /// Members that serve; the caller is not among them.
    joined: AtomicUsize,
    ended: AtomicBool,
    panicked: AtomicBool,
    part: Mutex<Option<Part>>,
    called: Condvar,
    returned: Condvar,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("joined", &self.joined).finish_non_exhaustive()
    }
}

/// A place in a team for the thread that will serve there.
#[derive(Debug)]
pub struct Seat(Arc<Shared>);

impl Threads {
    /// A team of the caller alone; those who take [`Self::seat`]s join it.
    pub fn alone() -> Self {
        Self { shared: Arc::default(), leads: Mutex::default() }
    }

    /// A team of `size` threads of the operating system, 1 to [`LARGEST`]; fewer where it starts no more.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn start(size: usize) -> Self {
        let team = Self::alone();
        for _ in 1..size.min(LARGEST) {
            let seat = team.seat();
            if std::thread::Builder::new().name("team".into()).spawn(move || seat.serve()).is_err() {
                break;
            }
        }
        while team.size() < Arc::strong_count(&team.shared) {
            std::thread::yield_now();
        }
        team
    }

    /// A place for one more thread.
    pub fn seat(&self) -> Seat {
        Seat(self.shared.clone())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let asleep = self.shared.part();
        self.shared.ended.store(true, Ordering::Release);
        drop(asleep);
        self.shared.called.notify_all();
    }
}

impl Team for Threads {
    fn size(&self) -> usize {
        1 + self.shared.joined.load(Ordering::Acquire)
    }

    fn call(&self, part: &(dyn Fn(usize) + Sync)) {
        let _leads = self.leads.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = &*self.shared;
        // SAFETY: `Returns` waits, whatever happens, until every member has returned from the part and takes it away
        // before the borrow ends; members read it only between the two.
        let lasting = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Part>(part) };
        {
            let mut place = shared.part();
            *place = Some(lasting);
            shared.left.store(shared.joined.load(Ordering::Acquire), Ordering::Release);
            shared.call.fetch_add(1, Ordering::Release);
        }
        shared.called.notify_all();
        let returns = Returns(shared);
        part(0);
        drop(returns);
        assert!(!shared.panicked.swap(false, Ordering::AcqRel), "a thread of the team panicked");
    }
}

/// Waits at its end until nobody works on the call any more.
struct Returns<'a>(&'a Shared);

impl Drop for Returns<'_> {
    fn drop(&mut self) {
        let working = || self.0.left.load(Ordering::Acquire) > 0;
        spin(working);
        let mut place = self.0.part();
        while working() {
            place = self.0.returned.wait(place).unwrap_or_else(PoisonError::into_inner);
        }
        *place = None;
    }
}

impl Seat {
    /// Serves until the team is dropped.
    pub fn serve(self) {
        let shared = &*self.0;
        let (member, mut served) = {
            // No call begins while the lock is held.
            let place = shared.part();
            let served = shared.call.load(Ordering::Acquire);
            let member = shared.joined.load(Ordering::Acquire) + 1;
            if member >= LARGEST {
                return;
            }
            shared.joined.store(member, Ordering::Release);
            drop(place);
            (member, served)
        };
        while let Some((call, part)) = shared.next(served) {
            served = call;
            if catch_unwind(AssertUnwindSafe(|| part(member))).is_err() {
                shared.panicked.store(true, Ordering::Release);
            }
            if shared.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                drop(shared.part());
                shared.returned.notify_one();
            }
        }
    }
}

impl Shared {
    fn part(&self) -> MutexGuard<'_, Option<Part>> {
        self.part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The call after `served`, once there is one; `None` when there will be none.
    fn next(&self, served: u32) -> Option<(u32, Part)> {
        let idle = || self.call.load(Ordering::Acquire) == served && !self.ended.load(Ordering::Acquire);
        spin(idle);
        let mut place = self.part();
        while idle() {
            place = self.called.wait(place).unwrap_or_else(PoisonError::into_inner);
        }
        Some((self.call.load(Ordering::Acquire), (*place)?))
    }
}

/// Looks again and again while `goes_on`, for a short time.
fn spin(goes_on: impl Fn() -> bool) {
    for _ in 0..SPINS {
        if !goes_on() {
            return;
        }
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::team::share;

    #[test]
    fn every_part_is_called_once_by_a_thread_of_its_own() {
        let team = Threads::start(4);
        assert_eq!(team.size(), 4);
        for round in 0..2_000 {
            let callers: [Mutex<Option<std::thread::ThreadId>>; 4] = Default::default();
            team.call(&|member| {
                let before = callers[member].lock().unwrap().replace(std::thread::current().id());
                assert_eq!(before, None, "member {member} in round {round}");
            });
            let callers = callers.map(|caller| caller.into_inner().unwrap().unwrap());
            assert_eq!(callers[0], std::thread::current().id());
            for (at, caller) in callers.iter().enumerate() {
                assert!(!callers[..at].contains(caller), "round {round}");
            }
        }
    }

    #[test]
    fn items_are_shared_and_nothing_is_left_of_them() {
        let team = Threads::start(3);
        let mut numbers = vec![1_u64; 1_000];
        for _ in 0..500 {
            share(&team, numbers.chunks_mut(334), |chunk| chunk.iter_mut().for_each(|x| *x += 1));
        }
        assert!(numbers.iter().all(|&x| x == 501));
    }

    #[test]
    fn callers_from_several_threads_take_turns() {
        let team = Threads::start(2);
        let sum = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..300 {
                        team.call(&|member| {
                            sum.fetch_add(member + 1, Ordering::Relaxed);
                        });
                    }
                });
            }
        });
        assert_eq!(sum.into_inner(), 3 * 300 * 3);
    }

    #[test]
    fn a_panic_of_a_member_is_the_callers() {
        let team = Threads::start(2);
        let fails = |member: usize| assert!(member == 0, "on purpose");
        assert!(catch_unwind(AssertUnwindSafe(|| team.call(&fails))).is_err());
        let served = AtomicUsize::new(0);
        team.call(&|_| {
            served.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(served.into_inner(), 2, "the team goes on");
    }

    #[test]
    fn who_is_alone_does_everything() {
        let team = Threads::alone();
        let served = AtomicUsize::new(0);
        team.call(&|_| {
            served.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!((team.size(), served.into_inner()), (1, 1));
    }
}
