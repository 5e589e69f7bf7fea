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
    /// The message of the transfer that was answered last.
    answered: Option<(MessageId, Transaction)>,
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
            let mut parents = tips(&mut http)?;
            parents.extend(self.answered.as_ref().map(|(id, _)| *id));
            let payload = Payload::Transaction(Box::new(transaction.clone()));
            let id = submit(&mut http, &message(&parents, payload, MIN_POW_SCORE))?;
            answered.push(id);
            self.settle(transaction, id);
        }
        Ok(())
    }

    /// The next transfer: a gift to a fresh address, the rest to the payer.
    fn next(&mut self) -> Transaction {
        self.gifts += 1;
        let (output, amount) = self.unspent;
        let gift = address(&key("gift", self.number << 32 | self.gifts));
        transfer(output, &self.key, &[(gift, GIFT), (address(&self.key), amount - GIFT)])
    }

    fn settle(&mut self, transaction: Transaction, id: MessageId) {
        self.unanswered = None;
        self.unspent = (output_on(&transaction, address(&self.key)), self.unspent.1 - GIFT);
        self.answered = Some((id, transaction));
    }

    /// Waits until the ledger has the transfer that was answered last, and so every one before it.
    pub(crate) fn check(&self, http: &mut Http) {
        let Some((message, transaction)) = &self.answered else { return };
        let path = format!("/api/v1/transactions/{}/included-message", transaction.id());
        let included = wait::until("a transfer in the ledger", || {
            let metadata = http.read(&format!("/api/v1/messages/{message}/metadata"));
            metadata["ledgerInclusionState"].as_str().map(str::to_owned)
        });
        // A transfer that was sent again after a crash is included in one of its two messages.
        assert!(["included", "conflicting"].contains(&included.as_str()), "{included}");
        assert_eq!(http.get(&path).unwrap().status, 200, "{path}");
    }
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
    let payer = |(key, number): (SecretKey, u64)| Payer {
        unspent: (output_on(&transaction, address(&key)), amounts(number)),
        key,
        number,
        gifts: 0,
        unanswered: None,
        answered: Some((id, transaction.clone())),
    };
    let payers: Vec<Payer> = keys.into_iter().zip(0..).map(payer).collect();
    payers.iter().for_each(|payer| payer.check(&mut http));
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
            answered.push(submit(&mut http, &message(&parents, payload, MIN_POW_SCORE))?);
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

/// Submits a message that must be taken; its id once it is answered.
pub(crate) fn submit(http: &mut Http, message: &[u8]) -> io::Result<MessageId> {
    http.submit(message).map(|reply| taken(&reply))
}

fn taken(reply: &Reply) -> MessageId {
    assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    reply.data()["messageId"].as_str().unwrap().parse().unwrap()
}
