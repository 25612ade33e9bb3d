//! Lists the models of the folder `models` for `src/model/shipped.rs`, so that a new model is a file and no line of Rust.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=models");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo says where the project is");
    let mut list = String::new();
    for (constant, folder) in [("PLANTS", "models/plants"), ("CONTROLLERS", "models/controllers")] {
        println!("cargo::rerun-if-changed={folder}");
        let mut names: Vec<String> = fs::read_dir(Path::new(&root).join(folder))?
            .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
            .collect();
        names.sort();
        writeln!(list, "static {constant}: &[Shipped] = &[").expect("a string takes all");
        for name in names {
            let path = format!("{folder}/{name}.toml");
            // The root as it is when the list is compiled: a build directory may have come from elsewhere.
            let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/\", {path:?}))");
            writeln!(list, "    Shipped {{ name: {name:?}, path: {path:?}, text: {text} }},")
                .expect("a string takes all");
        }
        list.push_str("];\n");
    }
    fs::write(Path::new(&env::var("OUT_DIR").expect("cargo says where to write")).join("shipped.rs"), list)
}
