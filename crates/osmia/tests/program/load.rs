//! Load on a network from several connections: data messages, and transfers each of which spends what the one before
//! it gave back.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use osmia_chrysalis::{OutputId, Payload, TOKEN_SUPPLY, Transaction};
use osmia_primitives::MessageId;
use osmia_primitives::ed25519::SecretKey;

use crate::http::{Http, Reply};
use crate::process::Program;
use crate::random::Random;
use crate::wait;
use crate::wallet::{GENESIS, address, data, key, message, output_on, owner, transfer};

/// The networks ask for almost no proof of work.
pub(crate) const MIN_POW_SCORE: f64 = 1.0;
const DATA_CONNECTIONS: u64 = 2;
const PAYERS: u64 = 2;
/// What a transfer gives away.
const GIFT: u64 = 1_000_000;
/// Messages that are sent with the same tips.
const MESSAGES_PER_TIPS: usize = 8;

/// Somebody who pays, one transfer after the other.
#[derive(Clone)]
pub(crate) struct Payer {
    key: SecretKey,
    number: u64,
    /// What can be spent, and how much it is.
    unspent: (OutputId, u64),
    gifts: u64,
    /// The transfer that was sent last, not answered yet. Whether it was stored is not known.
    unanswered: Option<Transaction>,
    /// Transfers that were answered and are not known to be in the ledger, in their order.
    open: Vec<Transaction>,
    /// The message of the last of them.
    last: Option<MessageId>,
}

impl Payer {
    /// Pays until the connection ends or `stop` is raised; the messages that were answered.
    fn pay(mut self, api: SocketAddr, stop: &AtomicBool) -> (Option<Self>, Vec<MessageId>) {
        let mut answered = Vec::new();
        // An error means that the server was killed.
        drop(self.try_pay(api, stop, &mut answered));
        (Some(self), answered)
    }

    fn try_pay(
        &mut self,
        api: SocketAddr,
        stop: &AtomicBool,
        answered: &mut Vec<MessageId>,
    ) -> io::Result<()> {
        let mut http = Http::connect(api)?;
        while !stop.load(Ordering::Relaxed) {
            let transaction = self.unanswered.take().unwrap_or_else(|| self.next());
            self.unanswered = Some(transaction.clone());
            match self.attach(&mut http, &transaction)? {
                Some(id) => {
                    answered.push(id);
                    self.settle(transaction);
                }
                // The machine was so slow that the parents grew old: the next check brings them into the ledger.
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Submits a transfer in a message after the last one.
    fn attach(&mut self, http: &mut Http, transaction: &Transaction) -> io::Result<Option<MessageId>> {
        let mut parents = tips(http)?;
        parents.extend(self.last);
        let payload = Payload::Transaction(Box::new(transaction.clone()));
        let id = submit(http, &message(&parents, payload, MIN_POW_SCORE))?;
        self.last = id.or(self.last);
        Ok(id)
    }

    /// The next transfer: a gift to a fresh address, the rest to the payer.
    fn next(&mut self) -> Transaction {
        self.gifts += 1;
        let (output, amount) = self.unspent;
        let gift = address(&key("gift", self.number << 32 | self.gifts));
        transfer(output, &self.key, &[(gift, GIFT), (address(&self.key), amount - GIFT)])
    }

    fn settle(&mut self, transaction: Transaction) {
        self.unanswered = None;
        self.unspent = (output_on(&transaction, address(&self.key)), self.unspent.1 - GIFT);
        self.open.push(transaction);
    }

    /// Waits until the ledger has every transfer that was answered. Messages that milestones left behind, as happens
    /// to those that are attached too slowly, are attached again, as wallets do.
    pub(crate) fn check(&mut self, http: &mut Http) {
        wait::until("every transfer in the ledger", || {
            if self.open.last().is_none_or(|transaction| is_included(http, transaction)) {
                self.open.clear();
                return Some(());
            }
            let last = self.last.expect("a message of the open transfer");
            let metadata = http.read(&format!("/api/v1/messages/{last}/metadata"));
            if metadata["shouldPromote"] == true || metadata["shouldReattach"] == true {
                self.attach_again(http);
            }
            None
        });
    }

    fn attach_again(&mut self, http: &mut Http) {
        self.last = None;
        for transaction in self.open.clone() {
            if !is_included(http, &transaction) {
                self.attach(http, &transaction).unwrap().expect("fresh parents");
            }
        }
    }
}

fn is_included(http: &mut Http, transaction: &Transaction) -> bool {
    let path = format!("/api/v1/transactions/{}/included-message", transaction.id());
    http.get(&path).unwrap().status == 200
}

/// Gives the supply to payers.
pub(crate) fn fund(network: &Program) -> Vec<Payer> {
    let share = TOKEN_SUPPLY / PAYERS;
    let rest = TOKEN_SUPPLY - share * PAYERS;
    let keys: Vec<SecretKey> = (0..PAYERS).map(|number| key("payer", number)).collect();
    let amounts = |number: u64| if number == 0 { share + rest } else { share };
    let receivers: Vec<_> =
        keys.iter().zip(0..).map(|(key, number)| (address(key), amounts(number))).collect();
    let transaction = transfer(GENESIS, &owner(), &receivers);
    let mut http = network.http();
    let payload = Payload::Transaction(Box::new(transaction.clone()));
    let parents = tips(&mut http).unwrap();
    let id = submit(&mut http, &message(&parents, payload, MIN_POW_SCORE)).unwrap();
    let mut payers: Vec<Payer> = keys
        .into_iter()
        .zip(0..)
        .map(|(key, number)| Payer {
            unspent: (output_on(&transaction, address(&key)), amounts(number)),
            key,
            number,
            gifts: 0,
            unanswered: None,
            open: vec![transaction.clone()],
            last: id,
        })
        .collect();
    payers.iter_mut().for_each(|payer| payer.check(&mut http));
    payers
}

type Worker = JoinHandle<(Option<Payer>, Vec<MessageId>)>;

/// Load that runs.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    workers: Vec<Worker>,
}

impl Load {
    /// Starts the payers, and connections that send data.
    pub(crate) fn start(api: SocketAddr, payers: Vec<Payer>, random: &mut Random) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut workers: Vec<Worker> = Vec::new();
        for payer in payers {
            let stop = Arc::clone(&stop);
            workers.push(std::thread::spawn(move || payer.pay(api, &stop)));
        }
        for _ in 0..DATA_CONNECTIONS {
            let (stop, seed) = (Arc::clone(&stop), random.next());
            workers.push(std::thread::spawn(move || (None, send_data(api, seed, &stop))));
        }
        Self { stop, workers }
    }

    /// Ends the load (a killed server does too); the payers as they stand, and every message that was answered.
    pub(crate) fn end(self) -> (Vec<Payer>, Vec<MessageId>) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut payers, mut answered) = (Vec::new(), Vec::new());
        for worker in self.workers {
            let (payer, messages) = worker.join().unwrap();
            payers.extend(payer);
            answered.extend(messages);
        }
        (payers, answered)
    }
}

