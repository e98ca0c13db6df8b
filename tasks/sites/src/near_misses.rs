//! What every goal on the shop and the booking site must hold, tried on real databases: exactly the asked changes pass, and each of them done
//! a little differently, left out, done twice or done beside something else does not.

use glim_env::{End, Seed};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use serde_json::Value;

use crate::assignment::Make;
use crate::solver::Step;
use crate::{Assignment, ChangeKind, Database, Shop, Site, Tracker, Travel, Wanted, records, shop, travel};

/// The columns that a goal cannot ask for, by table: keys and numbers that the site gives out, and its clock.
const GIVEN: &[(&str, &[&str])] = &[
    ("cart_lines", &["id", "session_id"]),
    ("cart_coupons", &["id", "session_id"]),
    ("wishlist", &["id"]),
    ("addresses", &["id"]),
    ("reviews", &["id", "author", "day"]),
    ("orders", &["id", "number", "session_id", "placed"]),
    ("order_lines", &["id", "order_id"]),
    ("bookings", &["id", "reference", "phone"]),
    ("events", &["id"]),
];

fn sql(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::Number(number) => number.as_i64().map_or_else(|| Sql::Real(number.as_f64().unwrap()), Sql::Integer),
        Value::String(text) => Sql::Text(text.clone()),
        other => panic!("no column holds {other}"),
    }
}

/// Something else that the column could hold.
fn other(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Integer(1),
        Value::Number(number) => Sql::Integer(number.as_i64().unwrap() + 1),
        Value::String(text) => Sql::Text(format!("{text}x")),
        other => panic!("no column holds {other}"),
    }
}

/// Makes one wanted change, with the value of one column (counted over `columns`, then `set`) exchanged.
fn make(db: &Connection, wanted: &Wanted, exchanged: Option<usize>) -> rusqlite::Result<usize> {
    let value = |at: usize, value: &Value| if exchanged == Some(at) { other(value) } else { sql(value) };
    let named = wanted.columns.len();
    let conditions: Vec<String> =
        wanted.columns.iter().enumerate().map(|(at, (name, _))| format!("\"{name}\" IS ?{}", at + 1)).collect();
    let mut values: Vec<Sql> = wanted.columns.iter().enumerate().map(|(at, (_, it))| value(at, it)).collect();
    let table = wanted.table;
    match wanted.kind {
        ChangeKind::Added => {
            let mut names: Vec<String> = wanted.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
            // What the goal leaves open gets some value that its type allows.
            let mut open = db.prepare(&format!(
                "SELECT name, type FROM pragma_table_info('{table}') WHERE \"notnull\" AND NOT pk"
            ))?;
            let open = open.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            for (name, kind) in open.collect::<Result<Vec<_>, _>>()? {
                if !names.contains(&name) {
                    values.push(if kind == "TEXT" { Sql::Text(format!("some {name}")) } else { Sql::Integer(1) });
                    names.push(name);
                }
            }
            let places: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
            let sql = format!("INSERT INTO \"{table}\" ({}) VALUES ({})", names.join(", "), places.join(", "));
            db.execute(&sql, params_from_iter(values))
        }
        ChangeKind::Removed => {
            db.execute(&format!("DELETE FROM \"{table}\" WHERE {}", conditions.join(" AND ")), params_from_iter(values))
        }
        ChangeKind::Changed => {
            let sets: Vec<String> = wanted
                .set
                .iter()
                .enumerate()
                .map(|(at, (name, _))| format!("\"{name}\" = ?{}", named + at + 1))
                .collect();
            values.extend(wanted.set.iter().enumerate().map(|(at, (_, it))| value(named + at, it)));
            // A row can also be named by what the change leaves in it.
            let already: Vec<String> = wanted
                .columns
                .iter()
                .enumerate()
                .filter(|(_, (name, _))| !wanted.set.iter().any(|(set, _)| set == name))
                .map(|(at, _)| conditions[at].clone())
                .collect();
            let sql = format!("UPDATE \"{table}\" SET {} WHERE {}", sets.join(", "), already.join(" AND "));
            db.execute(&sql, params_from_iter(values))
        }
    }
}

fn end(assignment: &Assignment) -> End {
    match assignment.plan.last() {
        Some(Step::Answer(text)) => End::Answer { text: text.clone() },
        Some(Step::Done) => End::Done,
        other => panic!("a plan ends by saying so, not with {other:?}"),
    }
}

