//! The swarm as a process, `gainswarm ask-tell`, and a test that answers it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::stderr;

/// The process while it runs.
pub(crate) struct Asking {
    process: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

/// How it ended.
pub(crate) struct Ended {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// What it wrote and nobody had read.
    pub(crate) lines: Vec<Value>,
    /// What it wrote to stderr.
    pub(crate) said: String,
}

impl Asking {
    /// `gainswarm ask-tell` with these arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_gainswarm"))
            .arg("ask-tell")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let output = process.stdout.take().expect("a pipe");
        Self { input: process.stdin.take(), lines: BufReader::new(output).lines(), process }
    }

    /// The next line that it writes.
    pub(crate) fn line(&mut self) -> Option<Value> {
        let line = self.lines.next()?.expect("a line");
        Some(serde_json::from_str(&line).expect("JSON"))
    }

    /// Writes to it, if it still reads.
    pub(crate) fn say(&mut self, text: &str) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(text.as_bytes());
        }
    }

    /// Tells it something.
    pub(crate) fn tell(&mut self, answer: &Value) {
        self.say(&format!("{}\n", json!({ "tell": answer })));
    }

    /// Ends its input.
    pub(crate) fn hang_up(&mut self) {
        self.input = None;
    }

    /// Ends its input and waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        self.hang_up();
        let lines = std::iter::from_fn(|| self.line()).collect();
        let output = self.process.wait_with_output().expect("an end");
        Ended { code: output.status.code(), lines, said: stderr(&output) }
    }
}

/// How it ends with these arguments after these answers and no more.
pub(crate) fn answered(arguments: &[&str], answers: &str) -> Ended {
    let mut asking = Asking::start(arguments);
    asking.say(answers);
    asking.end()
}

/// The positions of a question.
pub(crate) fn positions(line: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(line["ask"]["positions"].clone()).expect("positions")
}

/// Tells what all positions of a question cost, in one answer.
pub(crate) fn told(cost: fn(&[f64]) -> f64) -> impl Fn(&[Vec<f64>]) -> Vec<Value> + Copy {
    move |positions| vec![json!({ "costs": positions.iter().map(|x| cost(x)).collect::<Vec<_>>() })]
}

/// The lines that it writes, told by `tell` what it asks; after some questions it is left alone and stops.
pub(crate) fn converse(
    arguments: &[&str],
    questions: usize,
    tell: impl Fn(&[Vec<f64>]) -> Vec<Value>,
) -> Vec<Value> {
    let mut asking = Asking::start(arguments);
    let mut lines: Vec<Value> = Vec::new();
    while let Some(line) = asking.line() {
        let asked = line.get("ask").is_some().then(|| positions(&line));
        lines.push(line);
        let Some(positions) = asked else { break };
        if lines.len() > questions {
            asking.hang_up();
        }
        for answer in tell(&positions) {
            asking.tell(&answer);
        }
    }
    asking.end();
    lines
}
