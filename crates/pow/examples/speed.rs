//! Prints how fast this machine computes proof of work, on one thread:
//! `cargo run --release -p osmia-pow --example speed`.

use std::time::{Duration, Instant};

use osmia_pow::speed;

const BUDGET: Duration = Duration::from_secs(2);
const BATCH_BUDGET: Duration = Duration::from_millis(300);

#[expect(clippy::disallowed_methods, reason = "a benchmark is the clock's caller")]
#[expect(clippy::print_stdout, reason = "this program's output")]
fn main() {
    let begin = Instant::now();
    let clock = || begin.elapsed();
    let speed = speed::measure(BUDGET, &clock);
    let ratio = |ns: f64| speed.scalar_ns / ns;
    println!("search      {:8.3} million nonces per second", speed.search_nonces_per_second / 1e6);
    println!("scalar      {:8.0} ns per hash", speed.scalar_ns);
    println!(
        "horizontal  {:8.0} ns per hash, {:5.1} times scalar",
        speed.horizontal_ns,
        ratio(speed.horizontal_ns)
    );
    println!(
        "sliced      {:8.0} ns per hash, {:5.1} times scalar",
        speed.sliced_ns(),
        ratio(speed.sliced_ns())
    );
    println!(
        "one group of {} costs as much as {:.1} hashes one at a time",
        speed.sliced_group_hashes,
        speed.sliced_group_ns / speed.horizontal_ns
    );
    for len in [1, 4, 8, 10, 11, 12, 16, 32, 64, 128, 139, 256, 1024] {
        println!("batch of {len:4} {:8.0} ns per hash", speed::measure_batch(len, BATCH_BUDGET, &clock));
    }
}
