//! The edge: the `switchback` binary. It listens, authenticates and parses; what happens is decided in `control`.
//!
//! | module | subject |
//! | --- | --- |
//! | [`cli`] | every command, its flags and exit codes |
//! | [`config`], [`public_url`] | settings by flag, variable or file; the server's own address |
//! | [`serve`], [`startup`], [`demo`] | `switchback serve`, its first start, the demonstration |
//! | [`listen`] | connections, from the network and through the control socket |
//! | [`routes`], [`router`] | the one table of HTTP routes; which middleware stands before which |
//! | [`middleware`] | what happens before and after a handler |
//! | [`http`] | handlers, one subject a file |
//! | [`state`], [`metrics`], [`os_user`] | what handlers reach; counters; names of the machine's users |
#![recursion_limit = "512"]

mod cli;
mod config;
mod demo;
mod http;
mod listen;
mod metrics;
mod middleware;
mod os_user;
mod public_url;
mod router;
mod routes;
mod serve;
mod startup;
mod state;
mod streams;
mod tickets;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::run().await
}
