//! What a simulation starts from.

/// One case that a gain vector is judged on.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Coordinates in m and rad, then rates in m/s and rad/s.
    pub initial_state: Vec<f64>,
}
