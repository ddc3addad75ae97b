//! The posting machine against a simulated ledger, by seeds: what must never happen does not, in every combination of
//! the ledger's undocumented behaviour with lost replies, kills, pauses and restores. `SEEDS` sets how many seeds run;
//! `SEED` runs one and prints what happened.

mod ghost;
mod marks;
mod mutant;
mod persons;
mod rng;
mod vendor;
mod worker;
mod world;
mod zombies;

use marks::{Mark, Marks};
use mutant::Mutant;
use world::World;

const SEEDS: u64 = 20_000;
const MUTANT_SEEDS: u64 = 2_000;
/// Every mark must be reached in this many seeds of [`SEEDS`].
const LEAST_REACHED: u64 = 100;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn run(seed: u64, mutant: Option<Mutant>) -> Result<Marks, String> {
    let mut world = World::new(seed, mutant, false);
    world.run().map_err(|what| format!("seed {seed}: {what}"))?;
    Ok(world.marks)
}

fn replay(seed: u64) -> String {
    let mut world = World::new(seed, None, true);
    let end = world.run();
    let trace = world.trace.take().unwrap_or_default().join("\n");
    format!("{:#?}\n{:#?}\n{trace}\n{end:?}", world.vendor.climate, world.faults)
}

#[test]
fn the_machine_holds_its_invariants() {
    if let Some(seed) = number("SEED") {
        println!("{}", replay(seed));
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let mut reached = vec![0_u64; Mark::ALL.len()];
    for seed in 0..seeds {
        match run(seed, None) {
            Ok(marks) => {
                for (count, mark) in reached.iter_mut().zip(Mark::ALL) {
                    *count += u64::from(marks.has(*mark));
                }
            }
            Err(what) => panic!("{what}\n{}", replay(seed)),
        }
    }
    println!("{seeds} seeds; seeds that reached each mark:");
    for (count, mark) in reached.iter().zip(Mark::ALL) {
        println!("{count:>8} {mark:?}");
    }
    if seeds >= SEEDS {
        for (count, mark) in reached.iter().zip(Mark::ALL) {
            assert!(*count >= LEAST_REACHED, "{mark:?} was reached in {count} seeds only");
        }
    }
}

#[test]
fn the_simulation_finds_every_seeded_bug() {
    let survivors: Vec<String> = Mutant::ALL
        .iter()
        .filter_map(|mutant| {
            let found = (0..MUTANT_SEEDS).find_map(|seed| run(seed, Some(*mutant)).err());
            println!("{mutant:?}: {}", found.as_deref().unwrap_or("not found"));
            found.is_none().then(|| format!("{mutant:?}"))
        })
        .collect();
    assert!(survivors.is_empty(), "not found within {MUTANT_SEEDS} seeds: {survivors:?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..20 {
        assert_eq!(replay(seed), replay(seed));
    }
}
