//! Whose data it is and under which license, from the data files' own headers.

use super::page::use_page;
use leptos::prelude::*;

#[component]
pub fn Attribution() -> impl IntoView {
    let page = use_page();
    let credits = Memo::new(move |_| page.history.with(|history| history.outline.attribution.clone()));
    move || {
        let credits = credits.get();
        (!credits.is_empty()).then(|| {
            let entries = credits
                .into_iter()
                .map(|credit| {
                    // An address from a file becomes a link only if it can be nothing but one.
                    let license = if credit.license_url.starts_with("https://") {
                        view! {
                            <a href=credit.license_url rel="noopener noreferrer license" target="_blank">
                                {credit.license}
                            </a>
                        }
                            .into_any()
                    } else {
                        credit.license.into_any()
                    };
                    view! {
                        <div class="attr note">
                            <p>
                                {credit.title} ". " {license} "."
                            </p>
                            <details>
                                <summary>"Source and citation"</summary>
                                {(!credit.note.is_empty()).then(|| view! { <p>{credit.note}</p> })}
                                {credit.citation.into_iter().map(|citation| view! { <p>{citation}</p> }).collect_view()}
                                {(!credit.source.is_empty()).then(|| view! { <p>"Converted from " {credit.source} "."</p> })}
                            </details>
                        </div>
                    }
                })
                .collect_view();
            view! {
                <section class="sec" aria-label="Data attribution" data-testid="attribution">
                    <h3>"Data"</h3>
                    {entries}
                </section>
            }
        })
    }
}
