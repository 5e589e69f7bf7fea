//! The Merkle root over the messages a milestone applied (TIP-4): RFC 6962 shape with BLAKE2b-256.

use crate::blake2b::{self, Digest};

const LEAF_PREFIX: u8 = 0;
const NODE_PREFIX: u8 = 1;

/// The root over `leaves` in their order; the digest of the empty input when there are none.
#[must_use]
pub fn root<L: AsRef<[u8]>>(leaves: &[L]) -> Digest {
    match leaves {
        [] => blake2b::hash(&[]),
        [leaf] => blake2b::hash_parts(&[&[LEAF_PREFIX], leaf.as_ref()]),
        _ => {
            let (left, right) = leaves.split_at(largest_power_of_two_below(leaves.len()));
            // The recursion is as deep as the binary logarithm of the number of leaves.
            blake2b::hash_parts(&[&[NODE_PREFIX], &root(left), &root(right)])
        }
    }
}

/// The largest power of two that is smaller than `count`; `count` is at least 2.
fn largest_power_of_two_below(count: usize) -> usize {
    count.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn the_root_over_nothing_is_the_digest_of_nothing() {
        assert_eq!(root::<[u8; 32]>(&[]), blake2b::hash(b""));
    }

    /// The example of TIP-4: seven leaves.
    #[test]
    fn the_example_of_tip_4_has_its_published_root() {
        let leaves: Vec<[u8; 32]> = [
            "52fdfc072182654f163f5f0f9a621d729566c74d10037c4d7bbb0407d1e2c649",
            "81855ad8681d0d86d1e91e00167939cb6694d2c422acd208a0072939487f6999",
            "eb9d18a44784045d87f3c67cf22746e995af5a25367951baa2ff6cd471c483f1",
            "5fb90badb37c5821b6d95526a41a9504680b4e7c8b763a1b1d49d4955c848621",
            "6325253fec738dd7a9e28bf921119c160f0702448615bbda08313f6a8eb668d2",
            "0bf5059875921e668a5bdf2c7fc4844592d2572bcd0668d2d6c52f5054e2d083",
            "6bf84c7174cb7476364cc3dbd968b0f7172ed85794bb358b0c3b525da1786f9f",
        ]
        .map(|text| hex::decode_array(text).expect("because the vector is hexadecimal"))
        .to_vec();
        assert_eq!(
            hex::encode(&root(&leaves)),
            "bf67ce7ba23e8c0951b5abaec4f5524360d2c26d971ff226d3359fa70cdb0beb"
        );
    }

    #[test]
    fn the_split_is_the_largest_power_below() {
        for (count, expected) in [(2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8)] {
            assert_eq!(largest_power_of_two_below(count), expected);
        }
    }
}
