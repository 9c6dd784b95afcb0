//! Keeps what comes to a session: in files, or the last of it in memory.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::devices::{self, Devices};
use super::options::{Options, Ring};
use super::packets::Packets;
use super::ring::Pieces;
use crate::discovery::snapshot::Snapshot;
use crate::kernel::counters::Records;
use crate::kernel::decode::decode;
use crate::model::{AttributedEvent, EventKind, Severity, Verdict, VerdictId};
use crate::output::{Context, KernelNames, stderr};
use crate::recording::anonymize::Anonymizer;
use crate::recording::file::Files;
use crate::recording::head::Head;
use crate::recording::input::Input;
use crate::recording::journal::{Encoder, Gap, Kind, json};
use crate::recording::pcapng::{self, Statistics};
use crate::telemetry::clock::{Clock, monotonic_ns};

/// How long after a verdict the flight recorder writes: what follows it belongs to the incident.
const AFTERWARDS_NS: u64 = 3_000_000_000;
/// Most verdicts that are remembered.
const VERDICTS: usize = 4096;
/// Most kernel functions that are named.
const FUNCTIONS: usize = 4096;

/// A recording that is being made.
pub(crate) struct Recorder {
    options: Options,
    head: Head,
    encoder: Encoder,
    anonymizer: Option<Anonymizer>,
    pub(super) packets: Packets,
    devices: Devices,
    /// Kernel functions that were named: where each begins.
    functions: BTreeMap<u64, String>,
    files: Files,
    pieces: Option<Pieces>,
    /// Bytes of the file that is being written.
    size: u64,
    rotated: u64,
    /// What found no room since it was told last.
    gap: Gap,
    begun: bool,
    /// When the flight recorder is to write.
    due_ns: Option<u64>,
    /// Verdicts that it has written for, as grave as they were.
    told: BTreeMap<VerdictId, Severity>,
}

