//! The path of a verdict as a chain: each device with its MTU, from the container outwards, and where its packets die.
use maud::{Markup, html};

use super::super::incident::Story;
use super::at;
use crate::model::{Bottleneck, Hop, NetnsId};
use crate::output::escape::escape;

const WIDTH: f64 = 340.0;
const ROW: f64 = 66.0;
const BOX: f64 = 46.0;
/// Where its two lines of text stand, from its top.
const LINES: [f64; 2] = [19.0, 37.0];

/// One link of the chain.
struct Link {
    name: String,
    /// Whose it is.
    owner: String,
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
pub(in crate::report) fn draw(story: &Story, number: usize) -> Option<Markup> {
    let links = links(story);
    if links.is_empty() {
        return None;
    }
    let height = ROW * links.len() as f64 + 4.0;
    let (title, desc) = (format!("chain-{number}-title"), format!("chain-{number}-desc"));
    let words: Vec<String> = links.iter().map(sentence).collect();
    let labelled = format!("{title} {desc}");
    Some(html! {
        svg class="chain" viewBox=(format!("0 0 {WIDTH} {}", at(height))) width=(WIDTH) role="img" aria-labelledby=(labelled) {
            title id=(title) { "Path from the container outwards: each device, whose it is, and its MTU" }
            desc id=(desc) { (words.join("; then ")) }
            @for (n, link) in links.iter().enumerate() {
                (draw_link(link, n, links.get(n.wrapping_sub(1))))
            }
        }
    })
}

fn draw_link(link: &Link, n: usize, before: Option<&Link>) -> Markup {
    let top = ROW * n as f64 + 4.0;
    let [upper, lower] = LINES.map(|line| at(top + line));
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
            text x="12" y=(upper) { (shortened(&link.name, 24)) }
            text class="mtu" x="240" y=(upper) text-anchor="end" { (link.mtu) }
            text class="role" x="328" y=(upper) text-anchor="end" { (word(link.role)) }
            text class="small" x="12" y=(lower) { (shortened(&link.owner, 52)) }
        }
    }
}

fn links(story: &Story) -> Vec<Link> {
    let verdict = &story.verdict;
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
        let owner = story.owner(hop.netns);
        Link { name: hop.interface.clone(), owner, mtu: hop.mtu, netns: Some(hop.netns), role }
    };
    let mut links: Vec<Link> = verdict.path.iter().map(link).collect();
    if let Some(Bottleneck::Router { address, mtu, .. }) = bottleneck {
        let role = Role::Bottleneck;
        let owner = "beyond this node".to_owned();
        links.push(Link { name: address.to_string(), owner, mtu: *mtu, netns: None, role });
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
    format!("{} of {}, MTU {}{role}", escape(&link.name), escape(&link.owner), link.mtu)
}

/// What fits into `most` characters.
fn shortened(name: &str, most: usize) -> String {
    let name = escape(name);
    if name.chars().count() <= most {
        return name.into_owned();
    }
    name.chars().take(most - 1).chain(['…']).collect()
}
