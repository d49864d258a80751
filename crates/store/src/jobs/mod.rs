//! The queue: work that is done after the request that asked for it.
//!
//! A job is written in the transaction of the change that needs it, so neither can be without the other. Whichever
//! server claims it holds it by a lease; a server that dies lets the lease run out, and another one takes the job within
//! seconds. So a job may be done more than once: a handler must come to the same end however often it runs. A job that
//! fails is tried again later, each time later still; after so many tries it is dead, is kept for [`DEAD`], and its handler is told.
//!
//! Nobody starves: each lane has places of its own, and in a lane tenants take turns, however much one of them has asked for
//! (`queue::claim`).
//!
//! - `job`: what a job is, and who does it.
//! - `lanes`: what waits for what.
//! - `queue`: the rows.
//! - `worker`: claims and does.
//! - `schedule`: what is done again and again, for all tenants.
//!
//! Must not hold anything but ids, and must not be written by any other way than [`enqueue`] and [`enqueue_for`].

mod job;
mod lanes;
mod queue;
mod schedule;
mod worker;

pub use job::{Handler, Job, JobError, Registry, Task};
pub use lanes::{Lane, Slots};
pub use queue::{DEAD, Dead, LEASE, dead, delete_dead, enqueue, enqueue_for};
pub use schedule::{Schedule, run_schedules};
pub use worker::{End, Worker};
