//! Measures the store: ingest of messages with a milestone every 2 000, reads, sizes, and the start after a crash.
//!
//! `cargo run --release -p osmia-store --example ingest -- FOLDER MESSAGES BATCH [crash]` fills a new folder and, with
//! `crash`, leaves without closing it. `… -- FOLDER open` times opening it and the first answer.

#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::print_stdout, reason = "the program's purpose is to print")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic_in_result_fn,
    reason = "a measurement may stop at a defect"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use osmia_primitives::{MessageId, MilestoneIndex};
use osmia_store::{
    Arrival, Batch, Durability, FIRST_ARRIVAL, IndexHash, NewVertex, Store, StoreError, StoreOptions,
};

const MILESTONE_MESSAGES: usize = 2_000;
const READS: usize = 20_000;

/// SplitMix64: the same numbers every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(count).collect()
    }
}

struct Message {
    id: MessageId,
    parents: Vec<Arrival>,
    index: IndexHash,
    bytes: Vec<u8>,
}

/// The shape of an indexation message: parents, a tag, and data of which half is text and half does not compress.
fn message(random: &mut Random, recent: &[MessageId], next: u64) -> Message {
    let mut distances: Vec<usize> = (0..3).map(|_| 1 + random.below(40)).collect();
    distances.sort_unstable();
    distances.dedup();
    distances.retain(|distance| *distance <= recent.len());
    let parents = distances.iter().map(|distance| Arrival(next - *distance as u64)).collect();
    let tag = format!("sensor-{}", random.below(1_000));
    let mut bytes = random_free_header(distances.len());
    for distance in &distances {
        bytes.extend_from_slice(&recent[recent.len() - distance].0);
    }
    bytes.extend_from_slice(tag.as_bytes());
    bytes.extend_from_slice(b"{\"device\":\"thermometer\",\"unit\":\"celsius\",\"value\":");
    bytes.extend_from_slice(format!("{},\"time\":{next}}}", random.below(40)).as_bytes());
    let random_bytes = 40 + random.below(120);
    bytes.extend(random.bytes(random_bytes));
    Message { id: MessageId::of(&bytes), parents, index: IndexHash::of(tag.as_bytes()), bytes }
}

fn random_free_header(parents: usize) -> Vec<u8> {
    let mut header = 8_453_507_715_857_476_362_u64.to_le_bytes().to_vec();
    header.push(u8::try_from(parents).unwrap_or(0));
    header
}

/// Processor time of this process in nanoseconds, of the threads that live.
fn process_nanoseconds() -> u64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    tasks.filter_map(|task| nanoseconds(&task.ok()?.path().join("schedstat"))).sum()
}

fn nanoseconds(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.split(' ').next()?.parse().ok()
}

fn thread_nanoseconds() -> u64 {
    nanoseconds(Path::new("/proc/thread-self/schedstat")).unwrap_or(0)
}

fn status_line(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned()
}

fn io_line(name: &str) -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[derive(Default)]
struct Totals {
    lookup: Duration,
    build: Duration,
    commit: Duration,
    confirm: Duration,
    writer_nanoseconds: u64,
    message_bytes: u64,
    slowest_commit: Duration,
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}

fn fill(
    store: &Store,
    messages: usize,
    batch_messages: usize,
) -> Result<(Totals, Vec<MessageId>), StoreError> {
    let mut random = Random(1);
    let mut totals = Totals::default();
    let mut ids: Vec<MessageId> = Vec::new();
    let mut confirmed = 0;
    let mut milestone = MilestoneIndex(0);
    while ids.len() < messages {
        let group: Vec<Message> = (0..batch_messages)
            .map(|_| {
                let message = message(&mut random, &ids, FIRST_ARRIVAL.0 + ids.len() as u64);
                ids.push(message.id);
                message
            })
            .collect();
        let first = FIRST_ARRIVAL.0 + (ids.len() - group.len()) as u64;
        let start = thread_nanoseconds();
        commit_group(store, &mut totals, &group, first)?;
        if ids.len() - confirmed >= MILESTONE_MESSAGES {
            milestone.0 += 1;
            let cone: Vec<(Arrival, u8)> =
                (confirmed..ids.len()).map(|place| (Arrival(FIRST_ARRIVAL.0 + place as u64), 254)).collect();
            confirmed = ids.len();
            timed(&mut totals.confirm, || confirm(store, milestone, &cone))?;
        }
        totals.writer_nanoseconds += thread_nanoseconds() - start;
    }
    Ok((totals, ids))
}

fn commit_group(store: &Store, totals: &mut Totals, group: &[Message], first: u64) -> Result<(), StoreError> {
    let reader = store.latest();
    timed(&mut totals.lookup, || -> Result<(), StoreError> {
        for message in group {
            assert_eq!(reader.arrival(&message.id)?, None);
        }
        Ok(())
    })?;
    let batch = timed(&mut totals.build, || {
        let mut batch = Batch::new();
        for (arrival, message) in (first..).zip(group) {
            let Message { id, parents, index, bytes } = message;
            let vertex = NewVertex { id: *id, parents, index: Some(*index), flags: 0, bytes };
            batch.put_vertex(Arrival(arrival), &vertex);
        }
        batch
    });
    totals.message_bytes += group.iter().map(|message| message.bytes.len() as u64).sum::<u64>();
    let mut took = Duration::ZERO;
    timed(&mut took, || store.commit(batch, Durability::Logged))?;
    totals.commit += took;
    totals.slowest_commit = totals.slowest_commit.max(took);
    Ok(())
}

