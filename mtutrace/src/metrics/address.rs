//! The address of `--metrics`.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Reads `ADDR:PORT`. A port alone (`9100`, `:9100`) and `localhost` mean loopback: only an address in full opens the
/// metrics to others. Port 0 takes any that is free.
///
/// # Errors
/// When it is neither, with what to write instead.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, String> {
    let wrong = || {
        format!(
            "{text:?} is not a listen address; write ADDR:PORT: 127.0.0.1:9435, or 0.0.0.0:9435 or [::]:9435 for all"
        )
    };
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    // Kubernetes writes a pod's address without brackets.
    let v6 = host.parse::<IpAddr>().ok().filter(IpAddr::is_ipv6);
    if v6.is_none() && !matches!(host, "" | "localhost") {
        return Err(wrong());
    }
    let port = port.parse().map_err(|_| wrong())?;
    if let Some(address) = v6 {
        return Ok(SocketAddr::new(address, port));
    }
    Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use test_case::test_case;

    #[test_case("9100", "127.0.0.1:9100"; "a port alone")]
    #[test_case(":9100", "127.0.0.1:9100"; "a port after a colon")]
    #[test_case("localhost:0", "127.0.0.1:0"; "localhost, any port")]
    #[test_case("0.0.0.0:9100", "0.0.0.0:9100"; "everybody, in full")]
    #[test_case("[::]:9100", "[::]:9100"; "everybody, IPv6")]
    #[test_case("2001:db8::7:9100", "[2001:db8::7]:9100"; "without brackets")]
    fn addresses(text: &str, address: &str) {
        assert_eq!(parse(text).unwrap().to_string(), address);
    }

    #[test_case("")]
    #[test_case("0.0.0.0"; "no port")]
    #[test_case("::1:9100x"; "no number")]
    #[test_case("70000"; "no port there is")]
    #[test_case("example.org:9100"; "a name")]
    fn what_is_none(text: &str) {
        assert!(parse(text).unwrap_err().contains("ADDR:PORT"));
    }
}
