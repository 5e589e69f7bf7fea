//! Cone chunks: the arrivals of a milestone's cone in white-flag order, as zigzag-encoded differences.

use crate::vertex::Arrival;

/// The row of up to [`crate::limits::CHUNK_ARRIVALS_MAX`] arrivals. The first is the difference to 0.
pub(crate) fn pack(arrivals: &[Arrival]) -> Vec<u8> {
    let mut row = Vec::with_capacity(arrivals.len() * 2 + 10);
    let mut previous = 0_u64;
    for arrival in arrivals {
        let difference = arrival.0.wrapping_sub(previous).cast_signed();
        put_varint(&mut row, (difference << 1 ^ difference >> 63).cast_unsigned());
        previous = arrival.0;
    }
    row
}

/// Appends the arrivals of a row to `arrivals`; `None` when the row is not one.
pub(crate) fn parse(mut row: &[u8], arrivals: &mut Vec<Arrival>) -> Option<()> {
    let mut previous = 0_u64;
    while !row.is_empty() {
        let zigzag = take_varint(&mut row)?;
        let difference = (zigzag >> 1) ^ (zigzag & 1).wrapping_neg();
        previous = previous.wrapping_add(difference);
        arrivals.push(Arrival(previous));
    }
    Some(())
}

/// Seven bits per byte, the lowest first; the top bit says that more follow.
fn put_varint(row: &mut Vec<u8>, mut value: u64) {
    loop {
        #[expect(clippy::cast_possible_truncation, reason = "only the lowest seven bits are taken")]
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 {
            row.push(byte);
            return;
        }
        row.push(byte | 0x80);
    }
}

fn take_varint(row: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = row.split_first()?;
        *row = rest;
        let bits = u64::from(byte & 0x7f);
        value |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(row: &[u8]) -> Option<Vec<Arrival>> {
        let mut arrivals = Vec::new();
        parse(row, &mut arrivals).map(|()| arrivals)
    }

    #[test]
    fn any_order_of_arrivals_reads_back() {
        let arrivals = [5, 6, 4, 4, u64::MAX, 0, 1 << 63, (1 << 32) + 300].map(Arrival);
        assert_eq!(read(&pack(&arrivals)), Some(arrivals.to_vec()));
        assert_eq!(read(&[]), Some(vec![]));
    }

    #[test]
    fn neighbours_take_one_byte_each() {
        let arrivals: Vec<Arrival> = (0..100).map(|number| Arrival((1 << 32) + number)).collect();
        assert_eq!(pack(&arrivals).len(), 5 + 99);
        assert_eq!(pack(&[Arrival(1), Arrival(0), Arrival(64)]), [2, 1, 0x80, 1]);
    }

    #[test]
    fn a_row_that_ends_early_or_overflows_is_refused() {
        assert_eq!(read(&[0x80]), None);
        assert_eq!(read(&[0xff; 11]), None);
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]), None);
    }
}
