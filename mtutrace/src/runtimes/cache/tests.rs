//! Who is asked about when, and who is believed.
use super::*;

fn lineages(all: &[(&str, &[&str])]) -> Lineages {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    all.iter().map(|(id, parents)| ((*id).to_owned(), owned(parents))).collect()
}

fn told(id: &str, name: &str) -> Metadata {
    Metadata { id: id.to_owned(), name: Some(name.to_owned()), complete: true, ..Metadata::default() }
}

fn name(book: &Cache, id: &str) -> Option<String> {
    book.told().get(id)?.name.clone()
}

fn due(book: &mut Cache, now: Instant) -> Vec<String> {
    book.due(now).into_iter().map(|(id, _)| id.to_owned()).collect()
}

#[test]
fn only_what_nobody_knew_is_asked_again_and_ever_more_rarely() {
    let (mut book, start) = (Cache::default(), Instant::now());
    book.show(lineages(&[("a", &[]), ("b", &[])]), start);
    assert_eq!(due(&mut book, start), ["a", "b"]);
    assert!(book.take(None, vec![told("a", "web"), told("stranger", "x")]));
    let mut gaps = Vec::new();
    let mut now = start;
    for _ in 0..12 {
        assert!(due(&mut book, now).len() <= 2);
        let next = book.next().unwrap();
        gaps.push(next - now);
        now = next;
        assert_eq!(due(&mut book, now), ["b"]);
    }
    assert_eq!((gaps.first(), gaps.last()), (Some(&AGAIN), Some(&SLOWEST)));
    assert!(gaps.is_sorted());
    assert!(book.take(None, vec![told("b", "db")]));
    assert_eq!((book.next(), book.told().len()), (None, 2));
}

#[test]
fn a_daemon_in_a_container_names_only_what_is_inside() {
    let (mut book, now) = (Cache::default(), Instant::now());
    book.show(lineages(&[("pod", &[]), ("inner", &["pod"]), ("other", &[])]), now);
    let lies = || vec![told("pod", "me"), told("inner", "mine"), told("other", "not mine")];
    assert!(book.take(Some("pod"), lies()));
    assert_eq!(name(&book, "inner").as_deref(), Some("mine"));
    assert_eq!((name(&book, "pod"), name(&book, "other")), (None, None));
    // What is settled stays.
    assert!(!book.take(None, vec![told("inner", "another")]));
    assert!(book.take(None, vec![told("other", "web")]) && !book.take(Some("pod"), lies()));
    assert_eq!(name(&book, "other").as_deref(), Some("web"));
}

#[test]
fn what_is_gone_is_forgotten_and_what_moved_is_asked_again() {
    let (mut book, now) = (Cache::default(), Instant::now());
    book.show(lineages(&[("inner", &["old"]), ("web", &[])]), now);
    due(&mut book, now);
    book.take(Some("old"), vec![told("inner", "of old")]);
    book.take(None, vec![told("web", "web")]);
    // The outer container was made anew upon the same volume, so the inner one has its id of before.
    book.show(lineages(&[("inner", &["new"])]), now);
    assert!(book.told().is_empty());
    assert_eq!(due(&mut book, now), ["inner"]);
    assert!(!book.take(Some("old"), vec![told("inner", "of old")]));
    assert!(book.take(Some("new"), vec![told("inner", "of new")]));
    book.show(Lineages::new(), now);
    book.show(lineages(&[("web", &[])]), now);
    assert!(book.told().is_empty() && book.next() == Some(now));
}

#[test]
fn a_name_stays_when_the_parents_become_known() {
    let (mut book, now) = (Cache::default(), Instant::now());
    book.show(lineages(&[("inner", &[])]), now);
    book.take(None, vec![told("inner", "web")]);
    book.show(lineages(&[("inner", &["pod"])]), now);
    assert_eq!((name(&book, "inner").as_deref(), book.next()), (Some("web"), None));
}

#[test]
fn half_an_answer_is_kept_and_asked_for_again() {
    let (mut book, now) = (Cache::default(), Instant::now());
    book.show(lineages(&[("a", &[])]), now);
    due(&mut book, now);
    assert!(book.take(None, vec![Metadata { complete: false, ..told("a", "web") }]));
    assert_eq!(name(&book, "a").as_deref(), Some("web"));
    let next = book.next().unwrap();
    assert_eq!((next - now, due(&mut book, next)), (AGAIN, vec!["a".to_owned()]));
    assert!(book.take(None, vec![told("a", "web")]) && book.next().is_none());
}

#[test]
fn two_daemons_may_have_one_name() {
    let (mut book, now) = (Cache::default(), Instant::now());
    book.show(lineages(&[("pod", &[]), ("inner", &["pod"])]), now);
    book.take(None, vec![told("pod", "web")]);
    book.take(Some("pod"), vec![told("inner", "web")]);
    assert_eq!([name(&book, "pod"), name(&book, "inner")], [Some("web".to_owned()), Some("web".to_owned())]);
}
