//! How RocksDB is tuned. Options given to the database do not reach its column families, so each gets its own here;
//! a test reads from the OPTIONS file that they arrived.

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, LogLevel,
    LruCacheOptions, Options,
};

use crate::error::StoreError;
use crate::limits;
use crate::table::{Access, Table};

/// What an operator may choose about the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Bytes of the block cache; index and filter blocks live inside it.
    pub cache_bytes: usize,
    /// Bytes of all write buffers together.
    pub write_buffer_bytes: usize,
    /// Bytes of the write-ahead log after which tables are flushed: bounds the time a start after a crash takes.
    pub log_bytes_max: u64,
    /// Threads that flush and compact.
    pub background_jobs: i32,
    /// Table files kept open.
    pub open_files_max: i32,
    /// What to do about a damaged write-ahead log.
    pub recovery: Recovery,
}

/// What opening does about a write-ahead log that is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// An incomplete record at the end, as a crash leaves it, is dropped; damage before the end is an error.
    CompleteLog,
    /// Everything before the first damage is kept, everything after it dropped. For an operator who was told of the
    /// damage and accepts the loss.
    UpToDamage,
}

impl StoreOptions {
    /// The options for a machine with two cores and 2 GB of memory.
    #[must_use]
    pub const fn small_machine() -> Self {
        Self {
            cache_bytes: limits::CACHE_BYTES,
            write_buffer_bytes: limits::WRITE_BUFFER_BYTES,
            log_bytes_max: limits::LOG_BYTES_MAX,
            background_jobs: limits::BACKGROUND_JOBS,
            open_files_max: limits::OPEN_FILES_MAX,
            recovery: Recovery::CompleteLog,
        }
    }
}

/// Data blocks of the log: whole messages compress better in larger blocks, and a read of neighbours needs fewer.
const LOG_BLOCK_BYTES: usize = 16 << 10;
const BLOCK_BYTES: usize = 4 << 10;
/// Partitions of indexes and filters are cached one by one, so a table far larger than the cache costs a lookup a
/// read of one partition, not of a filter of megabytes. (Whole filters would answer in 0.7 instead of 1.2 µs while
/// they fit.)
const METADATA_BLOCK_BYTES: usize = 16 << 10;
/// 1 % of absent keys pass a filter of 10 bits a key.
const BLOOM_BITS_PER_KEY: f64 = 10.0;
/// The share of a write buffer its own filter may take: at some 70 bytes a row in memory about 11 bits a key. Without
/// it an absent id costs 0.4 µs more.
const WRITE_BUFFER_FILTER_RATIO: f64 = 0.02;
/// A few large shards: a block is never larger than its shard, and few threads contend for them.
const CACHE_SHARD_BITS: i32 = 2;

/// What the database as a whole and its column families share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) cache: Cache,
}

impl Shared {
    pub(crate) fn new(options: &StoreOptions) -> Self {
        let mut cache = LruCacheOptions::default();
        cache.set_capacity(options.cache_bytes);
        cache.set_num_shard_bits(CACHE_SHARD_BITS);
        Self { cache: Cache::new_lru_cache_opts(&cache) }
    }
}

/// The options of the database as a whole.
pub(crate) fn of_database(options: &StoreOptions) -> Result<Options, StoreError> {
    // The predecessor's size and last record stand in each log file, so a log missing or cut in the middle of the
    // sequence is noticed. Only the text form of the options reaches this one.
    let mut database = Options::default().get_options_from_string("track_and_verify_wals=true")?;
    database.create_if_missing(true);
    database.create_missing_column_families(true);
    database.set_db_write_buffer_size(options.write_buffer_bytes);
    database.set_max_total_wal_size(options.log_bytes_max);
    database.set_wal_recovery_mode(match options.recovery {
        Recovery::CompleteLog => DBRecoveryMode::TolerateCorruptedTailRecords,
        Recovery::UpToDamage => DBRecoveryMode::PointInTime,
    });
    database.set_max_background_jobs(options.background_jobs);
    database.set_max_open_files(options.open_files_max);
    // One thread writes, so nothing is gained by locks, and inserts of ascending keys start where the last ended.
    // Concurrent, unordered and pipelined writes measured no better.
    database.set_allow_concurrent_memtable_write(false);
    database.set_enable_pipelined_write(false);
    database.set_bytes_per_sync(1 << 20);
    // The log goes to the disk while it grows; otherwise the sync of a milestone waits for all of it at once.
    database.set_wal_bytes_per_sync(512 << 10);
    database.set_log_level(LogLevel::Warn);
    database.set_max_log_file_size(limits::INFO_LOG_BYTES_MAX);
    database.set_keep_log_file_num(limits::INFO_LOG_FILES_MAX);
    database.set_stats_dump_period_sec(0);
    database.set_stats_persist_period_sec(0);
    Ok(database)
}

/// The options of the column family of `table`.
pub(crate) fn of_table(table: Table, shared: &Shared) -> Options {
    let mut options = Options::default();
    let mut blocks = blocks(shared);
    options.set_max_write_buffer_number(4);
    options.set_level_compaction_dynamic_level_bytes(true);
    match table.access() {
        Access::Append => {
            options.set_compression_type(DBCompressionType::Lz4);
            options.set_write_buffer_size(16 << 20);
            options.set_target_file_size_base(64 << 20);
            blocks.set_block_size(LOG_BLOCK_BYTES);
        }
        Access::Lookup => {
            options.set_compression_type(DBCompressionType::None);
            options.set_write_buffer_size(16 << 20);
            options.set_target_file_size_base(32 << 20);
            options.set_memtable_prefix_bloom_ratio(WRITE_BUFFER_FILTER_RATIO);
            options.set_memtable_whole_key_filtering(true);
            blocks.set_bloom_filter(BLOOM_BITS_PER_KEY, false);
            blocks.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
            blocks.set_partition_filters(true);
            blocks.set_metadata_block_size(METADATA_BLOCK_BYTES);
            blocks.set_pin_top_level_index_and_filter(true);
        }
        Access::Prefix => {
            options.set_compression_type(DBCompressionType::Lz4);
            options.set_write_buffer_size(16 << 20);
            options.set_target_file_size_base(32 << 20);
        }
        Access::Small => {
            options.set_compression_type(DBCompressionType::Lz4);
            options.set_write_buffer_size(8 << 20);
            blocks.set_bloom_filter(BLOOM_BITS_PER_KEY, false);
        }
    }
    options.set_block_based_table_factory(&blocks);
    options
}

fn blocks(shared: &Shared) -> BlockBasedOptions {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&shared.cache);
    blocks.set_block_size(BLOCK_BYTES);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_cache_index_and_filter_blocks_with_high_priority(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    blocks
}
