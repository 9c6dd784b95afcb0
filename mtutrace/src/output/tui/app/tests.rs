//! What keys do.
use super::*;
use crate::model::NetnsId;
use crate::output::tui::testing::{SECOND, act, blackhole, node, quiet, stalled};

fn who(app: &App) -> Subject {
    app.selected().unwrap().1
}

fn build() -> Subject {
    Subject::Container("build".to_owned())
}

#[test]
fn the_newest_verdict_is_followed_until_somebody_moves() {
    let node = node();
    let mut app = quiet(&node);
    assert_ne!(who(&app), build());
    app.take(&Item::Verdict(&blackhole(&node)), &node, 61 * SECOND);
    assert_eq!(who(&app), build());
    act(&mut app, &[Action::Bottom]);
    assert_eq!((who(&app), app.follow), (Subject::Host, false));
    app.take(&Item::Verdict(&blackhole(&node)), &node, 62 * SECOND);
    assert_eq!(who(&app), Subject::Host);
    act(&mut app, &[Action::Follow]);
    assert_eq!(who(&app), build());
}

#[test]
fn moving_stops_at_both_ends() {
    let mut app = stalled(&node());
    act(&mut app, &[Action::PageDown, Action::Down, Action::Down]);
    assert_eq!(who(&app), Subject::Host);
    act(&mut app, &[Action::Top, Action::Up, Action::PageUp]);
    assert_eq!(app.selected().unwrap().0, 0);
}

#[test]
fn a_verdict_leads_to_its_container_and_back() {
    let mut app = stalled(&node());
    act(&mut app, &[Action::Bottom, Action::Pane, Action::Open]);
    assert_eq!((app.details, app.subject()), (true, Some(build())));
    act(&mut app, &[Action::Bottom]);
    let bottom = app.scroll[0];
    act(&mut app, &[Action::Down]);
    assert!(bottom > 0 && app.scroll[0] == bottom, "{bottom}");
    act(&mut app, &[Action::Back]);
    assert!(!app.details);
}

#[test]
fn a_selected_container_that_goes_leaves_the_first_one_selected() {
    let node = node();
    let mut app = quiet(&node);
    act(&mut app, &[Action::Down]);
    assert_eq!(who(&app), build());
    let mut later = node.clone();
    later.netns.remove(&NetnsId(3));
    later.generation += 1;
    app.take(&Item::Report(&[]), &later, 62 * SECOND);
    assert_eq!(who(&app), Subject::Container("pod".to_owned()));
}

#[test]
fn what_is_typed_is_no_command() {
    let mut app = stalled(&node());
    act(
        &mut app,
        &[Action::Filter, Action::Type('q'), Action::Type('\u{7}'), Action::Rub, Action::Type('s')],
    );
    assert_eq!((app.typing, app.filter.as_str()), (true, "s"));
    assert_eq!(app.act(Action::Quit), Effect::Quit, "Ctrl-C still is");
}
