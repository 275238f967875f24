//! Programs that run until stopped: their output line by line, their end, and Ctrl-C, all in one queue of events.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::tools::shown;

/// How long a program may take to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How often an address is tried.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What happened to a running program, or at the keyboard.
pub enum Event {
    /// A program printed a line on standard output.
    Line(String),
    /// A program closed its standard output: it has ended.
    Ended(&'static str),
    /// Ctrl-C, or a request to terminate.
    Interrupt,
}

/// A running program. Dropped, it is stopped.
pub struct Service {
    name: &'static str,
    child: Child,
    relay: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts a program; its standard error goes straight to the terminal.
    pub fn start(name: &'static str, command: &mut Command, events: Sender<Event>) -> Result<Self> {
        let line = shown(command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // A group of its own: Ctrl-C then reaches this program alone, which stops the others in order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{line}`"))?;
        let output = child.stdout.take().context("no standard output to read")?;
        let relay = thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if events.send(Event::Line(line)).is_err() {
                    return;
                }
            }
            let _ = events.send(Event::Ended(name));
        });
        Ok(Self {
            name,
            child,
            relay: Some(relay),
        })
    }

    /// Asks the program to stop, and kills it when it has not within ten seconds.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(relay) = self.relay.take() else {
            return;
        };
        let pid = Pid::from_child(&self.child);
        // The program may be gone already; then there is nobody to tell.
        let _ = kill_process(pid, Signal::TERM);
        let start = Instant::now();
        while !relay.is_finished() {
            if start.elapsed() > STOP_LIMIT {
                println!("xtask: {} does not stop, killing it", self.name);
                let _ = self.child.kill();
                break;
            }
            thread::park_timeout(Duration::from_millis(20));
        }
        let _ = self.child.wait();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends [`Event::Interrupt`] at Ctrl-C instead of ending this program, so that it can stop what it started.
pub fn listen_for_interrupts(events: Sender<Event>) -> Result<()> {
    ctrlc::set_handler(move || {
        let _ = events.send(Event::Interrupt);
    })
    .context("cannot listen for Ctrl-C")
}

/// Prints a program's line as it came.
pub fn relay(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}

/// Waits for a line that begins with each of `starts`, in any order, relaying all lines; gives what follows them in the
/// order of `starts`, or `None` at Ctrl-C.
pub fn wait_for_lines<const N: usize>(
    events: &Receiver<Event>,
    starts: [&str; N],
    limit: Duration,
) -> Result<Option<[String; N]>> {
    let until = Instant::now() + limit;
    let mut found = [const { None }; N];
    while found.iter().any(Option::is_none) {
        match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Event::Line(line)) => {
                relay(&line);
                for (start, place) in starts.iter().zip(&mut found) {
                    if let Some(rest) = line.strip_prefix(start) {
                        *place = Some(rest.trim().to_owned());
                    }
                }
            }
            Ok(Event::Ended(name)) => {
                bail!("{name} ended before it printed `{}`", starts.join("`, `"))
            }
            Ok(Event::Interrupt) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                bail!("no `{}` within {} s", starts.join("`, `"), limit.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                bail!("nothing runs that could print `{}`", starts.join("`, `"))
            }
        }
    }
    Ok(Some(found.map(Option::unwrap_or_default)))
}

/// Waits until somebody listens at an address, relaying lines; `false` at Ctrl-C.
pub fn wait_until_open(
    events: &Receiver<Event>,
    address: SocketAddr,
    limit: Duration,
) -> Result<bool> {
    let until = Instant::now() + limit;
    while TcpStream::connect_timeout(&address, LOOK_EVERY).is_err() {
        match events.recv_timeout(LOOK_EVERY) {
            Ok(Event::Line(line)) => relay(&line),
            Ok(Event::Ended(name)) => bail!("{name} ended before it listened at {address}"),
            Ok(Event::Interrupt) => return Ok(false),
            Err(_) if Instant::now() > until => {
                bail!("nobody listens at {address} after {} s", limit.as_secs())
            }
            Err(_) => {}
        }
    }
    Ok(true)
}

/// Relays lines until Ctrl-C, or until a program ends, which is an error.
pub fn relay_until_interrupt(events: &Receiver<Event>) -> Result<()> {
    loop {
        match events.recv().context("nothing is running")? {
            Event::Line(line) => relay(&line),
            Event::Ended(name) => bail!("{name} ended by itself"),
            Event::Interrupt => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn shell(script: &str) -> (Service, Receiver<Event>) {
        let (events, received) = mpsc::channel();
        let service =
            Service::start("script", Command::new("sh").args(["-c", script]), events).unwrap();
        (service, received)
    }

    #[test]
    fn the_lines_waited_for_are_found_among_others() {
        let (service, events) = shell("echo first; echo 'b: 2'; echo 'a: 1'; exec sleep 60");
        let found = wait_for_lines(&events, ["a:", "b:"], Duration::from_secs(10)).unwrap();
        assert_eq!(found, Some(["1".to_owned(), "2".to_owned()]));
        service.stop();
    }

    #[test]
    fn a_program_that_ends_early_is_named() {
        let (_service, events) = shell("exit 3");
        let error = wait_for_lines(&events, ["listening:"], Duration::from_secs(10)).unwrap_err();
        assert!(error.to_string().contains("script ended"));
    }

    #[test]
    fn an_open_address_is_found_and_a_dead_program_is_not_waited_for() {
        let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = open.local_addr().unwrap();
        let (service, events) = shell("exec sleep 60");
        assert!(wait_until_open(&events, address, Duration::from_secs(10)).unwrap());
        service.stop();
        drop(open);
        let (_service, events) = shell("exit 3");
        let error = wait_until_open(&events, address, Duration::from_secs(10)).unwrap_err();
        assert!(error.to_string().contains("script ended"));
    }

    #[test]
    fn a_stopped_program_is_gone() {
        let (service, events) = shell("echo up; exec sleep 60");
        wait_for_lines(&events, ["up"], Duration::from_secs(10)).unwrap();
        let start = Instant::now();
        service.stop();
        assert!(start.elapsed() < STOP_LIMIT);
        assert!(matches!(events.recv(), Ok(Event::Ended("script"))));
    }
}
