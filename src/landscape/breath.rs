//! Long work in pieces: whoever polls it decides after every piece whether it goes on now or later.

use std::future::poll_fn;
use std::task::Poll;

/// Ends a piece. Work that is simply awaited goes on at once.
pub async fn breathe() {
    let mut taken = false;
    poll_fn(|context| {
        if taken {
            return Poll::Ready(());
        }
        taken = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
