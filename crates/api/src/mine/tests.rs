use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use osmia_chrysalis::{Indexation, Parents, Payload};
use osmia_primitives::{MessageId, MilestoneIndex, NetworkId};

use super::*;
use crate::limits::{POW_QUEUE_MAX, POW_THREADS_MAX};

const A: Client = Client::Ipv4(1);
const B: Client = Client::Ipv4(2);

/// No nonce is found for it in a test's life.
const NEVER: f64 = 1e16;

struct Still;

impl Ground for Still {
    fn choose_tips(&self) -> (Vec<MessageId>, MilestoneIndex) {
        (vec![MessageId([1; 32])], MilestoneIndex(1))
    }

    fn confirmed(&self) -> MilestoneIndex {
        MilestoneIndex(1)
    }
}

/// A message with some text, so that it can be told from others.
fn draft(text: &str) -> Draft {
    let parents = Parents::new(vec![MessageId([1; 32])]).unwrap();
    let payload = Payload::Indexation(Indexation { index: text.as_bytes().to_vec(), data: Vec::new() });
    let message = Message { network_id: NetworkId(7), parents, payload: Some(payload), nonce: 0 };
    Draft { message, own_parents: false }
}

/// The text of a mined message.
fn text(mined: &Bytes) -> String {
    let Some(Payload::Indexation(payload)) = Message::parse(mined).unwrap().payload else {
        panic!("no text")
    };
    String::from_utf8(payload.index).unwrap()
}

fn options(threads: usize, queue_max: usize) -> RemotePow {
    let number = |number| NonZeroUsize::new(number).unwrap();
    RemotePow { threads: number(threads), queue_max: number(queue_max) }
}

/// A miner without threads.
fn idle(queue_max: usize) -> Miner {
    Miner(Arc::new(Shared::new(options(2, queue_max), 4_000.0)))
}

/// A message in the queue, whose place is held until this is dropped.
type Entered = (Place, oneshot::Receiver<Mined>);

fn enter(miner: &Miner, client: Client, draft: Draft) -> Entered {
    let (reply, answer) = oneshot::channel();
    (Shared::enter(&miner.0, client, draft, reply).unwrap(), answer)
}

/// The texts of all messages in the order in which threads take them.
fn taken(miner: &Miner) -> Vec<String> {
    let waiting = miner.load().waiting;
    let jobs = (0..waiting).map(|_| miner.0.next().unwrap().1);
    jobs.map(|job| text(&job.draft.message.pack().into())).collect()
}

/// A miner with threads, which are joined when the test ends.
struct Running {
    miner: Miner,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    fn start(threads: usize, min_pow_score: f64) -> Self {
        let mut joined = Vec::new();
        let miner = Miner::start(options(threads, 8), min_pow_score, Still, &mut joined).unwrap();
        Self { miner, threads: joined }
    }

    fn stop(self) -> Miner {
        self.miner.close();
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.miner
    }

    fn wait_for(&self, load: Load) {
        while self.miner.load() != load {
            std::thread::yield_now();
        }
    }
}

/// Looks once whether something is ready.
fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}

fn total(miner: &Miner, name: &str) -> u64 {
    miner.figures().ends().find(|(end, _)| *end == name).unwrap().1
}

#[test]
fn a_message_is_mined_and_counted() {
    let running = Running::start(2, 20.0);
    let mined = wait(running.miner.mine(A, draft("one"))).unwrap();
    assert!(osmia_pow::score(&mined) >= 20.0);
    assert_eq!(text(&mined), "one");
    let miner = running.stop();
    assert_eq!((total(&miner, "done"), miner.load()), (1, Load { waiting: 0, mining: 0 }));
    assert!(miner.figures().nonces() > 0);
    assert_eq!((miner.figures().waiting.totals().count, miner.figures().mining.totals().count), (1, 1));
}

#[test]
fn a_client_that_is_full_is_refused_and_told_when_to_come_back() {
    let miner = idle(2);
    let mut waiting = [pin!(miner.mine(A, draft("1"))), pin!(miner.mine(A, draft("2")))];
    assert!(waiting.iter_mut().all(|future| poll(future.as_mut()).is_pending()));
    assert_eq!(miner.load(), Load { waiting: 2, mining: 0 });
    let refused = Poll::Ready(Err(MineError::Full { retry_after_s: 1 }));
    assert_eq!(poll(pin!(miner.mine(A, draft("3")))), refused);
    assert_eq!((total(&miner, "refused"), miner.load().waiting), (1, 2));
}

