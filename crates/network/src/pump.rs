//! The two directions of a gossip stream: bytes in while gossip has room, bytes out in large pieces.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use libp2p::Stream;
use libp2p::futures::io::{ReadHalf, WriteHalf};
use libp2p::futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::swarm::ConnectionId;

use crate::hub::{Hub, StreamId, Wakers};
use crate::limits::{READ_BYTES, WRITE_BYTES, WRITE_TIMEOUT};
use crate::link::Mailbox;

/// Room of the buffer for output: gossip may exceed the size of a write by one packet.
const OUTPUT_BYTES: usize = WRITE_BYTES + osmia_wire::packet::PACKET_BYTES_MAX;

/// Pumps a stream until it ends, and tells the hub why it did.
pub(crate) async fn run(
    hub: Rc<RefCell<Hub>>,
    id: StreamId,
    connection: ConnectionId,
    stream: Stream,
    wakers: Rc<Wakers>,
) {
    let _alarm = Alarm(hub.borrow().mailbox());
    let (reader, writer) = stream.split();
    let reason = tokio::select! {
        reason = read(&hub, id, reader, &wakers) => reason,
        reason = write(&hub, id, writer, &wakers) => reason,
    };
    hub.borrow_mut().end(connection, reason);
}

/// Tells when the task that holds it panics.
struct Alarm(Arc<Mailbox>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.tell_panic();
        }
    }
}

/// Reads while gossip has room; not reading is what makes a fast peer slow down.
async fn read(hub: &RefCell<Hub>, id: StreamId, mut stream: ReadHalf<Stream>, wakers: &Wakers) -> String {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        while !hub.borrow().may_read(id) {
            wakers.read.notified().await;
        }
        match stream.read(&mut buffer).await {
            Ok(0) => return "the peer closed the stream".into(),
            Ok(count) => {
                let bytes = buffer.get(..count).expect("because a read fills no more than its buffer");
                hub.borrow_mut().receive(id, bytes);
            }
            Err(error) => return format!("reading failed: {error}"),
        }
        // A stream that always has something must not keep the thread from the others.
        tokio::task::yield_now().await;
    }
}

/// Writes what there is in one piece: every write becomes a frame and a system call.
async fn write(hub: &RefCell<Hub>, id: StreamId, mut stream: WriteHalf<Stream>, wakers: &Wakers) -> String {
    let mut output = Vec::with_capacity(OUTPUT_BYTES);
    loop {
        output.clear();
        hub.borrow_mut().take_output(id, &mut output);
        if output.is_empty() {
            wakers.write.notified().await;
            continue;
        }
        match tokio::time::timeout(WRITE_TIMEOUT, write_all(&mut stream, &output)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return format!("writing failed: {error}"),
            Err(_) => return format!("nothing could be written for {} s", WRITE_TIMEOUT.as_secs()),
        }
    }
}

async fn write_all(stream: &mut WriteHalf<Stream>, output: &[u8]) -> io::Result<()> {
    stream.write_all(output).await?;
    stream.flush().await
}
