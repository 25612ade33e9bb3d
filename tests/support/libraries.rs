//! Libraries of plants and laws, compiled while tests and benches run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gainswarm::native::Compiler;

/// A C compiler, and a directory for what it makes; `None` where there is no compiler.
pub(crate) struct Bench {
    command: Vec<String>,
    pub(crate) room: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Option<Self> {
        let command = Compiler::usual().ok()?.command;
        Some(Self { command, room: tempfile::tempdir().expect("a directory") })
    }

    /// The library of a C file, compiled as `plugins/examples/Makefile` does it, but for how much is optimised.
    pub(crate) fn library(&self, source: &Path, optimise: &[&str]) -> PathBuf {
        let name = source.file_stem().expect("a name").to_string_lossy();
        let made = self.room.path().join(format!("lib{name}{}", std::env::consts::DLL_SUFFIX));
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let run = Command::new(&self.command[0])
            .args(&self.command[1..])
            .args([
                "-std=c11",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-fno-math-errno",
                "-fopenmp-simd",
                "-fPIC",
                "-shared",
            ])
            .args(optimise)
            .arg("-I")
            .arg(root.join("include"))
            .arg("-o")
            .args([&made, &root.join(source)])
            .arg("-lm")
            .stdin(Stdio::null())
            .output()
            .expect("the compiler starts");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        made
    }

    /// The library of a C text.
    pub(crate) fn text(&self, name: &str, text: &str) -> PathBuf {
        let source = self.room.path().join(name).with_extension("c");
        std::fs::write(&source, text).expect("a file");
        self.library(&source, &["-O1"])
    }
}

/// A study of the double pendulum under state feedback that holds it, where `plant` is the line that says which plant.
pub(crate) fn pendulum(plant: &str, dt: f64, duration: f64) -> String {
    // Gains of a linear quadratic regulator for Q = diag(10, 50, 50, 1, 1, 1), R = 0.1 (SciPy's solve_continuous_are).
    format!(
        "[plant]\n{plant}\n[controller]\ntype = \"state_feedback\"\nK1 = 10.0\nK2 = -266.15272455\nK3 = 342.99\nK4 = 14.07188581\nK5 = 2.68049257\n\
         K6 = 32.64058521\nu_max = 150.0\n[connect]\nx1 = \"x\"\nx2 = \"theta1\"\nx3 = \"theta2\"\nx4 = \"x_dot\"\nx5 = \"theta1_dot\"\n\
         x6 = \"theta2_dot\"\nu = \"u\"\n[simulation]\ndt = {dt:?}\nduration = {duration:?}\nfail = \"abs(theta1) > 1.5\"\n[[scenarios]]\n\
         ranges = {{ theta1 = 0.05, theta2 = 0.05 }}\ncount = 8\nseed = 1\n\
         [cost.ise]\nsignals = [\"x\", \"theta1\", \"theta2\"]\nweight = 1.0\nnorm = 1.0\n\
         [cost.control_effort]\nsignals = [\"u\"]\nweight = 0.01\nnorm = 1.0\n\
         [cost.control_rate]\nsignals = [\"u\"]\nweight = 0.01\nnorm = 1.0\n\
         [[tune]]\nparameter = \"K2\"\nlower = -400.0\nupper = -100.0\n[[tune]]\nparameter = \"K3\"\nlower = 200.0\nupper = 500.0\n\
         [swarm.stopping]\nevaluations = 200\n"
    )
}
