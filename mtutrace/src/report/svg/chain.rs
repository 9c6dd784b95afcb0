//! The path of a verdict as a chain: each device with its MTU, from the container outwards, and where its packets die.
use maud::{Markup, html};

use super::at;
use crate::model::{Bottleneck, Hop, NetnsId, Verdict};
use crate::output::escape::escape;

const WIDTH: f64 = 340.0;
const ROW: f64 = 54.0;
const BOX: f64 = 34.0;

/// One link of the chain.
struct Link {
    name: String,
    mtu: u32,
    netns: Option<NetnsId>,
    role: Role,
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Plain,
    Culprit,
    Bottleneck,
}

/// The chain, drawn downwards so that it fits a narrow page.
pub(in crate::report) fn draw(verdict: &Verdict, number: usize) -> Option<Markup> {
    let links = links(verdict);
    if links.is_empty() {
        return None;
    }
    let height = ROW * links.len() as f64 + 4.0;
    let (title, desc) = (format!("chain-{number}-title"), format!("chain-{number}-desc"));
    let words: Vec<String> = links.iter().map(sentence).collect();
    let labelled = format!("{title} {desc}");
    Some(html! {
        svg class="chain" viewBox=(format!("0 0 {WIDTH} {}", at(height))) width=(WIDTH) role="img" aria-labelledby=(labelled) {
            title id=(title) { "Path from the container outwards, with the MTU of each device" }
            desc id=(desc) { (words.join(", then ")) }
            @for (n, link) in links.iter().enumerate() {
                (draw_link(link, n, links.get(n.wrapping_sub(1))))
            }
        }
    })
}

fn draw_link(link: &Link, n: usize, before: Option<&Link>) -> Markup {
    let top = ROW * n as f64 + 4.0;
    let middle = top + BOX / 2.0;
    let class = match link.role {
        Role::Plain => "hop",
        Role::Culprit => "hop wrong",
        Role::Bottleneck => "hop limit",
    };
    // Packets of the size before do not fit here.
    let dies = before.is_some_and(|before| before.mtu > link.mtu) && link.role == Role::Bottleneck;
    let crosses = before.is_some_and(|before| before.netns != link.netns);
    html! {
        @if before.is_some() {
            line class=(if crosses { "wire border" } else { "wire" }) x1="60" x2="60" y1=(at(top - (ROW - BOX))) y2=(at(top)) {}
        }
        @if dies {
            text class="death" x="72" y=(at(top - 6.0)) { "✕ larger packets die here" }
        }
        g class=(class) {
            rect x="1" y=(at(top)) width="338" height=(BOX) rx="5" {}
            text x="12" y=(at(middle + 5.0)) { (shortened(&link.name)) }
            text class="mtu" x="240" y=(at(middle + 5.0)) text-anchor="end" { (link.mtu) }
            text class="role" x="328" y=(at(middle + 5.0)) text-anchor="end" { (word(link.role)) }
        }
    }
}

fn links(verdict: &Verdict) -> Vec<Link> {
    let culprit = verdict.culprit.as_ref();
    let bottleneck = verdict.bottleneck.as_ref();
    let link = |hop: &Hop| {
        let here = hop.device();
        let role = if culprit == Some(&here) {
            Role::Culprit
        } else if bottleneck.and_then(Bottleneck::device) == Some(&here) {
            Role::Bottleneck
        } else {
            Role::Plain
        };
        Link { name: hop.interface.clone(), mtu: hop.mtu, netns: Some(hop.netns), role }
    };
    let mut links: Vec<Link> = verdict.path.iter().map(link).collect();
    if let Some(Bottleneck::Router { address, mtu, .. }) = bottleneck {
        let role = Role::Bottleneck;
        links.push(Link { name: format!("{address} (beyond this node)"), mtu: *mtu, netns: None, role });
    }
    links
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Plain => "",
        Role::Culprit => "wrong MTU",
        Role::Bottleneck => "the limit",
    }
}

fn sentence(link: &Link) -> String {
    let role = word(link.role);
    let role = if role.is_empty() { String::new() } else { format!(" ({role})") };
    format!("{} MTU {}{role}", escape(&link.name), link.mtu)
}

fn shortened(name: &str) -> String {
    let name = escape(name);
    if name.chars().count() <= 24 {
        return name.into_owned();
    }
    name.chars().take(23).chain(['…']).collect()
}
