//! Benchmarks: what the embedded stack does on this machine, beside a floor that the same run
//! measures. Figures of one machine say little alone; the ratio to the floor says how much is ours.
//!
//! | file | benchmark |
//! |---|---|
//! | `erasure` | the erasure of a contact with very many messages |
//! | `sweep` | the sweep of very many messages whose time is over |
//! | `login_storm` | sign-ins by password |
//! | `flow` | turns of a flow, and reading one |
//! | `messages` | messages from many clients at once, and what one takes of AWS |
//! | `stage` | a stack to measure on |
//! | `door` | the way into a stack without a socket |
//! | `filled` | a contact with very many messages |
//! | `counting` | calls to AWS and what they take |
//! | `figures` | what every benchmark counts with |

mod counting;
mod door;
mod erasure;
mod figures;
mod filled;
mod flow;
mod login_storm;
mod messages;
mod stage;
mod sweep;

use clap::Subcommand;

/// A benchmark.
#[derive(Subcommand)]
pub enum Bench {
    /// The erasure of a contact with very many messages: time, runs, calls and memory.
    ///
    /// Starts an embedded stack in a folder of its own, makes the contact by way of an archive, fences
    /// it, and lets the schedule of the minute run until it has gone. Beside it stand deletions by known
    /// keys and nothing else: the floor.
    ///
    /// Build it with --release; without optimisation the figures are about the compiler.
    Erasure(erasure::Erasure),
    /// Sign-ins by password: how many a second, beside bare Argon2id on as many threads.
    ///
    /// Starts an embedded stack that keeps nothing, makes accounts with passwords through the API, and
    /// signs in to them from so many clients at once, in this process and without a network. Then as
    /// many threads run nothing but Argon2id at the cost that the API uses: the floor, since every
    /// sign-in takes one run. The ratio of the two says what the rest costs: 1.00 would be nothing.
    ///
    /// Build it with --release; without optimisation the figures are about the compiler.
    LoginStorm(login_storm::LoginStorm),
    /// Messages of members from 1, 32 and 256 clients at once, what one takes of AWS, and what a million cost.
    ///
    /// Starts an embedded stack that keeps nothing, begins a thread for each client and writes to all of them at
    /// once, in this process and without a network. Beside it: a bare read and a bare transaction of as many
    /// items, by the same SDK over the same wire.
    ///
    /// Build it with --release; without optimisation the figures are about the compiler.
    Messages(messages::Messages),
    /// Turns of a flow on one core, with their state read from JSON and written to it.
    ///
    /// A turn takes an answer and visits five nodes. Beside it: a parse of its state as plain JSON, and
    /// what it takes to check and to compile a large flow, in parses of the same document.
    ///
    /// Build it with --release; without optimisation the figures are about the compiler.
    Flow(flow::Flow),
    /// The sweep of messages whose time is over: time, runs, calls, read and write units.
    ///
    /// Starts an embedded stack in a folder of its own, makes the messages by way of an archive, moves its clock over
    /// their end, and lets the schedule of the hour run until it has read everything. Beside it stand deletions by known
    /// keys and nothing else, and the least that reading the tables once and deleting each row takes.
    ///
    /// Build it with --release; without optimisation the times are about the compiler.
    Sweep(sweep::Sweep),
}

impl Bench {
    /// Runs the benchmark; what it has to say.
    ///
    /// # Errors
    /// One line, when the stack does not do what is measured.
    pub async fn run(self) -> Result<String, String> {
        match self {
            Self::Erasure(erasure) => erasure.run().await,
            Self::LoginStorm(storm) => storm.run().await,
            Self::Messages(messages) => messages.run().await,
            Self::Flow(flow) => flow.run(),
            Self::Sweep(sweep) => sweep.run().await,
        }
    }
}