#[test]
fn the_newest_message_of_the_greediest_client_gives_way_and_is_told() {
    let miner = idle(2);
    let mut older = pin!(miner.mine(A, draft("1")));
    let mut newer = pin!(miner.mine(A, draft("2")));
    let mut other = pin!(miner.mine(B, draft("3")));
    assert!(poll(older.as_mut()).is_pending() && poll(newer.as_mut()).is_pending());
    assert!(poll(other.as_mut()).is_pending());
    assert_eq!(poll(newer), Poll::Ready(Err(MineError::Displaced { retry_after_s: 1 })));
    assert!(poll(older).is_pending() && poll(other).is_pending());
    assert_eq!((total(&miner, "displaced"), total(&miner, "cancelled"), miner.load().waiting), (1, 0, 2));
}

#[test]
fn the_place_of_a_client_that_goes_away_is_free_at_once() {
    let miner = idle(1);
    {
        let mut gone = pin!(miner.mine(A, draft("1")));
        assert!(poll(gone.as_mut()).is_pending());
        assert_eq!(miner.load().waiting, 1);
    }
    assert_eq!((miner.load().waiting, total(&miner, "cancelled")), (0, 1));
    assert!(poll(pin!(miner.mine(A, draft("2")))).is_pending());
}

#[test]
fn the_search_of_a_client_that_goes_away_ends_and_the_thread_goes_on() {
    let running = Running::start(1, NEVER);
    for round in 1..=3 {
        let mut gone = Box::pin(running.miner.mine(A, draft("1")));
        assert!(poll(gone.as_mut()).is_pending());
        running.wait_for(Load { waiting: 0, mining: 1 });
        drop(gone);
        running.wait_for(Load { waiting: 0, mining: 0 });
        while total(&running.miner, "cancelled") < round {
            std::thread::yield_now();
        }
    }
    let miner = running.stop();
    assert_eq!((total(&miner, "done"), total(&miner, "cancelled")), (0, 3));
}

#[test]
fn closing_answers_what_waits_and_what_is_mined_and_ends_the_threads() {
    let running = Running::start(1, NEVER);
    let mut mined = pin!(running.miner.mine(A, draft("1")));
    assert!(poll(mined.as_mut()).is_pending());
    running.wait_for(Load { waiting: 0, mining: 1 });
    let mut waiting = pin!(running.miner.mine(B, draft("2")));
    assert!(poll(waiting.as_mut()).is_pending());
    running.miner.close();
    for thread in running.threads {
        thread.join().unwrap();
    }
    assert_eq!(poll(mined), Poll::Ready(Err(MineError::Stopped)));
    assert_eq!(poll(waiting), Poll::Ready(Err(MineError::Stopped)));
    assert_eq!(poll(pin!(running.miner.mine(A, draft("3")))), Poll::Ready(Err(MineError::Stopped)));
    assert_eq!(total(&running.miner, "cancelled"), 2);
}