/// Whether the goal is met after the changes, with the one at `exchanged.0` made differently in the column `exchanged.1`,
/// and those in `left_out` not made. `None` if the database does not take them.
fn met<S: Site>(
    seed: Seed,
    goal: &Assignment,
    exchanged: Option<(usize, usize)>,
    left_out: Option<usize>,
) -> Option<bool> {
    let db = Database::open::<S>(seed).unwrap();
    let made: rusqlite::Result<()> = db.write(|db| {
        db.pragma_update(None, "defer_foreign_keys", true)?;
        for (at, wanted) in goal.wanted.iter().enumerate().filter(|(at, _)| Some(*at) != left_out) {
            let column = exchanged.filter(|(place, _)| *place == at).map(|(_, column)| column);
            make(db, wanted, column)?;
        }
        Ok(())
    });
    made.ok()?;
    Some(goal.judge(Some(&end(goal)), &db.changes().unwrap()).is_success())
}

/// The near misses of one goal.
fn check<S: Site>(name: &str, make: Make, seed: Seed) {
    let goal = make(seed, &mut seed.derive(format!("{}/{name}", S::NAME)).generator());
    let nothing = Database::open::<S>(seed).unwrap().changes().unwrap();
    assert_eq!(nothing, [], "{name}: a fresh site has no changes");
    assert!(!goal.judge(Some(&End::Done), &nothing).is_success(), "{name}: won by doing nothing");
    assert!(!goal.judge(Some(&End::TurnBudget), &nothing).is_success(), "{name}: won by doing nothing");
    if goal.wanted.is_empty() {
        assert!(goal.judge(Some(&end(&goal)), &nothing).is_success(), "{name}: the right answer fails");
        for wrong in ["", "yes", "I do not know", "0.001", "1 or 2"] {
            let end = End::Answer { text: wrong.to_owned() };
            assert!(!goal.judge(Some(&end), &nothing).is_success(), "{name}: `{wrong}` passes");
        }
        return;
    }
    assert_eq!(
        met::<S>(seed, &goal, None, None),
        Some(true),
        "{name}, seed {seed}: what was asked fails: {}",
        goal.text
    );
    for (at, wanted) in goal.wanted.iter().enumerate() {
        assert_ne!(met::<S>(seed, &goal, None, Some(at)), Some(true), "{name}: passes without {wanted}");
        for column in 0..wanted.columns.len() + wanted.set.len() {
            let missed = met::<S>(seed, &goal, Some((at, column)), None);
            assert_ne!(missed, Some(true), "{name}, seed {seed}: column {column} of {wanted} does not matter");
        }
        if let (ChangeKind::Added, Some((_, given))) =
            (wanted.kind, GIVEN.iter().find(|(table, _)| *table == wanted.table))
        {
            let all = Database::open::<S>(seed).unwrap();
            let columns = all.read(|db| records(db, "SELECT name FROM pragma_table_info(?1)", [wanted.table])).unwrap();
            for row in columns {
                let column = row["name"].as_str().unwrap();
                assert!(
                    given.contains(&column) || wanted.columns.iter().any(|(name, _)| *name == column),
                    "{name}: nothing is said about `{column}` in {wanted}"
                );
            }
        }
    }
}

#[test]
fn near_misses_on_the_shop_are_rejected() {
    for (name, _, make) in shop::GOALS {
        for seed in [Seed(1), Seed(2), Seed(3)] {
            check::<Shop>(name, *make, seed);
        }
    }
}

#[test]
fn near_misses_on_the_booking_site_are_rejected() {
    for (name, _, make) in travel::GOALS {
        for seed in [Seed(1), Seed(2)] {
            check::<Travel>(name, *make, seed);
        }
    }
}

#[test]
fn every_seed_gives_a_goal_and_equal_seeds_equal_ones() {
    for suite in crate::suites().into_iter().filter(|suite| suite.name != Tracker::NAME) {
        for family in &suite.families {
            for seed in 0..20 {
                let (one, other) = (family.instantiate(Seed(seed)), family.instantiate(Seed(seed)));
                assert_eq!(one.goal(), other.goal(), "{}", family.name());
                assert!(one.turn_budget() >= 10);
            }
        }
    }
}
