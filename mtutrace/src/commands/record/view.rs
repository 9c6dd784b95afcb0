//! What a recording takes of what outputs are shown: packets, and the verdicts that they name.
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::recorder::Recorder;
use crate::output::{Context, Item, Output};

/// Shows a recorder what outputs are shown.
pub(crate) struct PacketView(pub(crate) Rc<RefCell<Recorder>>);

impl Output for PacketView {
    fn show(&mut self, item: &Item<'_>, context: &Context<'_>) -> io::Result<()> {
        let mut recorder = self.0.borrow_mut();
        match item {
            Item::Event(attributed) => recorder.event(attributed, context),
            Item::Verdict(verdict) => recorder.verdict(verdict, context),
            Item::Report(_) => recorder.flush_packets(),
            Item::End(verdicts, _, _, totals) => {
                verdicts.iter().for_each(|verdict| recorder.name_verdict(verdict));
                recorder.end(&totals.records, context);
            }
            _ => {}
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
