//! The fault matrix through a route of three targets, of which the first one fails: what its client gets, what is recorded of each
//! attempt, and what the route's state says of the first target afterwards.

mod asking;
mod processes;
mod races;
mod rows;
mod three;
mod throttled;
mod unreachable;
