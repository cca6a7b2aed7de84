//! The report as one page that needs nothing but itself: no script, no font, no request.

mod axis;
mod html;
mod lines;
mod plot;
mod spread;

pub(crate) use html::page;
