//! `osmia bench ingest`: prebuilt valid data messages from the verify pool to durable storage.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use osmia_engine::verify::Origin;
use osmia_engine::{Node, SubmitError};
use osmia_primitives::MessageId;

use super::measure::{folder_bytes, memory_bytes, process_cpu_seconds, thread_cpu_seconds};
use super::workload::{MESSAGE_BYTES, Noise, data_message, milestone_message};
use super::{open_store, start_node};
use crate::clock;

/// Different index keys in the workload.
const INDEX_KEYS: usize = 1_000;
/// Data messages between two milestones.
const MESSAGES_PER_MILESTONE: u64 = 2_000;
/// Parents are drawn from this many newest messages. One verify thread keeps their order, so a child never comes
/// before its parent.
const PARENT_DISTANCE_MAX: usize = 200;
/// Parents of a data message: one in its own column, the others drawn.
const PARENTS: usize = 3;
/// Columns of the Tangle: a milestone has a parent for the top of each, beside the milestone before it.
const COLUMNS: usize = 7;

/// What the bench measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct IngestReport {
    messages: u64,
    milestones: u64,
    seconds: f64,
    messages_per_second: f64,
    cpu_microseconds_per_message: f64,
    message_bytes: u64,
    disk_bytes: u64,
    disk_bytes_per_message_byte: f64,
    resident_bytes_peak: u64,
    /// CPU seconds by thread.
    cpu_seconds: BTreeMap<String, f64>,
}

/// Runs the bench in `folder`, which it fills; `messages` data messages.
pub(crate) fn run(folder: &Path, messages: u64) -> anyhow::Result<IngestReport> {
    let file = folder.join("messages.bin");
    let (milestones, message_bytes) = prebuild(&file, messages, MESSAGES_PER_MILESTONE)?;
    let database = folder.join("database");
    let store = open_store(&database)?;
    let running = start_node(Arc::clone(&store))?;
    let cpu_before = process_cpu_seconds();
    let threads_before = thread_cpu_seconds()?;
    let started = clock::Stopwatch::start();
    feed(running.node(), &file, messages + milestones)?;
    let seconds = started.seconds();
    let cpu_seconds = process_cpu_seconds() - cpu_before;
    let mut by_thread = thread_cpu_seconds()?;
    for (name, before) in threads_before {
        by_thread.entry(name).and_modify(|seconds| *seconds -= before);
    }
    let confirmed = u64::from(running.node().view().confirmed.index.0);
    ensure!(confirmed == milestones, "{confirmed} of {milestones} milestones were confirmed");
    running.stop();
    let store = Arc::into_inner(store).context("the store is still in use")?;
    store.close()?;
    let disk_bytes = folder_bytes(&database)?;
    Ok(IngestReport {
        messages,
        milestones,
        seconds,
        messages_per_second: ratio(messages, 1) / seconds,
        cpu_microseconds_per_message: cpu_seconds * 1e6 / ratio(messages, 1),
        message_bytes,
        disk_bytes,
        disk_bytes_per_message_byte: ratio(disk_bytes, message_bytes),
        resident_bytes_peak: memory_bytes("VmHWM")?,
        cpu_seconds: by_thread.into_iter().filter(|(_, seconds)| *seconds >= 0.01).collect(),
    })
}

impl IngestReport {
    /// The report as lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!(
                "{} messages of {MESSAGE_BYTES} bytes and {} milestones in {:.1} s",
                self.messages, self.milestones, self.seconds
            ),
            format!("messages/s               {:>10.0}", self.messages_per_second),
            format!("CPU per message          {:>10.1} µs", self.cpu_microseconds_per_message),
            format!(
                "bytes on disk            {:>10.1} MB, {:.2} per byte of messages",
                mega(self.disk_bytes),
                self.disk_bytes_per_message_byte
            ),
            format!("resident memory, peak    {:>10.1} MB", mega(self.resident_bytes_peak)),
            "CPU time by thread, in µs per message:".to_owned(),
        ];
        let mut threads: Vec<_> = self.cpu_seconds.iter().collect();
        threads.sort_by(|left, right| right.1.total_cmp(left.1));
        #[expect(clippy::cast_precision_loss, reason = "a bench needs no more than 52 bits")]
        let messages = self.messages as f64;
        lines.extend(
            threads.iter().map(|(name, seconds)| format!("  {name:<22} {:>10.1}", *seconds * 1e6 / messages)),
        );
        lines
    }
}

