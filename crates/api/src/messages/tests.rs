use osmia_chrysalis::ledger::ConflictReason;

use super::*;

const ID: MessageId = MessageId([0xab; 32]);
const PARENT: MessageId = MessageId([0x01; 32]);

fn json(metadata: &MetadataJson) -> String {
    let head = format!(r#"{{"messageId":"{ID}","parentMessageIds":["{PARENT}"],"isSolid":true"#);
    let text = serde_json::to_string(metadata).unwrap();
    let rest = text.strip_prefix(&head).unwrap_or_else(|| panic!("{text}"));
    rest.to_owned()
}

fn referenced(is_milestone: bool, outcome: LedgerOutcome) -> String {
    let referenced = Referenced { by: MilestoneIndex(9), is_milestone, outcome };
    json(&MetadataJson::referenced(ID, &[PARENT], referenced))
}

#[test]
fn metadata_has_the_members_that_apply() {
    assert_eq!(json(&MetadataJson::solid(ID, &[PARENT])), "}");
    assert_eq!(
        referenced(false, LedgerOutcome::NoTransaction),
        r#","referencedByMilestoneIndex":9,"ledgerInclusionState":"noTransaction"}"#
    );
    assert_eq!(
        referenced(true, LedgerOutcome::NoTransaction),
        r#","referencedByMilestoneIndex":9,"milestoneIndex":9,"ledgerInclusionState":"noTransaction"}"#
    );
    assert_eq!(
        referenced(false, LedgerOutcome::Included),
        r#","referencedByMilestoneIndex":9,"ledgerInclusionState":"included"}"#
    );
    assert_eq!(
        referenced(false, LedgerOutcome::Conflicting(ConflictReason::InputAlreadySpent)),
        r#","referencedByMilestoneIndex":9,"ledgerInclusionState":"conflicting","conflictReason":1}"#
    );
    let advised = MetadataJson {
        should_promote: Some(false),
        should_reattach: Some(true),
        ..MetadataJson::solid(ID, &[PARENT])
    };
    assert_eq!(json(&advised), r#","shouldPromote":false,"shouldReattach":true}"#);
}

#[test]
fn advice_follows_the_deltas_8_13_and_15() {
    let advice = |youngest, oldest| {
        let roots = ConeRoots { youngest: MilestoneIndex(youngest), oldest: MilestoneIndex(oldest) };
        advice(roots, MilestoneIndex(100), 15)
    };
    assert_eq!(advice(100, 100), Advice::Wait);
    assert_eq!(advice(92, 87), Advice::Wait);
    assert_eq!(advice(91, 91), Advice::Promote);
    assert_eq!(advice(92, 86), Advice::Promote);
    assert_eq!(advice(92, 85), Advice::Promote);
    assert_eq!(advice(92, 84), Advice::Reattach);
    assert_eq!(advice(80, 80), Advice::Reattach);
    // Roots of a milestone that was confirmed after the view was taken.
    assert_eq!(advice(101, 101), Advice::Wait);
}

#[test]
fn parts_have_their_names() {
    assert_eq!(Part::named("metadata"), Some(Part::Metadata));
    assert_eq!(Part::named("raw"), Some(Part::Raw));
    assert_eq!(Part::named("children"), Some(Part::Children));
    assert_eq!(Part::named("Raw"), None);
    assert_eq!(Part::named(""), None);
}
