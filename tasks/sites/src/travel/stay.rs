//! Dates and guests as they come in addresses and forms.

use jiff::civil::Date;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::atlas::{DAYS, day};
use crate::clock::TODAY;

/// What was typed; empty where nothing was.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Wish {
    pub(crate) check_in: String,
    pub(crate) check_out: String,
    pub(crate) guests: String,
}

/// Dates and guests that make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dates {
    pub(crate) check_in: Date,
    pub(crate) check_out: Date,
    pub(crate) guests: i64,
}

impl Wish {
    /// The dates if both are given, or what is wrong with them; `None` if none are.
    pub(crate) fn dates(&self) -> Option<Result<Dates, &'static str>> {
        if self.check_in.trim().is_empty() && self.check_out.trim().is_empty() {
            return None;
        }
        Some(self.checked())
    }

    fn checked(&self) -> Result<Dates, &'static str> {
        let date = |text: &str| {
            text.trim().parse::<Date>().map_err(|_| "Enter both dates as year-month-day, such as 2026-02-20.")
        };
        let (check_in, check_out) = (date(&self.check_in)?, date(&self.check_out)?);
        let guests = self.guests();
        if check_in < TODAY {
            return Err("The arrival lies in the past.");
        }
        if check_out <= check_in {
            return Err("The departure must be after the arrival.");
        }
        if check_out > day(DAYS) {
            return Err("We cannot book that far ahead yet.");
        }
        Ok(Dates { check_in, check_out, guests })
    }

    /// How many guests, two if nothing sensible was said.
    pub(crate) fn guests(&self) -> i64 {
        self.guests.parse().ok().filter(|guests| (1..=4).contains(guests)).unwrap_or(2)
    }
}

impl Dates {
    pub(crate) fn nights(self) -> i64 {
        i64::from((self.check_out - self.check_in).get_days())
    }

    /// What the nights in a room cost together, in cents; `None` if one of them is taken.
    pub(crate) fn price(self, db: &Connection, room: i64) -> rusqlite::Result<Option<i64>> {
        db.query_row(
            "SELECT sum(price), count(*) = ?4 AND min(free) > 0 FROM nights WHERE room_id = ?1 AND day >= ?2 AND day < ?3",
            params![room, self.check_in.to_string(), self.check_out.to_string(), self.nights()],
            |row| Ok(if row.get(1)? { row.get(0)? } else { None }),
        )
    }

    /// Takes rooms out of what is free (`by` -1) or gives them back (`by` 1).
    pub(crate) fn shift(self, db: &Connection, room: i64, by: i64) -> rusqlite::Result<()> {
        db.execute(
            "UPDATE nights SET free = free + ?4 WHERE room_id = ?1 AND day >= ?2 AND day < ?3",
            params![room, self.check_in.to_string(), self.check_out.to_string(), by],
        )?;
        Ok(())
    }
}