/// Sends data messages of all sizes until the connection ends or `stop` is raised.
fn send_data(api: SocketAddr, seed: u64, stop: &AtomicBool) -> Vec<MessageId> {
    let mut answered = Vec::new();
    // An error means that the server was killed.
    drop(try_send_data(api, &mut Random::new(seed), stop, &mut answered));
    answered
}

fn try_send_data(
    api: SocketAddr,
    random: &mut Random,
    stop: &AtomicBool,
    answered: &mut Vec<MessageId>,
) -> io::Result<()> {
    let mut http = Http::connect(api)?;
    while !stop.load(Ordering::Relaxed) {
        let parents = tips(&mut http)?;
        for _ in 0..MESSAGES_PER_TIPS {
            let size = if random.below(20) == 0 { 2_000 } else { 100 };
            let bytes = (0..random.below(size)).map(|_| random.next().to_le_bytes()[0]).collect();
            let payload = data(&format!("crash-{}", random.below(50)), bytes);
            answered.extend(submit(&mut http, &message(&parents, payload, MIN_POW_SCORE))?);
        }
    }
    Ok(())
}

/// Tips to attach to.
pub(crate) fn tips(http: &mut Http) -> io::Result<Vec<MessageId>> {
    let reply = http.get("/api/v1/tips")?;
    // In the first moments of a network there are none.
    if reply.status == 503 {
        return Ok(vec![MessageId::NULL]);
    }
    let data = reply.data();
    let ids = data["tipMessageIds"].as_array().unwrap();
    Ok(ids.iter().map(|id| id.as_str().unwrap().parse().unwrap()).collect())
}

/// Submits a valid message; its id once it is answered, `None` when its parents have grown too old or the node stops.
pub(crate) fn submit(http: &mut Http, message: &[u8]) -> io::Result<Option<MessageId>> {
    http.submit(message).map(|reply| taken(&reply))
}

fn taken(reply: &Reply) -> Option<MessageId> {
    let text = String::from_utf8_lossy(&reply.body);
    let is_too_old = reply.status == 400 && text.contains("below max depth");
    // 503: the node is stopping.
    if is_too_old || reply.status == 503 {
        return None;
    }
    assert_eq!(reply.status, 201, "{text}");
    Some(reply.data()["messageId"].as_str().unwrap().parse().unwrap())
}