/// How many times `whole` goes into `part`.
#[expect(clippy::cast_precision_loss, reason = "a bench needs no more than 52 bits")]
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Bytes as megabytes.
#[expect(clippy::cast_precision_loss, reason = "a bench needs no more than 52 bits")]
pub(super) fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Writes the workload as length-prefixed messages, a milestone before every `per_milestone` of them and one after the last;
/// gives the number of milestones and the bytes of all messages.
pub(super) fn prebuild(path: &Path, messages: u64, per_milestone: u64) -> anyhow::Result<(u64, u64)> {
    let mut file =
        BufWriter::new(File::create(path).with_context(|| format!("creating {}", path.display()))?);
    let mut noise = Noise::new(42);
    let mut recent: Vec<MessageId> = Vec::with_capacity(2 * PARENT_DISTANCE_MAX);
    let (mut milestones, mut bytes) = (0u32, 0u64);
    let mut last_milestone = MessageId::NULL;
    // Nothing stands on what lies several milestones back.
    let distance_max = PARENT_DISTANCE_MAX.min(usize::try_from(per_milestone)?);
    let mut write = |message: &[u8]| -> anyhow::Result<MessageId> {
        bytes += u64::try_from(message.len())?;
        file.write_all(&u16::try_from(message.len())?.to_le_bytes())?;
        file.write_all(message)?;
        Ok(MessageId::of(message))
    };
    for number in 0..messages {
        if number % per_milestone == 0 {
            milestones += 1;
            // The newest message of every column: the milestone references everything.
            let mut parents = vec![last_milestone];
            parents.extend(recent.iter().rev().take(COLUMNS));
            last_milestone = write(&milestone_message(milestones, parents, &[])?)?;
        }
        let known = recent.len();
        let mut parents = vec![known.checked_sub(COLUMNS).and_then(|at| recent.get(at)).copied()];
        parents.extend((1..PARENTS).map(|_| {
            let back = 1 + noise.below(known.clamp(1, distance_max));
            known.checked_sub(back).and_then(|at| recent.get(at)).copied()
        }));
        let mut parents: Vec<MessageId> = parents.into_iter().flatten().collect();
        if parents.is_empty() {
            parents.push(last_milestone);
        }
        recent.push(write(&data_message(parents, INDEX_KEYS, &mut noise)?)?);
        if recent.len() >= 2 * PARENT_DISTANCE_MAX {
            recent.drain(..PARENT_DISTANCE_MAX);
        }
    }
    file.flush()?;
    Ok((u64::from(milestones), bytes))
}

/// Submits every message of the file and waits for the last answer.
pub(super) fn feed(node: &Node, path: &Path, total: u64) -> anyhow::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let answers = Arc::new(Answers::new(total));
    let (done, all_answered) = crossbeam_channel::bounded(1);
    let mut length = [0; 2];
    for number in 0..total {
        file.read_exact(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_le_bytes(length))];
        file.read_exact(&mut message)?;
        let (noted, done) = (Arc::clone(&answers), done.clone());
        let reply = move |answer: Result<MessageId, SubmitError>| {
            if noted.note(answer) {
                // The receiver waits until this, the last answer.
                done.try_send(()).unwrap_or_default();
            }
        };
        node.submit_waiting(Bytes::from(message), Origin::Submission(Box::new(reply)))?;
        if number == 0 {
            wait_for_first_milestone(node, &answers)?;
        }
    }
    drop(done);
    all_answered.recv().context("the node stopped before it had answered everything")?;
    answers.check()
}

/// The node takes messages from others only after its first milestone.
fn wait_for_first_milestone(node: &Node, answers: &Answers) -> anyhow::Result<()> {
    while !node.view().is_synced() {
        answers.check()?;
        if let Some(reason) = node.halt_reason() {
            bail!("the node stopped: {reason}");
        }
        std::thread::yield_now();
    }
    Ok(())
}

/// Counts answers and keeps the first refusal.
struct Answers {
    left: AtomicU64,
    refused: AtomicU64,
    first: crossbeam_channel::Sender<SubmitError>,
    refusals: crossbeam_channel::Receiver<SubmitError>,
}

impl Answers {
    fn new(total: u64) -> Self {
        let (first, refusals) = crossbeam_channel::bounded(1);
        Self { left: AtomicU64::new(total), refused: AtomicU64::new(0), first, refusals }
    }

    /// Counts one answer; `true` for the last.
    fn note(&self, answer: Result<MessageId, SubmitError>) -> bool {
        if let Err(error) = answer {
            self.refused.fetch_add(1, Ordering::Relaxed);
            // Only the first is kept.
            self.first.try_send(error).unwrap_or_default();
        }
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }

    fn check(&self) -> anyhow::Result<()> {
        match self.refusals.try_recv() {
            Ok(error) => {
                bail!("{} messages were refused, the first: {error}", self.refused.load(Ordering::Relaxed))
            }
            Err(_) => Ok(()),
        }
    }
}
