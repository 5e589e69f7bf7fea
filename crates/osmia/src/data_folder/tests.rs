use super::*;

fn create(folder: &DataFolder, name: &str) {
    std::fs::write(folder.path().join(name), b"x").unwrap();
}

#[test]
fn a_folder_has_one_user_at_a_time() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("data");
    assert!(DataFolder::open(&path).unwrap().is_none());
    let folder = DataFolder::create(&path).unwrap();
    let refused = DataFolder::open(&path).unwrap_err();
    assert!(matches!(refused, FolderError::InUse { pid, .. } if pid == Some(std::process::id())));
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    drop(folder);
    assert!(DataFolder::open(&path).unwrap().is_some());
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_an_empty_one_taken() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("lost+found")).unwrap();
    assert!(DataFolder::open(scratch.path()).unwrap().is_some());
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("thesis.tex"), b"x").unwrap();
    let refused = DataFolder::open(other.path()).unwrap_err();
    assert!(matches!(&refused, FolderError::Foreign { entry, .. } if entry == "thesis.tex"), "{refused}");
}

#[test]
fn a_reset_removes_what_is_ours_and_nothing_else() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("data");
    let folder = DataFolder::create(&path).unwrap();
    assert_eq!(folder.reset().unwrap(), Vec::<&str>::new());
    std::fs::create_dir_all(folder.database().join("inside")).unwrap();
    for name in [NETWORK, GENESIS, COORDINATOR_KEYS, MNEMONIC, "network.json.new", "notes.txt"] {
        create(&folder, name);
    }
    let removed = folder.reset().unwrap();
    assert_eq!(removed, [DATABASE, NETWORK, GENESIS, COORDINATOR_KEYS, MNEMONIC]);
    let mut left: Vec<_> =
        std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["notes.txt", LOCK]);
}

#[test]
fn a_database_without_its_network_is_noticed() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = DataFolder::create(&scratch.path().join("data")).unwrap();
    assert_eq!(folder.read_network().unwrap(), None);
    create(&folder, NETWORK);
    assert_eq!(folder.read_network().unwrap().as_deref(), Some("x"));
    std::fs::remove_file(folder.network()).unwrap();
    std::fs::create_dir(folder.database()).unwrap();
    assert!(folder.read_network().unwrap_err().to_string().contains("--reset"));
}

#[test]
fn an_interrupted_reset_is_finished_by_the_next_user() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("data");
    let folder = DataFolder::create(&path).unwrap();
    std::fs::create_dir(path.join(REMOVED)).unwrap();
    drop(folder);
    let folder = DataFolder::open(&path).unwrap().unwrap();
    assert!(!path.join(REMOVED).exists());
    assert_eq!(folder.read_network().unwrap(), None);
}
