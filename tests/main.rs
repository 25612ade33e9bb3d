//! What gainswarm promises, held against theory, the literature and independent runs.

mod support;

mod ask_tell;
mod audit;
mod batch;
mod budget;
mod cli;
mod config;
mod constraints;
mod contract;
mod control;
mod convergence;
mod costs;
mod determinism;
mod engine;
mod export;
mod help;
mod history;
mod init;
mod lanes;
mod page;
mod paired;
mod physics;
mod places;
mod readme;
mod report;
mod resume;
mod rules;
mod signals;
mod stability;
mod studies;
mod swarm;
mod validated;
mod validation;
mod world;
