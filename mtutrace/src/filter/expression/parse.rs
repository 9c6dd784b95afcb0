//! Recursive descent: `or` binds least, then `and`, then `not`, as C does (pcap-filter(7) gives `and` and `or` one rank, which
//! is what people stumble over).
use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;

use super::ast::{Condition, End, Expression, What};
use super::lexer::{Word, words};

const SUPPORTED: &str = "what can be said: host ADDRESS, net NETWORK, port N, portrange N-M, each also with src or dst; \
     tcp, udp, sctp, icmp, icmp6, ip, ip6; and, or, not, ( )";
/// Parentheses and `not`s inside each other.
const DEEPEST: usize = 64;

/// What a value stands for.
#[derive(Clone, Copy)]
enum Kind {
    Host,
    Net,
    Port,
    PortRange,
}

/// Reads an expression.
///
/// # Errors
/// When it is none; the message points at the word, and says what is supported.
pub(crate) fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser { text, words: words(text), next: 0, last: (End::Either, Kind::Host), depth: 0 };
    let expression = parser.or()?;
    match parser.peek() {
        None => Ok(expression),
        Some(word) => Err(parser.error(word.span.clone(), "here \"and\" or \"or\" is missing")),
    }
}

struct Parser<'a> {
    text: &'a str,
    words: Vec<Word<'a>>,
    next: usize,
    /// `port 80 or 443`: a value alone is of the kind before it.
    last: (End, Kind),
    depth: usize,
}

type Parsed = Result<Expression, String>;

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Word<'a>> {
        self.words.get(self.next).cloned()
    }

    /// Takes the next word if it is one of these.
    fn take(&mut self, texts: &[&str]) -> bool {
        let found = self.peek().is_some_and(|word| texts.contains(&word.text));
        self.next += usize::from(found);
        found
    }

    fn word(&mut self, wanted: &str) -> Result<Word<'a>, String> {
        let end = self.text.len()..self.text.len();
        let word = self.peek().ok_or_else(|| self.error(end, &format!("{wanted} is missing at the end")))?;
        self.next += 1;
        Ok(word)
    }

    fn error(&self, span: Range<usize>, why: &str) -> String {
        let width = |range: Range<usize>| self.text.get(range).unwrap_or_default().chars().count();
        let (before, marks) = (" ".repeat(width(0..span.start)), "^".repeat(width(span).max(1)));
        format!("the filter is wrong: {why}\n  {}\n  {before}{marks}\n{SUPPORTED}", self.text)
    }

    fn or(&mut self) -> Parsed {
        let mut left = self.and()?;
        while self.take(&["or", "||"]) {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.not()?;
        while self.take(&["and", "&&"]) {
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        let start = self.peek().map(|word| word.span).unwrap_or_default();
        let (negated, opened) =
            if self.take(&["not", "!"]) { (true, false) } else { (false, self.take(&["("])) };
        if !negated && !opened {
            return self.primitive();
        }
        if self.depth == DEEPEST {
            return Err(self.error(start, "too deep"));
        }
        self.depth += 1;
        let inner = if negated { Expression::Not(Box::new(self.not()?)) } else { self.or()? };
        self.depth -= 1;
        if opened && !self.take(&[")"]) {
            return Err(self.error(start, "this \"(\" is not closed"));
        }
        Ok(inner)
    }

    /// A protocol, an end and a value, or both.
    fn primitive(&mut self) -> Parsed {
        let protocol = match self.peek().map_or("", |word| word.text) {
            "tcp" => Some(What::Protocol(6)),
            "udp" => Some(What::Protocol(17)),
            "sctp" => Some(What::Protocol(132)),
            "icmp" => Some(What::Protocol(1)),
            "icmp6" => Some(What::Protocol(58)),
            "ip" => Some(What::Ipv4),
            "ip6" => Some(What::Ipv6),
            _ => None,
        };
        let Some(protocol) = protocol else { return self.value() };
        self.next += 1;
        let protocol = Expression::Is(Condition(protocol));
        let more = ["src", "dst", "host", "net", "port", "portrange"];
        if !self.peek().is_some_and(|word| more.contains(&word.text)) {
            return Ok(protocol);
        }
        Ok(Expression::And(Box::new(protocol), Box::new(self.value()?)))
    }

    fn value(&mut self) -> Parsed {
        let end = match self.peek().map_or("", |word| word.text) {
            "src" => Some(End::Source),
            "dst" => Some(End::Destination),
            _ => None,
        };
        self.next += usize::from(end.is_some());
        let kind = match self.peek().map_or("", |word| word.text) {
            "host" => Some(Kind::Host),
            "net" => Some(Kind::Net),
            "port" => Some(Kind::Port),
            "portrange" => Some(Kind::PortRange),
            _ => None,
        };
        self.next += usize::from(kind.is_some());
        let alone = end.is_none() && kind.is_none();
        if !alone {
            self.last = (end.unwrap_or(End::Either), kind.unwrap_or(Kind::Host));
        }
        let (end, kind) = self.last;
        let word = self.word(if alone { "a condition" } else { kind.wants() })?;
        let what = match kind {
            Kind::Host | Kind::Net => kind.net(word.text).map(|net| What::Net(end, net)),
            Kind::Port => word.text.parse().ok().map(|port| What::Port(end, port..=port)),
            Kind::PortRange => range(word.text).map(|ports| What::Port(end, ports)),
        };
        let why = || match unsupported(word.text) {
            Some(what) => format!("{what} cannot be asked for"),
            None if alone => format!("{:?} is not understood", word.text),
            None => format!("{:?} is not {}", word.text, kind.wants()),
        };
        what.map(|what| Expression::Is(Condition(what))).ok_or_else(|| self.error(word.span.clone(), &why()))
    }
}

impl Kind {
    fn wants(self) -> &'static str {
        match self {
            Kind::Host => "an address, such as 10.0.0.1 or 2001:db8::1 (no names)",
            Kind::Net => "a network, such as 10.0.0.0/8 or 2001:db8::/32",
            Kind::Port => "a port, as a number",
            Kind::PortRange => "a range of ports, such as 8000-8999",
        }
    }

    fn net(self, text: &str) -> Option<IpNet> {
        let address = text.parse::<IpAddr>().ok().map(IpNet::from);
        match self {
            Kind::Host => address,
            _ => text.parse().ok().or(address),
        }
    }
}

fn range(text: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

/// What tcpdump knows, and an event does not.
fn unsupported(word: &str) -> Option<&'static str> {
    Some(match word {
        _ if word.contains('[') => "bytes of a packet, such as tcp[13]",
        "ether" | "broadcast" | "multicast" => "Ethernet",
        "vlan" | "mpls" | "geneve" | "vxlan" | "pppoes" => "what encloses a packet",
        "len" | "less" | "greater" => "a length",
        "proto" | "protochain" => "a protocol by number",
        "gateway" | "inbound" | "outbound" | "arp" | "rarp" => "this",
        _ => return None,
    })
}
