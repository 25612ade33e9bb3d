//! What gainswarm promises, held against theory, the literature and independent runs.

mod support;

mod ask_tell;
mod audit;
mod batch;
mod cli;
mod config;
mod constraints;
mod contract;
mod control;
mod costs;
mod determinism;
mod engine;
mod export;
mod help;
mod history;
mod init;
mod lanes;
mod page;
mod physics;
mod readme;
mod report;
mod resume;
mod rules;
mod signals;
mod stability;
mod studies;
mod swarm;
mod validation;
mod world;
