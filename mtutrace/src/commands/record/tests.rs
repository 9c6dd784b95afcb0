use bytes::Bytes;

use super::*;
use crate::discovery::snapshot::Snapshot;
use crate::recording::input::{Ending, Input};
use crate::recording::journal::{Entry, Gap};
use crate::recording::playback::Playback;
use crate::testing::identity::TempDir;

#[test]
fn records_that_could_not_be_anonymised_are_told_of() {
    for anonymize in [true, false] {
        let folder = TempDir::new();
        let file = folder.path().join("x.pcapng");
        let options = Options {
            file: file.clone(),
            rotate_size: None,
            rotate_count: None,
            max_size: None,
            ring: None,
            anonymize,
            zstd: false,
        };
        let (clock, names) = (Clock::replayed(0, 1), KernelNames::default());
        let head = head(&clock, &Filter::default(), &names);
        let mut recorder = Recorder::new(&options, create(&options).unwrap(), head, Snapshot::default());
        recorder.input(2, &Input::Tick, &names);
        let unknown = Bytes::from_static(&[0xff; 200]);
        recorder.input(3, &Input::Records(vec![unknown.clone(), unknown]), &names);
        recorder.input(4, &Input::End(Ending::default()), &names);
        drop(recorder);
        let mut gap = Gap::default();
        let mut kept = 0;
        for entry in Playback::open(&file).unwrap().0 {
            match entry.unwrap().1 {
                Entry::Gap(more) => gap.add(more),
                Entry::Input(input) => {
                    if let Input::Records(records) = *input {
                        kept += records.len();
                    }
                }
                _ => {}
            }
        }
        let left_out = if anonymize { 2 } else { 0 };
        assert_eq!((gap.records, kept), (left_out, 2 - usize::try_from(left_out).unwrap()));
        let told = gap.words().join("; ");
        assert_eq!(told.contains("lacks 2 kernel records"), anonymize, "{told}");
    }
}
