//! Devices that come, go, and are renamed.
use super::*;

fn dropped(n: u64) -> Option<DeviceCounters> {
    Some(DeviceCounters([0, 0, 0, n]))
}

#[derive(Default)]
struct Namespace {
    last: ByIndex,
    moved: ByIndex,
}

impl Namespace {
    /// Reads devices 1, 2, …; returns whether anything changed, and what device 1 has dropped.
    fn read<const N: usize>(
        &mut self,
        devices: [Option<DeviceCounters>; N],
        first: FirstReading,
    ) -> (bool, u64) {
        let changed = read(&mut self.last, &mut self.moved, &(1..).zip(devices).collect(), first);
        (changed, self.moved.get(&1).map_or(0, |counters| counters.0[3]))
    }
}

#[test]
fn a_device_of_before_counts_from_then_on_and_a_later_one_from_its_birth() {
    let mut ours = Namespace::default();
    assert_eq!(ours.read([dropped(5)], FirstReading::Before), (false, 0));
    assert_eq!(ours.read([dropped(5), dropped(3)], FirstReading::Born), (true, 0));
    assert_eq!(ours.moved, ByIndex::from([(2, dropped(3).unwrap())]));
    assert_eq!(ours.read([dropped(7), dropped(3)], FirstReading::Born), (true, 2));
    assert_eq!(ours.read([dropped(7), dropped(3)], FirstReading::Born), (false, 2));
    assert_eq!(Namespace::default().read([dropped(4)], FirstReading::Born), (true, 4));
}

#[test]
fn one_whose_name_is_not_known_for_a_while_goes_on() {
    let mut ours = Namespace::default();
    ours.read([dropped(5)], FirstReading::Before);
    ours.read([dropped(6)], FirstReading::Born);
    assert_eq!(ours.read([None], FirstReading::Born), (false, 1));
    assert_eq!(ours.read([dropped(8)], FirstReading::Born), (true, 3));
}

#[test]
fn one_that_is_gone_is_forgotten_and_the_next_with_its_index_is_new() {
    let mut ours = Namespace::default();
    ours.read([dropped(5)], FirstReading::Before);
    ours.read([dropped(6)], FirstReading::Born);
    assert_eq!(ours.read([], FirstReading::Born), (true, 0));
    assert!(ours.last.is_empty());
    assert_eq!(ours.read([dropped(9)], FirstReading::Born), (true, 9));
}

#[test]
fn backwards_begins_anew() {
    let mut ours = Namespace::default();
    ours.read([dropped(5)], FirstReading::Before);
    ours.read([dropped(6)], FirstReading::Born);
    assert_eq!(ours.read([dropped(2)], FirstReading::Born), (true, 3));
    // One counter is enough.
    let other = DeviceCounters([1, 0, 0, 0]);
    assert_eq!(ours.read([Some(other)], FirstReading::Born), (true, 3));
    assert_eq!(ours.moved[&1].moved(), BTreeMap::from([("rx_errors", 1), ("tx_dropped", 3)]));
    assert_eq!(ours.read([dropped(u64::MAX)], FirstReading::Born), (true, u64::MAX), "and nothing overflows");
}
