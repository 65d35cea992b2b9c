//! Which family of matrix products a device uses: the faster one by the clock it is handed, measured once.

use crate::twins::open;
use paretoscope::backend::gpu::Family;
use pollster::block_on;
use std::cell::Cell;

#[test]
fn the_faster_family_is_used_and_measured_once() {
    for slow in Family::ALL {
        let Some(device) = open() else { return };
        let (now, looks) = (Cell::new(0.0), Cell::new(0.0));
        // A clock by which products with one family take ten times as long.
        let clock = || {
            looks.set(looks.get() + 1.0);
            let each = if device.lanes().family == slow { 100.0 } else { 10.0 };
            now.set(now.get() + looks.get() * each);
            now.get()
        };
        let tuning = block_on(device.tune(&clock)).expect("both families are timed");
        assert_ne!(tuning.family, slow, "{tuning:?}");
        assert_eq!(tuning.family, device.lanes().family);
        assert_eq!(tuning.millis.map(|millis| millis.is_some_and(|millis| millis > 0.0)), [true; 2], "{tuning:?}");
        let sentence = tuning.sentence();
        assert!(sentence.starts_with(tuning.family.name()) && sentence.contains(slow.name()), "{sentence}");
        let (dispatches, looked) = (device.dispatches(), looks.get());
        assert_eq!(block_on(device.tune(&clock)), Ok(tuning));
        assert_eq!((device.dispatches(), looks.get()), (dispatches, looked), "it was measured again");
    }
}
