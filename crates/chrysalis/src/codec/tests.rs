use osmia_primitives::bytes::Reader;

use super::{room, sized, write_sized};

#[test]
fn a_count_reserves_no_more_than_the_bytes_left_can_hold() {
    assert_eq!(room::<[u8; 32]>(&Reader::new(&[0; 64]), 255, 32).capacity(), 2);
    assert_eq!(room::<[u8; 32]>(&Reader::new(&[0; 31]), 255, 32).capacity(), 0);
    assert_eq!(room::<[u8; 32]>(&Reader::new(&[0; 320]), 3, 32).capacity(), 3);
}

#[test]
fn a_length_is_written_before_its_bytes_and_read_back() {
    let mut bytes = vec![9];
    write_sized(&mut bytes, |bytes| bytes.extend([1, 2, 3]));
    assert_eq!(bytes, [9, 3, 0, 0, 0, 1, 2, 3]);
    let mut reader = Reader::new(&bytes[1..]);
    assert_eq!(sized(&mut reader), Ok(Some([1, 2, 3].as_slice())));
    assert_eq!(sized(&mut Reader::new(&[0; 4])), Ok(None));
}

#[test]
fn a_length_beyond_the_end_is_refused() {
    let refused = sized(&mut Reader::new(&[255, 255, 255, 255, 1])).unwrap_err();
    assert_eq!(refused.rule(), "unexpected-end");
}
