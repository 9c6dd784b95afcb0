//! Who is asked about when, and who is believed.
use super::*;

fn lineages(all: &[(&str, &[&str])]) -> Lineages {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    all.iter().map(|(id, parents)| ((*id).to_owned(), owned(parents))).collect()
}

fn metadata(id: &str, name: &str) -> Metadata {
    Metadata { id: id.to_owned(), name: Some(name.to_owned()), complete: true, ..Metadata::default() }
}

fn name(cache: &Cache, id: &str) -> Option<String> {
    cache.metadata().get(id)?.name.clone()
}

fn due(cache: &mut Cache, now: Instant) -> Vec<String> {
    cache.due(now).into_iter().map(|(id, _)| id.to_owned()).collect()
}

#[test]
fn only_what_nobody_knew_is_asked_again_and_ever_more_rarely() {
    let (mut cache, start) = (Cache::default(), Instant::now());
    cache.show(lineages(&[("a", &[]), ("b", &[])]), start);
    assert_eq!(due(&mut cache, start), ["a", "b"]);
    assert!(cache.take(None, vec![metadata("a", "web"), metadata("stranger", "x")]));
    let mut gaps = Vec::new();
    let mut now = start;
    for _ in 0..12 {
        assert!(due(&mut cache, now).len() <= 2);
        let next = cache.next().unwrap();
        gaps.push(next - now);
        now = next;
        assert_eq!(due(&mut cache, now), ["b"]);
    }
    assert_eq!((gaps.first(), gaps.last()), (Some(&AGAIN), Some(&SLOWEST)));
    assert!(gaps.is_sorted());
    assert!(cache.take(None, vec![metadata("b", "db")]));
    assert_eq!((cache.next(), cache.metadata().len()), (None, 2));
}

#[test]
fn what_is_put_off_comes_soon_and_does_not_count() {
    let (mut cache, start) = (Cache::default(), Instant::now());
    cache.show(lineages(&[("a", &[])]), start);
    for n in 0..5 {
        let now = start + SOON * n;
        assert_eq!(due(&mut cache, now), ["a"]);
        cache.postpone(&["a".to_owned(), "gone".to_owned()], now);
        assert_eq!(cache.next(), Some(now + SOON));
    }
    let now = start + SOON * 5;
    assert_eq!((due(&mut cache, now), cache.next()), (vec!["a".to_owned()], Some(now + AGAIN)));
}

#[test]
fn a_daemon_in_a_container_names_only_what_is_inside() {
    let (mut cache, now) = (Cache::default(), Instant::now());
    cache.show(lineages(&[("pod", &[]), ("inner", &["pod"]), ("other", &[])]), now);
    let lies = || vec![metadata("pod", "me"), metadata("inner", "mine"), metadata("other", "not mine")];
    assert!(cache.take(Some("pod"), lies()));
    assert_eq!(name(&cache, "inner").as_deref(), Some("mine"));
    assert_eq!((name(&cache, "pod"), name(&cache, "other")), (None, None));
    // What is settled stays, and the host's daemons know better.
    assert!(!cache.take(Some("pod"), vec![metadata("inner", "another")]));
    assert!(cache.take(None, vec![metadata("inner", "another")]));
    assert!(!cache.take(None, vec![metadata("inner", "a third")]) && !cache.take(Some("pod"), lies()));
    assert_eq!(name(&cache, "inner").as_deref(), Some("another"));
    assert!(cache.take(None, vec![metadata("other", "web")]) && !cache.take(Some("pod"), lies()));
    assert_eq!(name(&cache, "other").as_deref(), Some("web"));
}

#[test]
fn what_is_gone_is_forgotten_and_what_moved_is_asked_again() {
    let (mut cache, now) = (Cache::default(), Instant::now());
    cache.show(lineages(&[("inner", &["old"]), ("web", &[])]), now);
    due(&mut cache, now);
    cache.take(Some("old"), vec![metadata("inner", "of old")]);
    cache.take(None, vec![metadata("web", "web")]);
    // The outer container was made anew upon the same volume, so the inner one has its id of before.
    cache.show(lineages(&[("inner", &["new"])]), now);
    assert!(cache.metadata().is_empty());
    assert_eq!(due(&mut cache, now), ["inner"]);
    assert!(!cache.take(Some("old"), vec![metadata("inner", "of old")]));
    assert!(cache.take(Some("new"), vec![metadata("inner", "of new")]));
    cache.show(Lineages::new(), now);
    cache.show(lineages(&[("web", &[])]), now);
    assert!(cache.metadata().is_empty() && cache.next() == Some(now));
}

#[test]
fn a_name_stays_when_the_parents_become_known() {
    let (mut cache, now) = (Cache::default(), Instant::now());
    cache.show(lineages(&[("inner", &[])]), now);
    cache.take(None, vec![metadata("inner", "web")]);
    cache.show(lineages(&[("inner", &["pod"])]), now);
    assert_eq!((name(&cache, "inner").as_deref(), cache.next()), (Some("web"), None));
}

#[test]
fn half_an_answer_is_kept_and_asked_for_again() {
    let (mut cache, now) = (Cache::default(), Instant::now());
    cache.show(lineages(&[("a", &[])]), now);
    due(&mut cache, now);
    assert!(cache.take(None, vec![Metadata { complete: false, ..metadata("a", "web") }]));
    assert_eq!(name(&cache, "a").as_deref(), Some("web"));
    let next = cache.next().unwrap();
    assert_eq!((next - now, due(&mut cache, next)), (AGAIN, vec!["a".to_owned()]));
    assert!(cache.take(None, vec![metadata("a", "web")]) && cache.next().is_none());
}

#[test]
fn what_a_containers_own_daemon_told_the_host_is_asked_about() {
    let (mut cache, now) = (Cache::default(), Instant::now());
    cache.show(lineages(&[("pod", &[]), ("inner", &["pod"])]), now);
    cache.take(None, vec![metadata("pod", "web")]);
    cache.take(Some("pod"), vec![metadata("inner", "mine")]);
    let asked = |cache: &mut Cache, now| {
        cache.due(now).into_iter().map(|(id, whose)| (id.to_owned(), whose.to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(asked(&mut cache, now), [("inner".to_owned(), Vec::new())], "the host alone");
    cache.take(None, vec![metadata("inner", "of the host")]);
    assert_eq!((name(&cache, "inner").as_deref(), cache.next()), (Some("of the host"), None));
}

#[test]
fn two_daemons_may_have_one_name() {
    let (mut cache, now) = (Cache::default(), Instant::now());
    cache.show(lineages(&[("pod", &[]), ("inner", &["pod"])]), now);
    cache.take(None, vec![metadata("pod", "web")]);
    cache.take(Some("pod"), vec![metadata("inner", "web")]);
    assert_eq!(
        [name(&cache, "pod"), name(&cache, "inner")],
        [Some("web".to_owned()), Some("web".to_owned())]
    );
}
