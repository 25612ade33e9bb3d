//! What a controller's text says.

/// The fields of a struct of Rust, in their order.
pub(super) fn fields(text: &str, head: &str) -> Vec<String> {
    let (_, rest) = text.split_once(head).expect("a struct");
    let (body, _) = rest.split_once('}').expect("its end");
    let field = |line: &str| Some(line.trim().strip_prefix("pub ")?.split(':').next()?.to_owned());
    body.lines().filter_map(field).collect()
}
