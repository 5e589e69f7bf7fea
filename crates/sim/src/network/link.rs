//! A connection between two peers: two streams of bytes, in order, cut anywhere, as slow and as late as the weather.

use std::collections::VecDeque;

use osmia_wire::Slot;

use super::dice::Dice;

/// Bytes that fit into one direction: sent and not read yet. Then the sender waits, as with a socket.
const PIPE_BYTES_MAX: usize = 64 << 10;

/// Names a participant: its place in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PeerNumber(pub(crate) usize);

/// Names a connection: its place in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkNumber(pub(crate) usize);

/// One of the two ends of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// How a link behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    latency_ms_min: u64,
    latency_ms_max: u64,
    bytes_per_ms: u64,
}

impl Weather {
    pub(crate) fn fine(dice: &mut Dice) -> Self {
        Self { latency_ms_min: 1, latency_ms_max: dice.between(1, 40), bytes_per_ms: 10_000 }
    }

    pub(crate) fn bad(dice: &mut Dice) -> Self {
        let latency_ms_min = dice.between(1, 200);
        Self {
            latency_ms_min,
            latency_ms_max: latency_ms_min + dice.between(0, 400),
            bytes_per_ms: dice.pick(&[20, 100, 1_000, 10_000]).copied().unwrap_or(1_000),
        }
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    /// Pieces on their way, with the time at which each arrives.
    on_the_way: VecDeque<(u64, Vec<u8>)>,
    on_the_way_bytes: usize,
    /// What arrived and was not read.
    unread: VecDeque<u8>,
    /// When the sender's last byte is out.
    free_at_ms: u64,
    last_arrival_ms: u64,
    /// Nothing arrives before.
    stalled_until_ms: u64,
    /// Since when its sender waits.
    pub(crate) full_since_ms: Option<u64>,
}

impl Pipe {
    /// Bytes that may be sent now.
    pub(crate) fn room(&self) -> usize {
        PIPE_BYTES_MAX.saturating_sub(self.on_the_way_bytes + self.unread.len())
    }

    /// Sends bytes, cut into pieces. Gives the times at which they arrive.
    pub(crate) fn send(&mut self, now_ms: u64, bytes: &[u8], weather: &Weather, dice: &mut Dice) -> Vec<u64> {
        let mut arrivals = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = if dice.chance(60) { rest.len() } else { dice.count(1, rest.len()) };
            let (piece, after) = rest.split_at(count.min(rest.len()));
            rest = after;
            let takes_ms = u64::try_from(piece.len()).unwrap_or(0) / weather.bytes_per_ms.max(1);
            self.free_at_ms = self.free_at_ms.max(now_ms) + takes_ms;
            let latency_ms = dice.between(weather.latency_ms_min, weather.latency_ms_max);
            let at_ms = (self.free_at_ms + latency_ms).max(self.last_arrival_ms).max(self.stalled_until_ms);
            self.last_arrival_ms = at_ms;
            self.on_the_way_bytes += piece.len();
            self.on_the_way.push_back((at_ms, piece.to_vec()));
            arrivals.push(at_ms);
        }
        arrivals
    }

    /// Lets nothing arrive before `until_ms`; gives a time at which to look again, when something is on its way.
    pub(crate) fn stall(&mut self, until_ms: u64) -> Option<u64> {
        self.stalled_until_ms = self.stalled_until_ms.max(until_ms);
        (!self.on_the_way.is_empty()).then_some(until_ms)
    }

    /// Ends every stall.
    pub(crate) fn go_on(&mut self) {
        self.stalled_until_ms = 0;
    }

    /// Lets arrive what is due; gives how many bytes.
    pub(crate) fn arrive(&mut self, now_ms: u64) -> usize {
        let mut count = 0;
        while now_ms >= self.stalled_until_ms
            && self.on_the_way.front().is_some_and(|(at_ms, _)| *at_ms <= now_ms)
            && let Some((_, piece)) = self.on_the_way.pop_front()
        {
            self.on_the_way_bytes -= piece.len();
            count += piece.len();
            self.unread.extend(piece);
        }
        count
    }