impl Recorder {
    /// Begins one, in these files, with the node as it is.
    pub(crate) fn new(options: &Options, files: Files, head: Head, initial: Snapshot) -> Recorder {
        let pieces = |Ring { span, memory, .. }| {
            Pieces::new(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX), memory)
        };
        let mut anonymizer = options.anonymize.then(Anonymizer::default);
        let (initial, head) = match &mut anonymizer {
            Some(anonymizer) => (anonymizer.snapshot(&initial), anonymizer.head(head)),
            None => (initial, head),
        };
        Recorder {
            anonymizer,
            pieces: options.ring.map(pieces),
            options: options.clone(),
            head: Head { excerpt: options.ring.is_some(), ..head },
            encoder: Encoder::new(initial),
            packets: Packets::default(),
            devices: Devices::default(),
            functions: BTreeMap::new(),
            files,
            size: 0,
            rotated: 0,
            gap: Gap::default(),
            begun: false,
            due_ns: None,
            told: BTreeMap::new(),
        }
    }

    /// Takes in what comes to the session, before the session does.
    pub(crate) fn input(&mut self, at_ns: u64, input: &Input, names: &KernelNames) {
        if let Input::Records(records) = input {
            self.name_functions(at_ns, records, names);
        }
        let other = self.anonymizer.as_mut().map(|anonymizer| anonymizer.input(input));
        self.gap.records += self.anonymizer.as_mut().map_or(0, Anonymizer::take_left_out);
        match self.encoder.encode(other.as_ref().unwrap_or(input)) {
            Ok((kind, payload)) => self.put(at_ns, kind, &payload),
            Err(e) => tracing::error!("an input cannot be recorded ({e}); please report this"),
        }
        if self.due_ns.is_some_and(|due| at_ns >= due) {
            self.dump();
        }
    }

    /// Names the functions of drops before their records: a replay has no kernel to ask.
    fn name_functions(&mut self, at_ns: u64, records: &[bytes::Bytes], names: &KernelNames) {
        let Some(symbols) = &names.symbols else { return };
        let mut new = Vec::new();
        for record in records {
            let Ok(EventKind::Drop { location, .. }) = decode(record).map(|event| event.kind) else {
                continue;
            };
            let Some((name, offset)) = symbols.lookup(location) else { continue };
            let start = location.saturating_sub(offset);
            if self.functions.len() < FUNCTIONS && !self.functions.contains_key(&start) {
                self.functions.insert(start, name.to_owned());
                new.push((start, name));
            }
        }
        if !new.is_empty()
            && let Ok(payload) = json(&new)
        {
            self.put(at_ns, Kind::Symbols, &payload);
        }
    }

    fn put(&mut self, at_ns: u64, kind: Kind, payload: &[u8]) {
        let block = pcapng::local(kind as u8, at_ns, payload, self.options.zstd);
        if let Some(pieces) = &mut self.pieces {
            if pieces.is_due(at_ns) {
                let beginning = self.beginning(at_ns);
                if let Some(pieces) = &mut self.pieces {
                    pieces.begin(at_ns, beginning);
                }
            }
            // Memory has room for all: no snapshot was left out, and what follows can be read.
            let told = self.gap_block(at_ns);
            self.gap = Gap::default();
            if let Some(pieces) = &mut self.pieces {
                pieces.push(&told);
                pieces.push(&block);
            }
            return;
        }
        let large = self.options.rotate_size.is_some_and(|most| self.size >= most);
        if !self.begun || large {
            if large {
                self.rotated += 1;
                self.files.next(self.rotated.to_string());
            }
            let beginning = self.beginning(at_ns);
            (self.begun, self.size) = (true, 0);
            self.append(beginning);
        }
        if self.gap != Gap::default() {
            // What follows a gap is read from a whole snapshot on.
            let told = self.gap_block(at_ns);
            let whole = if self.gap.payloads > 0 { self.whole(at_ns) } else { Vec::new() };
            let before = std::mem::take(&mut self.gap);
            if !self.append([told, whole].concat()) {
                self.gap = before;
            }
        }
        if !self.append(block) {
            self.gap.payloads += 1;
            self.gap.bytes += u64::try_from(payload.len()).unwrap_or(0);
        }
    }

    /// What was left out since this was last told; empty if nothing was.
    fn gap_block(&self, at_ns: u64) -> Vec<u8> {
        if self.gap == Gap::default() {
            return Vec::new();
        }
        json(&self.gap).map(|gap| pcapng::local(Kind::Gap as u8, at_ns, &gap, false)).unwrap_or_default()
    }

    fn append(&mut self, blocks: Vec<u8>) -> bool {
        self.size += u64::try_from(blocks.len()).unwrap_or(0);
        self.files.write(blocks)
    }

    /// What a file or piece begins with: it can be read by itself.
    fn beginning(&mut self, at_ns: u64) -> Vec<u8> {
        self.devices = Devices::default();
        let head = Head { start_ns: at_ns, ..self.head.clone() };
        let os = format!("Linux {}", head.kernel);
        let application = format!("mtutrace {}", head.version);
        let comment = format!(
            "Recorded by mtutrace on {}. Packets are those that it reports; their headers are rebuilt from what its hooks \
             saw, payload is not kept. All of it: mtutrace replay FILE",
            head.host
        );
        let section = pcapng::section(std::env::consts::ARCH, &os, &application, &comment);
        let local = |kind: Kind, payload: serde_json::Result<Vec<u8>>| {
            payload.map(|payload| pcapng::local(kind as u8, at_ns, &payload, false)).unwrap_or_default()
        };
        let functions: Vec<_> = self.functions.iter().collect();
        let functions = local(Kind::Symbols, json(&functions));
        let names = devices::names(&self.encoder.last().node);
        [section, local(Kind::Head, json(&head)), functions, self.whole(at_ns), names].concat()
    }

    /// The node in full.
    fn whole(&self, at_ns: u64) -> Vec<u8> {
        let whole = self.encoder.whole();
        whole
            .map(|(kind, payload)| pcapng::local(kind as u8, at_ns, &payload, self.options.zstd))
            .unwrap_or_default()
    }

    /// Packets name their verdict; not where its id and its container are others in the file.
    pub(super) fn name_verdict(&mut self, verdict: &Verdict) {
        if self.anonymizer.is_none() {
            self.packets.verdict(verdict);
        }
    }

    /// Takes in a verdict; the flight recorder writes soon.
    pub(super) fn verdict(&mut self, verdict: &Verdict, context: &Context<'_>) {
        self.name_verdict(verdict);
        let grave = verdict.active && verdict.severity >= Severity::Warning;
        if !grave || self.pieces.is_none() {
            return;
        }
        if self.told.len() >= VERDICTS {
            self.told.clear();
        }
        let before = self.told.insert(verdict.id, verdict.severity);
        if before.is_none_or(|before| before < verdict.severity) && self.due_ns.is_none() {
            self.due_ns = Some(context.clock.now_ns().saturating_add(AFTERWARDS_NS));
        }
    }

    /// Takes in an event that was shown.
    pub(super) fn event(&mut self, attributed: &AttributedEvent, context: &Context<'_>) {
        match &self.anonymizer {
            Some(anonymizer) => self.packets.add(&anonymizer.event(attributed), context),
            None => self.packets.add(attributed, context),
        }
    }

    /// Writes the packets that wait.
    pub(super) fn flush_packets(&mut self) {
        let node = Arc::clone(&self.encoder.last().node);
        let blocks = self.packets.take(&mut self.devices, &node);
        if blocks.is_empty() {
            return;
        }
        self.add(blocks);
    }

    fn add(&mut self, blocks: Vec<u8>) {
        if let Some(pieces) = &mut self.pieces {
            pieces.push(&blocks);
        } else if !self.append(blocks) {
            self.gap.payloads += 1;
        }
    }

    /// The last packets, and what became of those that are not there.
    pub(super) fn end(&mut self, records: &Records, context: &Context<'_>) {
        self.flush_packets();
        let wall = |ns| u64::try_from(context.clock.wall(ns).as_nanosecond()).unwrap_or(0);
        let (start_ns, end_ns) = (wall(self.head.start_ns), wall(context.clock.now_ns()));
        let mut blocks = Vec::new();
        for (n, seen) in self.devices.take().into_iter().enumerate() {
            // The ring and the budgets are of the whole node: they stand at the first device.
            let (left_out, lost) = if n == 0 { (records.left_out_total(), records.lost) } else { (0, 0) };
            let interface = seen.number;
            let counts = Statistics { interface, start_ns, end_ns, received: seen.packets, left_out, lost };
            blocks.extend(pcapng::statistics(&counts));
        }
        self.add(blocks);
        if self.due_ns.is_some() {
            self.dump();
        }
        let unwritten = self.files.unwritten();
        if unwritten > 0 {
            stderr::say(&format!("the recording lacks {unwritten} bytes that could not be written"));
        }
    }

    /// Writes what the flight recorder has, to a file of its own.
    pub(crate) fn dump(&mut self) {
        self.due_ns = None;
        let Some(pieces) = &mut self.pieces else { return };
        let clock = Clock::replayed(self.head.clock_offset_ns, 0);
        let mark = clock.wall(monotonic_ns()).strftime("%Y%m%dT%H%M%S%.3fZ").to_string();
        self.files.next(mark.replace('.', "-"));
        let written = pieces.take().all(|piece| self.files.write(piece));
        if !written {
            stderr::say("the disk is too slow for the flight recorder: a part of it was left out");
        }
    }
}
