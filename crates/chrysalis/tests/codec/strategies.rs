//! Valid values of every kind of payload.

use osmia_chrysalis::limits::{DUST_ALLOWANCE_AMOUNT_MIN, OUTPUT_INDEX_MAX, TOKEN_SUPPLY};
use osmia_chrysalis::{
    Address, Essence, Indexation, Input, Message, MigratedFunds, Milestone, Output, OutputId, OutputKind,
    Parents, Payload, Receipt, Transaction, TreasuryTransaction, UnlockBlock,
};
use osmia_primitives::ed25519::{PublicKey, Signature};
use osmia_primitives::{MessageId, MilestoneId, MilestoneIndex, NetworkId, TransactionId};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;

/// A message that satisfies every syntactic rule, with any payload or none.
pub(crate) fn message() -> impl Strategy<Value = Message> {
    (any::<u64>(), parents(), option::weighted(0.9, payload()), any::<u64>()).prop_map(
        |(network_id, parents, payload, nonce)| Message {
            network_id: NetworkId(network_id),
            parents,
            payload,
            nonce,
        },
    )
}

pub(crate) fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        indexation().prop_map(Payload::Indexation),
        transaction().prop_map(|value| Payload::Transaction(Box::new(value))),
        milestone().prop_map(|value| Payload::Milestone(Box::new(value))),
    ]
}

pub(crate) fn parents() -> impl Strategy<Value = Parents> {
    btree_set(any::<[u8; 32]>(), 1..=8)
        .prop_map(|ids| Parents::new(ids.into_iter().map(MessageId).collect()).unwrap())
}

pub(crate) fn indexation() -> impl Strategy<Value = Indexation> {
    (vec(any::<u8>(), 1..=64), vec(any::<u8>(), 0..100)).prop_map(|(index, data)| Indexation { index, data })
}

pub(crate) fn address() -> impl Strategy<Value = Address> {
    any::<[u8; 32]>().prop_map(Address::Ed25519)
}

/// Mostly few of something, at times as many as there can be.
fn count(max: usize) -> impl Strategy<Value = usize> {
    prop_oneof![8 => 1..=4_usize, 1 => Just(max)]
}

pub(crate) fn transaction() -> impl Strategy<Value = Transaction> {
    (count(127), count(127)).prop_flat_map(|(inputs, outputs)| {
        let inputs = btree_set((any::<[u8; 32]>(), 0..=OUTPUT_INDEX_MAX), inputs);
        (inputs, self::outputs(outputs), option::of(indexation()), vec(unlock_block(), 127)).prop_map(
            |(inputs, outputs, payload, blocks)| {
                let mut inputs: Vec<_> = inputs.into_iter().map(input).collect();
                inputs.sort();
                let unlock_blocks = unlock_blocks(&blocks[..inputs.len()]);
                Transaction { essence: Essence { inputs, outputs, payload }, unlock_blocks }
            },
        )
    })
}

fn input((transaction_id, index): ([u8; 32], u16)) -> Input {
    Input(OutputId { transaction_id: TransactionId(transaction_id), index })
}

fn outputs(count: usize) -> impl Strategy<Value = Vec<Output>> {
    let amount = DUST_ALLOWANCE_AMOUNT_MIN..=TOKEN_SUPPLY / 127;
    btree_map((any::<bool>(), any::<[u8; 32]>()), (amount, any::<bool>()), count).prop_map(|outputs| {
        let output = |((is_allowance, address), (amount, is_dust)): ((bool, _), (u64, bool))| {
            let kind =
                if is_allowance { OutputKind::SigLockedDustAllowance } else { OutputKind::SigLockedSingle };
            let amount =
                if is_dust && !is_allowance { amount % DUST_ALLOWANCE_AMOUNT_MIN + 1 } else { amount };
            Output { kind, address: Address::Ed25519(address), amount }
        };
        outputs.into_iter().map(output).collect()
    })
}

type RawUnlock = (Option<u16>, [u8; 32], [u8; 64]);

fn unlock_block() -> impl Strategy<Value = RawUnlock> {
    (option::of(any::<u16>()), any::<[u8; 32]>(), signature_bytes())
}

fn signature_bytes() -> impl Strategy<Value = [u8; 64]> {
    (any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|halves| {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&halves.0);
        bytes[32..].copy_from_slice(&halves.1);
        bytes
    })
}

/// Signatures that differ at least in their first byte, and references to earlier ones of them.
fn unlock_blocks(raw: &[RawUnlock]) -> Vec<UnlockBlock> {
    let mut signatures = Vec::new();
    let mut blocks = Vec::new();
    for (place, (reference, key, signature)) in raw.iter().enumerate() {
        let earlier = reference.filter(|_| !signatures.is_empty());
        if let Some(reference) = earlier {
            blocks.push(UnlockBlock::Reference(signatures[usize::from(reference) % signatures.len()]));
            continue;
        }
        let mut signature = *signature;
        signature[0] = u8::try_from(place).unwrap();
        signatures.push(u16::try_from(place).unwrap());
        blocks.push(UnlockBlock::Signature { public_key: PublicKey(*key), signature: Signature(signature) });
    }
    blocks
}

pub(crate) fn milestone() -> impl Strategy<Value = Milestone> {
    let score = prop_oneof![(Just(0), any::<u32>()), (any::<u32>(), 1..=u32::MAX)];
    let keys = count(255).prop_flat_map(|count| btree_map(any::<[u8; 32]>(), signature_bytes(), count));
    let head = (any::<u32>(), any::<u64>(), parents(), any::<[u8; 32]>());
    (head, score, keys, option::of(receipt())).prop_map(|(head, score, keys, receipt)| {
        let (index, timestamp, parents, inclusion_merkle_root) = head;
        let (next_pow_score, next_pow_score_milestone_index) = score;
        Milestone {
            index: MilestoneIndex(index),
            timestamp,
            parents,
            inclusion_merkle_root,
            next_pow_score,
            next_pow_score_milestone_index,
            public_keys: keys.keys().copied().map(PublicKey).collect(),
            receipt: receipt.filter(|receipt| keys.len() < 200 || receipt.funds.len() < 20),
            signatures: keys.values().copied().map(Signature).collect(),
        }
    })
}

pub(crate) fn receipt() -> impl Strategy<Value = Receipt> {
    let hash = vec(any::<u8>(), 49).prop_map(|bytes| <[u8; 49]>::try_from(bytes).unwrap());
    let funds =
        count(127).prop_flat_map(move |count| btree_map(hash.clone(), (address(), any::<u64>()), count));
    (any::<u32>(), any::<bool>(), funds, any::<[u8; 32]>(), any::<u64>()).prop_map(
        |(migrated_at, is_final, funds, input, output_amount)| Receipt {
            migrated_at,
            is_final,
            funds: funds
                .into_iter()
                .map(|(tail_transaction_hash, (address, deposit))| MigratedFunds {
                    tail_transaction_hash,
                    address,
                    deposit,
                })
                .collect(),
            transaction: TreasuryTransaction { input: MilestoneId(input), output_amount },
        },
    )
}
