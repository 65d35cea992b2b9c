//! Help: the keys, and what each plot says.

use super::page::use_page;
use crate::plots::PLOTS;
use leptos::prelude::*;

const KEYS: [(&[&str], &str); 11] = [
    (&["Space"], "play or pause"),
    (&["←", "→"], "one step back or on; with Shift, ten"),
    (&["Home", "End"], "first or last step"),
    (&["[", "]"], "event before or next: first conflict, change of sign, divergence, your edits"),
    (&["R"], "back to step 0, same seed"),
    (&["N"], "new seed"),
    (&["Ctrl+Z", "Ctrl+Shift+Z"], "undo or redo an edit"),
    (&["?"], "this help"),
    (&["Esc"], "close what is open, leave a plot"),
    (&["Tab", "← →"], "in a plot: read it step by step; Enter moves the cursor there"),
    (&["↑", "↓"], "in the view inside the network: choose a layer or a row"),
];

#[component]
pub fn Words() -> impl IntoView {
    let page = use_page();
    view! {
            <p class="soft">
                "One network is trained on several tasks at once, by several methods from the same start on the same batches. A method decides how the tasks’ gradients become one step. The violet line is the step you look at; moving it never trains anything again."
            </p>
            <p class="soft">
                "Arrows, cosines and the common-descent cone are first-order statements about one step: a step of finite length can do otherwise. Do not pick a method by one picture or one seed."
            </p>
            <p class="links">
                <a href="choose/" target="_blank">
                    "How to choose a method"
                </a>
                <a href="methods/" target="_blank">
                    "Table of all methods"
                </a>
            </p>
            <h3>"Keys"</h3>
            <dl class="keys">
                {KEYS
                    .map(|(keys, words)| {
                        view! {
                            <dt>{keys.iter().map(|key| view! { <kbd>{*key}</kbd> " " }).collect_view()}</dt>
                            <dd>{words}</dd>
                        }
                    })
                    .collect_view()}
            </dl>
            <h3>"The plots, in words"</h3>
            {move || {
                PLOTS
                    .iter()
                    .map(|plot| {
                        let summary = page.with_scene(|scene| (plot.summary)(scene));
                        view! {
                            <p>
                                <b>{plot.title}</b>
                                " "
                                <span class="soft">{summary}</span>
                            </p>
                        }
                    })
                    .collect_view()
            }}
    }
}
