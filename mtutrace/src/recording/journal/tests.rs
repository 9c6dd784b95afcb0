use std::sync::Arc;

use bytes::Bytes;

use super::encode::json;
use super::*;
use crate::discovery::snapshot::Snapshot;
use crate::kernel::counters::Records;
use crate::model::{Flow, NatQuery, NetnsId, SocketId, TcpInfo};
use crate::recording::head::{FORMAT, Head};
use crate::recording::input::{Ending, Input, Interval};
use crate::testing::node::incident;

fn flow() -> Flow {
    Flow { protocol: 6, src: "10.0.0.1:80".parse().unwrap(), dst: "[2001:db8::1]:443".parse().unwrap() }
}

fn inputs() -> Vec<Input> {
    let snapshot = Snapshot { node: Arc::new(incident().0), ready: true, ..Snapshot::default() };
    let mut later = snapshot.clone();
    Arc::make_mut(&mut later.node).generation += 1;
    let socket = SocketId { netns: NetnsId(1), flow: flow() };
    let info = TcpInfo { received: u64::MAX, waits: true, ..TcpInfo::default() };
    let mut records = Records { lost: 3, ..Records::default() };
    records.made.insert(mtutrace_common::Signal::Drop, 7);
    vec![
        Input::Snapshot(snapshot),
        Input::Records(vec![Bytes::from_static(b"one"), Bytes::new(), Bytes::from_static(&[0; 300])]),
        Input::Records(Vec::new()),
        Input::Tick,
        Input::Socket(socket, None),
        Input::Socket(socket, Some(info)),
        Input::Nat(NatQuery { netns: NetnsId(2), flow: flow() }, Some(flow().reversed())),
        Input::Interval(Interval { lost: 1, look: true, ..Interval::default() }),
        Input::Snapshot(later.clone()),
        Input::LastSnapshot(later),
        Input::End(Ending { records, ..Ending::default() }),
    ]
}

fn written(encoder: &mut Encoder, all: &[Input]) -> Vec<(u8, Bytes)> {
    let payload = |input: &Input| {
        let (kind, payload) = encoder.encode(input).unwrap();
        (kind as u8, payload.into())
    };
    all.iter().map(payload).collect()
}

fn read(decoder: &mut Decoder, (kind, payload): &(u8, Bytes)) -> Input {
    match decoder.decode(*kind, payload.clone()).unwrap() {
        Entry::Input(input) => *input,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_input_comes_back() {
    let all = inputs();
    let payloads = written(&mut Encoder::default(), &all);
    let mut decoder = Decoder::default();
    for (input, payload) in all.iter().zip(&payloads) {
        assert_eq!(format!("{:?}", read(&mut decoder, payload)), format!("{input:?}"));
    }
}

#[test]
fn another_file_can_begin_anywhere() {
    let (all, mut encoder) = (inputs(), Encoder::default());
    written(&mut encoder, &all[..9]);
    let (kind, whole) = encoder.whole().unwrap();
    let mut decoder = Decoder::default();
    // What the decoder knew before is no matter.
    read(&mut decoder, &written(&mut Encoder::default(), &all[..1])[0]);
    let Ok(Entry::Base(snapshot)) = decoder.decode(kind as u8, whole.into()) else { panic!() };
    let Input::Snapshot(expected) = &all[8] else { panic!() };
    assert_eq!(snapshot.node, expected.node);
}

#[test]
fn a_later_format_is_refused_and_a_later_kind_left_out() {
    let mut decoder = Decoder::default();
    let head =
        |format| Bytes::from(json(&Head { format, version: "9.9".to_owned(), ..Head::default() }).unwrap());
    assert!(matches!(decoder.decode(Kind::Head as u8, head(FORMAT)), Ok(Entry::Head(_))));
    let refused = decoder.decode(Kind::Head as u8, head(FORMAT + 1)).unwrap_err();
    assert!(refused.to_string().ends_with("use mtutrace 9.9 or later"), "{refused}");
    assert!(decoder.decode(Kind::Head as u8, head(0)).is_err());
    assert!(matches!(decoder.decode(200, Bytes::new()), Ok(Entry::Unknown)));
}

#[test]
fn nothing_that_anybody_writes_is_fatal() {
    let payloads = written(&mut Encoder::default(), &inputs());
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..20_000 {
        let (kind, payload) = &payloads[random.usize(..payloads.len())];
        let mut bytes = payload.to_vec();
        bytes.truncate(random.usize(..=bytes.len()));
        if let Some(at) = bytes.len().checked_sub(1).map(|last| random.usize(..=last)) {
            bytes[at] = random.u8(..);
        }
        let kind = if random.u8(..) == 0 { random.u8(..) } else { *kind };
        let _ = Decoder::default().decode(kind, bytes.into());
    }
    for cut in [&[1, 0][..], &[5], &[255, 255, 1]] {
        let cut = Decoder::default().decode(Kind::Records as u8, Bytes::copy_from_slice(cut));
        assert!(matches!(cut, Err(JournalError::Cut)));
    }
}