fn confirm(store: &Store, milestone: MilestoneIndex, cone: &[(Arrival, u8)]) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    store.put_positions(&mut batch, milestone, cone)?;
    batch.put(osmia_store::Table::Milestones, &milestone.0.to_be_bytes(), &[0; 80]);
    store.commit(batch, Durability::Synced)
}

fn report(messages: usize, totals: &Totals, wall: Duration, process: u64) {
    #[expect(clippy::cast_precision_loss, reason = "printed with two digits")]
    let per = |nanoseconds: u128| nanoseconds as f64 / 1000.0 / messages as f64;
    println!("messages/s over all (with making them)  {:.0}", messages as f64 / wall.as_secs_f64());
    println!("µs per message: lookup of an absent id  {:.2}", per(totals.lookup.as_nanos()));
    println!("µs per message: building the batch      {:.2}", per(totals.build.as_nanos()));
    println!("µs per message: commit                  {:.2}", per(totals.commit.as_nanos()));
    println!("µs per message: confirm                 {:.2}", per(totals.confirm.as_nanos()));
    println!("µs CPU per message: writing thread      {:.2}", per(u128::from(totals.writer_nanoseconds)));
    println!("µs CPU per message: background          {:.2}", per(u128::from(process)));
    println!("slowest commit                          {:?}", totals.slowest_commit);
}

fn reads(store: &Store, ids: &[MessageId]) -> Result<(), StoreError> {
    let mut random = Random(2);
    let reader = store.snapshot();
    let measure = |name: &str, work: &mut dyn FnMut() -> Result<(), StoreError>| -> Result<(), StoreError> {
        let mut times = Vec::with_capacity(READS);
        for _ in 0..READS {
            let mut took = Duration::ZERO;
            timed(&mut took, &mut *work)?;
            times.push(took);
        }
        times.sort_unstable();
        println!("{name:32} p50 {:?}  p99 {:?}", times[READS / 2], times[READS * 99 / 100]);
        Ok(())
    };
    let arrival = |random: &mut Random| Arrival(FIRST_ARRIVAL.0 + random.below(ids.len()) as u64);
    measure("absent id", &mut || {
        let absent = MessageId::of(&random.next().to_le_bytes());
        reader.arrival(&absent).map(|found| assert_eq!(found, None))
    })?;
    measure("id → arrival", &mut || {
        reader.arrival(&ids[random.below(ids.len())]).map(|found| assert!(found.is_some()))
    })?;
    measure("arrival → message", &mut || {
        reader.vertex(arrival(&mut random)).map(|found| assert!(found.is_some()))
    })?;
    measure("position", &mut || reader.position(arrival(&mut random)).map(|_| ()))?;
    measure("children", &mut || reader.children(arrival(&mut random), 100).map(|_| ()))?;
    measure("index, newest 100", &mut || {
        let tag = format!("sensor-{}", random.below(1_000));
        reader.indexed(IndexHash::of(tag.as_bytes()), 100).map(|_| ())
    })
}

fn run(folder: &Path, messages: usize, batch: usize, crash: bool) -> Result<(), StoreError> {
    let store = Store::open(folder, &StoreOptions::small_machine())?;
    let start = Instant::now();
    let (totals, ids) = fill(&store, messages, batch)?;
    let wall = start.elapsed();
    let process = process_nanoseconds() - thread_nanoseconds();
    report(messages, &totals, wall, process);
    println!("memory {:?} {}", store.memory_use()?, status_line("VmHWM"));
    if crash {
        std::process::exit(9);
    }
    reads(&store, &ids)?;
    println!("memory {:?} {}", store.memory_use()?, status_line("VmHWM"));
    let start = Instant::now();
    store.close()?;
    println!("closing took {:?}", start.elapsed());
    println!("written ÷ message bytes {:.2}", io_line("write_bytes") as f64 / totals.message_bytes as f64);
    let store = Store::open(folder, &StoreOptions::small_machine())?;
    println!("message bytes {}, on disk {}", totals.message_bytes, store.size_on_disk()?);
    println!("disk ÷ message bytes {:.3}", store.size_on_disk()? as f64 / totals.message_bytes as f64);
    let start = Instant::now();
    let audit = store.audit()?;
    println!(
        "audit in {:?}: {} messages, {} findings",
        start.elapsed(),
        audit.messages,
        audit.findings_total
    );
    println!("memory after audit {}", status_line("VmHWM"));
    Ok(())
}

fn open(folder: &Path) -> Result<(), StoreError> {
    let start = Instant::now();
    let store = Store::open(folder, &StoreOptions::small_machine())?;
    let opened = start.elapsed();
    let next = store.latest().next_arrival()?;
    println!("opened in {opened:?}, first answer after {:?}: {next} comes next", start.elapsed());
    println!("memory {:?} {}", store.memory_use()?, status_line("VmHWM"));
    Ok(())
}

fn main() -> Result<(), StoreError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse().ok());
    match (arguments.first(), number(1), number(2)) {
        (Some(folder), Some(messages), Some(batch)) => {
            run(Path::new(folder), messages, batch, arguments.get(3).is_some_and(|word| word == "crash"))
        }
        (Some(folder), None, None) => open(Path::new(folder)),
        _ => {
            println!("ingest FOLDER MESSAGES BATCH [crash] | ingest FOLDER open");
            Ok(())
        }
    }
}
