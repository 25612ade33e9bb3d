//! The reference and the library of models in `docs/` are what the program declares: each page is made anew and compared with the one that
//! is there. `UPDATE=1 cargo test --locked --test main -- reference` writes them.

mod commands;
mod config;
mod files;
mod language;
mod models;
mod open_loop;
mod pages;