    /// Whether something can be read.
    pub(crate) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Reads up to `bytes_max` bytes.
    pub(crate) fn read(&mut self, bytes_max: usize) -> Vec<u8> {
        let count = bytes_max.min(self.unread.len());
        self.unread.drain(..count).collect()
    }
}

/// One end of a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) peer: PeerNumber,
    /// Whether this end believes that it is connected.
    pub(crate) is_open: bool,
    /// The slot of its gossip; attackers have none.
    pub(crate) slot: Option<Slot>,
}

/// A connection, or the place of one that is to be made.
#[derive(Debug)]
pub(crate) struct Link {
    ends: [End; 2],
    /// Each carries bytes towards the side at its place.
    pipes: [Pipe; 2],
    pub(crate) weather: Weather,
    /// Whether bytes move. The ends may not have noticed yet that they do not.
    pub(crate) is_connected: bool,
    /// How many connections there were: what was planned for an earlier one is void.
    pub(crate) epoch: u32,
    /// No connection is made before: a partition.
    pub(crate) blocked_until_ms: u64,
    /// Whether a dial is planned.
    pub(crate) is_dialling: bool,
}

impl Link {
    pub(crate) fn new(a: PeerNumber, b: PeerNumber, weather: Weather) -> Self {
        let end = |peer| End { peer, is_open: false, slot: None };
        Self {
            ends: [end(a), end(b)],
            pipes: <[Pipe; 2]>::default(),
            weather,
            is_connected: false,
            epoch: 0,
            blocked_until_ms: 0,
            is_dialling: false,
        }
    }

    pub(crate) fn end(&self, side: Side) -> &End {
        let [a, b] = &self.ends;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    pub(crate) fn end_mut(&mut self, side: Side) -> &mut End {
        let [a, b] = &mut self.ends;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    /// The direction towards `side`.
    pub(crate) fn pipe_to(&mut self, side: Side) -> &mut Pipe {
        let [a, b] = &mut self.pipes;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    /// The side of `peer`, when it is one of the two.
    pub(crate) fn side_of(&self, peer: PeerNumber) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| self.end(*side).peer == peer)
    }

    /// Whether an end still believes that it is connected.
    pub(crate) fn is_any_end_open(&self) -> bool {
        self.ends.iter().any(|end| end.is_open)
    }

    /// Begins a connection.
    pub(crate) fn connect(&mut self) {
        self.pipes = <[Pipe; 2]>::default();
        self.is_connected = true;
        self.epoch += 1;
    }

    /// Ends the connection; everything on its way is lost.
    pub(crate) fn sever(&mut self) {
        self.pipes = <[Pipe; 2]>::default();
        self.is_connected = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_arrive_complete_and_in_order_and_not_before_a_stall_ends() {
        let mut dice = Dice::new(7);
        for round in 0..50 {
            let weather = if round % 2 == 0 { Weather::bad(&mut dice) } else { Weather::fine(&mut dice) };
            let mut pipe = Pipe::default();
            let sent = dice.many_bytes(5_000);
            let mut last_ms = 0;
            for (number, part) in (0_u64..).zip(sent.chunks(700)) {
                let arrivals = pipe.send(number * 3, part, &weather, &mut dice);
                assert!(arrivals.iter().is_sorted());
                last_ms = arrivals.last().copied().unwrap();
            }
            pipe.stall(last_ms + 50);
            assert_eq!(pipe.arrive(last_ms + 49), 0);
            assert_eq!(pipe.room() + sent.len(), PIPE_BYTES_MAX);
            assert_eq!(pipe.arrive(last_ms + 50), sent.len());
            let mut got = pipe.read(4);
            got.extend(pipe.read(usize::MAX));
            assert_eq!(got, sent);
            assert_eq!(pipe.room(), PIPE_BYTES_MAX);
        }
    }
}
