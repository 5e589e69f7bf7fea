//! The thread that reads the store for peers, and writes `peers.json`: the network thread waits for no disk.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use osmia_engine::serve;
use osmia_primitives::MilestoneIndex;
use osmia_store::{Reader, Store};
use osmia_wire::{Asked, Question};

use crate::limits::{QUESTIONS_MAX, QUESTIONS_PER_BATCH};
use crate::link::Mailbox;
use crate::roster::Stored;
use crate::roster_file::RosterFile;

/// The network thread's end of the serving thread, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    jobs: Sender<Job>,
    answers: Arc<Answers>,
    /// Questions handed over whose answers were not taken yet.
    questions: usize,
}

/// A question of one stream; the stream's number tells it from a later one in the same slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamQuestion {
    pub(crate) stream: u64,
    pub(crate) question: Question,
}

/// The answer to a question; `None` when it is not stored.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) to: StreamQuestion,
    pub(crate) bytes: Option<Bytes>,
}

#[derive(Debug)]
enum Job {
    Answer(StreamQuestion),
    Save(Stored),
}

#[derive(Debug)]
struct Answers {
    /// Bounded by the questions under way, [`QUESTIONS_MAX`].
    ready: Mutex<Vec<Answer>>,
    mailbox: Arc<Mailbox>,
}

impl Server {
    /// Starts the thread; it wakes the network thread through `mailbox`.
    pub(crate) fn start(
        store: Arc<Store>,
        file: RosterFile,
        mailbox: Arc<Mailbox>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        // Room for every question under way and for one list of peers.
        let (jobs, receiver) = crossbeam_channel::bounded(QUESTIONS_MAX + 1);
        let answers = Arc::new(Answers { ready: Mutex::default(), mailbox });
        let thread = {
            let answers = Arc::clone(&answers);
            let run = move || run(&store, &file, &receiver, &answers);
            std::thread::Builder::new().name("serve".into()).spawn(run)?
        };
        Ok((Self { jobs, answers, questions: 0 }, thread))
    }

    /// Whether one more question may be handed over.
    pub(crate) fn has_room(&self) -> bool {
        self.questions < QUESTIONS_MAX
    }

    /// Hands a question over. Asked without room, or after the thread has ended, the question is lost.
    pub(crate) fn ask(&mut self, question: StreamQuestion) {
        if self.jobs.try_send(Job::Answer(question)).is_ok() {
            self.questions += 1;
        }
    }

    /// Hands the list of peers over to be written; gives it back when the thread is too busy.
    pub(crate) fn save(&self, stored: Stored) -> Result<(), Stored> {
        match self.jobs.try_send(Job::Save(stored)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Job::Save(stored)) | TrySendError::Disconnected(Job::Save(stored))) => {
                Err(stored)
            }
            Err(TrySendError::Full(Job::Answer(_)) | TrySendError::Disconnected(Job::Answer(_))) => Ok(()),
        }
    }

    /// Hands the last list of peers over, waiting for room.
    pub(crate) fn save_waiting(&self, stored: Stored) {
        if self.jobs.send(Job::Save(stored)).is_err() {
            tracing::error!("the list of peers was not stored: the thread that writes it has ended");
        }
    }

    /// The answers that are ready.
    pub(crate) fn take_answers(&mut self) -> Vec<Answer> {
        let answers = std::mem::take(&mut *self.answers.ready.lock().unwrap_or_else(PoisonError::into_inner));
        self.questions = self.questions.saturating_sub(answers.len());
        answers
    }
}

/// Does what comes until the network thread has ended.
fn run(store: &Store, file: &RosterFile, jobs: &Receiver<Job>, answers: &Answers) {
    while let Ok(first) = jobs.recv() {
        let rest = std::iter::from_fn(|| jobs.try_recv().ok());
        let reader = store.latest();
        let mut ready = Vec::new();
        for job in std::iter::once(first).chain(rest).take(QUESTIONS_PER_BATCH) {
            match job {
                Job::Answer(question) => {
                    ready.push(Answer { bytes: answer(&reader, question.question.what), to: question });
                }
                Job::Save(stored) => save(file, &stored),
            }
        }
        if !ready.is_empty() {
            answers.ready.lock().unwrap_or_else(PoisonError::into_inner).append(&mut ready);
            answers.mailbox.wake();
        }
    }
}

fn answer(reader: &Reader<'_>, what: Asked) -> Option<Bytes> {
    let found = match what {
        Asked::Message(id) => serve::message(reader, &id),
        Asked::Milestone(index) => serve::milestone(reader, index),
        Asked::LatestMilestone => serve::milestone(reader, MilestoneIndex(0)),
    };
    found.unwrap_or_else(|error| {
        // The engine stops the node for the same error when it meets it; a reader only tells.
        tracing::error!(%error, "the database cannot be read for a peer");
        None
    })
}

fn save(file: &RosterFile, stored: &Stored) {
    if let Err(error) = file.write(stored) {
        let path = file.path().display();
        tracing::error!(%path, %error, "the list of peers is not stored: free space, or make the folder writable");
    }
}