#[test]
fn threads_end_with_the_miner_that_is_dropped() {
    let Running { miner, threads } = Running::start(3, NEVER);
    drop(miner);
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_message_that_needs_too_much_work_is_refused_before_it_waits() {
    let miner = Miner(Arc::new(Shared::new(options(1, 1), f64::INFINITY)));
    let refused = wait(miner.mine(A, draft("1"))).unwrap_err();
    assert_eq!(refused, MineError::TooHard);
    assert!(refused.to_string().contains("more work"), "{refused}");
    assert_eq!((total(&miner, "failed"), miner.load().waiting), (1, 0));
}

#[test]
fn numbers_beyond_their_bounds_count_as_the_bounds() {
    let mut threads = Vec::new();
    let beyond = options(POW_THREADS_MAX + 1, POW_QUEUE_MAX + 1);
    let miner = Miner::start(beyond, 1.0, Still, &mut threads).unwrap();
    let running = Running { miner, threads };
    assert_eq!(running.threads.len(), POW_THREADS_MAX);
    running.stop();
    let miner = idle(POW_QUEUE_MAX + 1);
    let places: Vec<_> = (0..POW_QUEUE_MAX).map(|_| enter(&miner, A, draft("x"))).collect();
    assert!(matches!(poll(pin!(miner.mine(A, draft("x")))), Poll::Ready(Err(MineError::Full { .. }))));
    drop(places);
}

/// Tips that a fault of ours makes panic.
struct Broken;

impl Ground for Broken {
    fn choose_tips(&self) -> (Vec<MessageId>, MilestoneIndex) {
        panic!("a fault")
    }

    fn confirmed(&self) -> MilestoneIndex {
        MilestoneIndex(1)
    }
}

#[test]
fn a_panic_costs_one_message_and_no_thread() {
    let mut threads = Vec::new();
    let miner = Miner::start(options(1, 8), 1.0, Broken, &mut threads).unwrap();
    let own_parents = Draft { own_parents: true, ..draft("1") };
    assert_eq!(wait(miner.mine(A, own_parents)), Err(MineError::Panicked));
    assert!(wait(miner.mine(A, draft("2"))).is_ok());
    let running = Running { miner, threads };
    assert_eq!(total(&running.stop(), "failed"), 1);
}

#[test]
fn clients_take_turns() {
    let miner = idle(8);
    let places: Vec<_> = [(A, "a1"), (A, "a2"), (A, "a3"), (B, "b1")]
        .map(|(client, text)| enter(&miner, client, draft(text)))
        .into();
    assert_eq!(taken(&miner), ["a1", "b1", "a2", "a3"]);
    assert_eq!(miner.load(), Load { waiting: 0, mining: 4 });
    drop(places);
}

/// A message of nearly the greatest length.
fn long_draft(text: &str) -> Draft {
    let mut draft = draft(text);
    let payload = Indexation { index: text.as_bytes().to_vec(), data: vec![0; 32_000] };
    draft.message.payload = Some(Payload::Indexation(payload));
    draft
}

#[test]
fn long_messages_have_rarer_turns() {
    let miner = idle(20);
    let mut places: Vec<_> = ["a1", "a2"].map(|text| enter(&miner, A, long_draft(text))).into();
    let short: Vec<String> = (1..=9).map(|number| format!("b{number}")).collect();
    places.extend(short.iter().map(|text| enter(&miner, B, draft(text))));
    let expected: Vec<_> = short.into_iter().chain(["a1".into(), "a2".into()]).collect();
    assert_eq!(taken(&miner), expected, "one of them is more work than nine short ones");
}

/// A queue with jobs whose work is made up for the test.
fn busy(works: impl IntoIterator<Item = u64>) -> (Miner, Vec<Entered>) {
    let miner = idle(100);
    let places: Vec<_> = works
        .into_iter()
        .map(|work| {
            let (reply, answer) = oneshot::channel();
            let stop = Arc::new(AtomicBool::new(false));
            let job = Job { draft: draft("x"), stop: Arc::clone(&stop), waiting: Stopwatch::start(), reply };
            let mut state = miner.0.lock();
            let ticket = state.next_ticket;
            state.next_ticket += 1;
            assert!(state.queue.push(A, ticket, work, Box::new(job)).is_ok());
            (Place { shared: Arc::clone(&miner.0), client: A, ticket, stop }, answer)
        })
        .collect();
    (miner, places)
}

#[test]
fn the_wait_is_told_from_the_work_that_waits_and_is_mined_its_pace_and_the_threads() {
    let (miner, _places) = busy([1_000_000; 10]);
    let two = NonZeroUsize::new(2).unwrap();
    let (first, _job) = miner.0.next().unwrap();
    let (second, _job) = miner.0.next().unwrap();
    let (third, _job) = miner.0.next().unwrap();
    let mut state = miner.0.lock();
    assert_eq!(
        state.retry_after_s(two),
        POW_RETRY_AFTER_S_MAX,
        "a slow machine, as long as nothing is known"
    );
    let done: Mined = Ok(Bytes::new());
    state.finish(first, Duration::from_secs(2), &done);
    assert_eq!(
        state.retry_after_s(two),
        10,
        "seven wait and two are mined: nine seconds, and what was thought before"
    );
    state.finish(second, Duration::from_secs(1), &Err(MineError::Stopped));
    assert_eq!(state.retry_after_s(two), 9, "what was given up early tells nothing, but is gone");
    state.finish(third, Duration::from_secs(20), &Err(MineError::Stopped));
    assert_eq!(
        state.retry_after_s(two),
        41,
        "but what was given up late makes the pace slower: 11.6 s for each of seven"
    );
}

#[test]
fn the_wait_that_is_told_has_bounds() {
    let (miner, _places) = busy([1]);
    let one = NonZeroUsize::MIN;
    assert_eq!(miner.0.lock().retry_after_s(one), 1, "never less than a second");
    let (miner, _places) = busy([u64::MAX, u64::MAX]);
    assert_eq!(miner.0.lock().retry_after_s(one), POW_RETRY_AFTER_S_MAX);
}
