//! Reading messages, their neighbours and their places in the ledger's history.

use osmia_primitives::{MessageId, MilestoneIndex, blake2b};

use crate::cone;
use crate::error::StoreError;
use crate::keys;
use crate::page::{self, Page};
use crate::reader::Reader;
use crate::scan::ScanRange;
use crate::table::Table;
use crate::vertex::{Arrival, EntryPoint, FIRST_ARRIVAL, IndexHash, Position, StoredVertex};

impl Reader<'_> {
    /// The position of the message `id`, or the number of the entry point `id`; `None` when it is not stored. The
    /// whole id is compared, not only the bytes it is keyed by.
    ///
    /// # Errors
    /// When the store cannot be read, or holds an id without its message.
    pub fn arrival(&self, id: &MessageId) -> Result<Option<Arrival>, StoreError> {
        let prefix = keys::id_prefix(id);
        // A row with the whole id as its key exists only beside one with the prefix.
        let Some(first) = self.id_row(&prefix)? else { return Ok(None) };
        if self.expect_id_of(first)? == *id {
            return Ok(Some(first));
        }
        let Some(second) = self.id_row(&id.0)? else { return Ok(None) };
        if self.expect_id_of(second)? == *id {
            return Ok(Some(second));
        }
        Err(StoreError::damaged("ids", &format!("the row of {id} leads to another message")))
    }

    fn id_row(&self, key: &[u8]) -> Result<Option<Arrival>, StoreError> {
        match self.get_with(Table::Ids, key, keys::arrival_value)? {
            Some(None) => Err(StoreError::damaged("ids", "a row does not have eight bytes")),
            Some(arrival) => Ok(arrival),
            None => Ok(None),
        }
    }

    fn expect_id_of(&self, arrival: Arrival) -> Result<MessageId, StoreError> {
        let dangling =
            || StoreError::damaged("ids", &format!("a row leads to arrival {arrival}, which is missing"));
        self.id_of(arrival)?.ok_or_else(dangling)
    }

    /// The message at `arrival`; `None` when there is none, as for every entry point.
    ///
    /// # Errors
    /// When the store cannot be read or the row is damaged.
    pub fn vertex(&self, arrival: Arrival) -> Result<Option<StoredVertex>, StoreError> {
        self.get_with(Table::Log, &keys::of_arrival(arrival), |row| parse_vertex(arrival, row))?.transpose()
    }

    /// The messages at `arrivals`, in their order; several are read at once.
    ///
    /// # Errors
    /// As [`Reader::vertex`].
    pub fn vertices(&self, arrivals: &[Arrival]) -> Result<Vec<Option<StoredVertex>>, StoreError> {
        let mut vertices = Vec::with_capacity(arrivals.len());
        let keys: Vec<[u8; 8]> = arrivals.iter().map(|arrival| keys::of_arrival(*arrival)).collect();
        let mut arrivals = arrivals.iter();
        self.get_many_with(Table::Log, &keys, false, |row| {
            let arrival = arrivals.next().copied().unwrap_or(FIRST_ARRIVAL);
            vertices.push(row.map(|row| parse_vertex(arrival, row)).transpose());
        })?;
        vertices.into_iter().collect()
    }

    /// Every message from `from` on, in the order of arrival.
    pub fn vertices_from(
        &self,
        from: Arrival,
    ) -> impl Iterator<Item = Result<(Arrival, StoredVertex), StoreError>> + use<'_> {
        let mut scan = self.scan(Table::Log, ScanRange::all().from(&keys::of_arrival(from)));
        std::iter::from_fn(move || {
            let row = scan.read(|key, value| {
                let arrival = log_arrival(key)?;
                parse_vertex(arrival, value).map(|vertex| (arrival, vertex))
            });
            row.and_then(Option::transpose).transpose()
        })
    }

    /// The id of the message or entry point at `arrival`: that of a message is computed from its bytes.
    ///
    /// # Errors
    /// When the store cannot be read or the row is damaged.
    pub fn id_of(&self, arrival: Arrival) -> Result<Option<MessageId>, StoreError> {
        if arrival.is_entry_point() {
            return Ok(self.entry_point(arrival)?.map(|entry_point| entry_point.id));
        }
        let key = keys::of_arrival(arrival);
        self.get_with(Table::Log, &key, |row| message_bytes(arrival, row).map(MessageId::of))?.transpose()
    }

    /// The ids of the messages and entry points at `arrivals`, in their order; several are read and hashed at once.
    ///
    /// # Errors
    /// As [`Reader::id_of`].
    pub fn ids_of(&self, arrivals: &[Arrival]) -> Result<Vec<Option<MessageId>>, StoreError> {
        let vertices = self.vertices(arrivals)?;
        let bytes: Vec<&[u8]> = vertices.iter().flatten().map(|vertex| vertex.bytes.as_slice()).collect();
        let mut digests = blake2b::hash_many(&bytes).into_iter();
        let mut ids = Vec::with_capacity(arrivals.len());
        for (arrival, vertex) in arrivals.iter().zip(&vertices) {
            ids.push(match vertex {
                Some(_) => digests.next().map(MessageId),
                None if arrival.is_entry_point() => self.id_of(*arrival)?,
                None => None,
            });
        }
        Ok(ids)
    }

    /// Where the message at `arrival` stands in the ledger's history; `None` when no milestone referenced it. Of an
    /// entry point, the milestone it was given, 0 for the genesis.
    ///
    /// # Errors
    /// When the store cannot be read or the row is damaged.
    pub fn position(&self, arrival: Arrival) -> Result<Option<Position>, StoreError> {
        Ok(self.positions(&[arrival])?.pop().flatten())
    }

    /// The positions of the messages and entry points at `arrivals`, in their order; each page is read once.
    ///
    /// # Errors
    /// As [`Reader::position`].
    pub fn positions(&self, arrivals: &[Arrival]) -> Result<Vec<Option<Position>>, StoreError> {
        let messages = arrivals.iter().filter(|arrival| !arrival.is_entry_point());
        let mut numbers: Vec<u64> = messages.map(|arrival| page::place(*arrival).0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let pages = self.pages(&numbers)?;
        let mut positions = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            let (number, in_page) = page::place(*arrival);
            positions.push(if arrival.is_entry_point() {
                self.entry_point(*arrival)?.map(|entry| Position { milestone: entry.milestone, outcome: 0 })
            } else {
                let place = numbers.binary_search(&number).ok();
                place.and_then(|place| pages.get(place)?.as_ref()?.get(in_page))
            });
        }
        Ok(positions)
    }

    /// Pages by their numbers, which are sorted.
    fn pages(&self, numbers: &[u64]) -> Result<Vec<Option<Page>>, StoreError> {
        let keys: Vec<[u8; 8]> = numbers.iter().map(|number| number.to_be_bytes()).collect();
        let mut pages = Vec::with_capacity(keys.len());
        let mut is_damaged = false;
        self.get_many_with(Table::Positions, &keys, true, |row| {
            let page = row.map(Page::parse);
            is_damaged |= page == Some(None);
            pages.push(page.flatten());
        })?;
        if is_damaged {
            return Err(StoreError::damaged("positions", "a page has a wrong length"));
        }
        Ok(pages)
    }

    /// The positions of up to `max` messages that have the message at `arrival` as a parent, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read or a row is damaged.
    pub fn children(&self, arrival: Arrival, max: usize) -> Result<Vec<Arrival>, StoreError> {
        self.last_arrivals(Table::Children, ScanRange::prefix(&keys::of_arrival(arrival)), 16, max)
    }

    /// The positions of up to `max` messages with the index hash `hash`, the newest first.
    ///
    /// # Errors
    /// When the store cannot be read or a row is damaged.
    pub fn indexed(&self, hash: IndexHash, max: usize) -> Result<Vec<Arrival>, StoreError> {
        self.last_arrivals(Table::Index, ScanRange::prefix(&hash.0).reverse(), 24, max)
    }

    /// The arrivals that the keys of `key_bytes` bytes in a range end with.
    fn last_arrivals(
        &self,
        table: Table,
        range: ScanRange,
        key_bytes: usize,
        max: usize,
    ) -> Result<Vec<Arrival>, StoreError> {
        let mut arrivals = Vec::new();
        let mut scan = self.scan(table, range);
        while arrivals.len() < max {
            let Some(arrival) = scan.read(|key, _| keys::last_arrival(key, key_bytes))? else { break };
            arrivals
                .push(arrival.ok_or_else(|| StoreError::damaged(table.name(), "a key has a wrong length"))?);
        }
        Ok(arrivals)
    }

    /// The positions of the messages that `milestone` referenced, in white-flag order; empty when it is not known.
    ///
    /// # Errors
    /// When the store cannot be read or a row is damaged.
    pub fn cone(&self, milestone: MilestoneIndex) -> Result<Vec<Arrival>, StoreError> {
        let mut arrivals = Vec::new();
        let mut scan = self.scan(Table::Cones, ScanRange::prefix(&milestone.0.to_be_bytes()));
        let mut chunk = 0;
        while let Some(is_next) = scan.read(|key, value| {
            key == keys::cone_chunk(milestone, chunk) && cone::parse(value, &mut arrivals).is_some()
        })? {
            if !is_next {
                let detail = format!("chunk {chunk} of milestone {milestone}");
                return Err(StoreError::damaged("cones", &detail));
            }
            chunk += 1;
        }
        Ok(arrivals)
    }

    /// The position the next message gets: one more than the largest stored, at least [`FIRST_ARRIVAL`].
    ///
    /// # Errors
    /// When the store cannot be read or a key is damaged.
    pub fn next_arrival(&self) -> Result<Arrival, StoreError> {
        let mut scan = self.scan(Table::Log, ScanRange::all().reverse());
        let Some(last) = scan.read(|key, _| log_arrival(key))? else { return Ok(FIRST_ARRIVAL) };
        let next =
            last?.0.checked_add(1).ok_or_else(|| StoreError::damaged("log", "the last key is used"))?;
        Ok(Arrival(next))
    }

    /// The entry point with `number`.
    ///
    /// # Errors
    /// When the store cannot be read or the row is damaged.
    pub fn entry_point(&self, number: Arrival) -> Result<Option<EntryPoint>, StoreError> {
        let key = keys::of_arrival(number);
        let row = self.get_with(Table::EntryPoints, &key, |row| keys::parse_entry_point(number, row))?;
        row.map(|entry| entry.ok_or_else(|| damaged_entry_point(number))).transpose()
    }

    /// Every entry point, in the order of the numbers.
    ///
    /// # Errors
    /// As [`Reader::entry_point`].
    pub fn entry_points(&self) -> Result<Vec<EntryPoint>, StoreError> {
        let mut entry_points = Vec::new();
        let mut scan = self.scan(Table::EntryPoints, ScanRange::all());
        while let Some(entry) = scan.read(|key, value| {
            let number = keys::last_arrival(key, 8);
            let number =
                number.ok_or_else(|| StoreError::damaged("entry_points", "a key has a wrong length"))?;
            keys::parse_entry_point(number, value).ok_or_else(|| damaged_entry_point(number))
        })? {
            entry_points.push(entry?);
        }
        Ok(entry_points)
    }
}

fn damaged_entry_point(number: Arrival) -> StoreError {
    StoreError::damaged("entry_points", &format!("row {number} has a wrong length"))
}

fn log_arrival(key: &[u8]) -> Result<Arrival, StoreError> {
    keys::last_arrival(key, 8).ok_or_else(|| StoreError::damaged("log", "a key does not have eight bytes"))
}

fn parse_vertex(arrival: Arrival, row: &[u8]) -> Result<StoredVertex, StoreError> {
    let (flags, bytes) = row.split_first().ok_or_else(|| empty_row(arrival))?;
    Ok(StoredVertex { flags: *flags, bytes: bytes.to_vec() })
}

fn message_bytes(arrival: Arrival, row: &[u8]) -> Result<&[u8], StoreError> {
    row.split_first().map(|(_, bytes)| bytes).ok_or_else(|| empty_row(arrival))
}

fn empty_row(arrival: Arrival) -> StoreError {
    StoreError::damaged("log", &format!("the row of arrival {arrival} is empty"))
}
