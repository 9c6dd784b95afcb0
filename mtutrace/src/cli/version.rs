//! What `--version` says.

/// Version, and of which commit and how it was built, as far as build.rs knew.
pub(super) fn long() -> String {
    let mut text = env!("CARGO_PKG_VERSION").to_owned();
    let known = [
        ("commit", option_env!("MTUTRACE_BUILD_COMMIT")),
        ("target", option_env!("MTUTRACE_BUILD_TARGET")),
        ("profile", option_env!("MTUTRACE_BUILD_PROFILE")),
        ("compiler", option_env!("MTUTRACE_BUILD_COMPILER")),
    ];
    for (name, value) in known {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text += &format!("\n{name}: {value}");
        }
    }
    text
}
