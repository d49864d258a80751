//! Views of what is not there yet, and views that change.
//!
//! What they are made with goes into a box, so that the browser has one copy of what waits and watches, and not another for
//! every place that does. Pages weigh a third less with it.

use super::Skeleton;
use leptos::prelude::*;
use std::future::Future;
use std::pin::Pin;

type Boxed = Pin<Box<dyn Future<Output = AnyView> + Send>>;

/// Shows some grey lines until the future is done, then what it comes to. Whenever something that it read changes, begins
/// again.
pub fn later<F>(lines: usize, make: impl Fn() -> F + Send + 'static) -> AnyView
where
    F: Future<Output = AnyView> + Send + 'static,
{
    fn boxed(lines: usize, make: Box<dyn Fn() -> Boxed + Send>) -> AnyView {
        let fallback = move || (lines > 0).then(|| view! { <Skeleton lines=lines/> });
        view! { <Suspense fallback=fallback>{move || Suspend::new(make())}</Suspense> }.into_any()
    }
    boxed(lines, Box::new(move || Box::pin(make())))
}

/// As `later`, but what was there stays until there is something new.
pub fn renewed<F>(lines: usize, make: impl Fn() -> F + Send + 'static) -> AnyView
where
    F: Future<Output = AnyView> + Send + 'static,
{
    fn boxed(lines: usize, make: Box<dyn Fn() -> Boxed + Send>) -> AnyView {
        let fallback = move || view! { <Skeleton lines=lines/> };
        view! { <Transition fallback=fallback>{move || Suspend::new(make())}</Transition> }.into_any()
    }
    boxed(lines, Box::new(move || Box::pin(make())))
}

/// Shows what the function comes to, and again whenever something that it read changes.
pub fn live(make: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    fn boxed(make: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
        (move || make()).into_any()
    }
    boxed(Box::new(make))
}
