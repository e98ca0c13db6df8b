//! The one that writes: it finds near-duplicates, drops what stands in an evaluation set, and owns the dataset.

use std::path::{Path, PathBuf};

use glim_data::dataset::DatasetWriter;
use glim_data::stats::Stats;
use glim_data::{Row, Screen};
use tokio::sync::mpsc;

use super::desk::Report;
use super::{CrawlError, CrawlProgress};
use crate::filter::{Contamination, Drop, Fingerprint, Hit, NearDuplicates, text_of};
use crate::frontier::{Frontier, Outcome};
use crate::recipe::CrawlRecipe;

/// The one that writes.
pub(super) struct Keeper {
    writer: DatasetWriter,
    seen: NearDuplicates,
    sets: Contamination,
    hits: PathBuf,
    progress: CrawlProgress,
}

impl Keeper {
    pub(super) fn open(writer: DatasetWriter, recipe: &CrawlRecipe, out: &Path) -> Result<Keeper, CrawlError> {
        let fingerprints = out.join("fingerprints.bin");
        let seen = NearDuplicates::open(&fingerprints, recipe.filter.same_text, |page| writer.contains(page))?;
        Ok(Keeper {
            sets: Contamination::load(&recipe.contamination.files, recipe.contamination.ngram)?,
            hits: out.join("contamination.jsonl"),
            writer,
            seen,
            progress: CrawlProgress::default(),
        })
    }

    /// Takes reports in until nobody makes any more; then what waits is put into shards.
    pub(super) fn keep(
        mut self,
        mut inbox: mpsc::Receiver<Report>,
        frontier: &Frontier,
        told: impl Fn(&CrawlProgress),
    ) -> Result<(CrawlProgress, Stats), CrawlError> {
        while let Some(Report { lease, place, rows, without_code, settled }) = inbox.blocking_recv() {
            for reason in without_code {
                *self.progress.codes_dropped.entry(reason).or_default() += 1;
            }
            let page_id = lease.target().page_id.to_string();
            let kept = match rows {
                Ok(rows) => self.page(&page_id, rows)?,
                Err(drop) => Err(drop),
            };
            match kept {
                Ok(()) => {
                    place.fill();
                    lease.report(Outcome::Done);
                }
                Err(drop) => {
                    self.writer.drop_page(&page_id, &drop.reason, &drop.detail)?;
                    *self.progress.dropped.entry(drop.reason.into_owned()).or_default() += 1;
                    lease.report(Outcome::Dropped);
                }
            }
            if let Some(settled) = settled {
                settled();
            }
            self.progress.frontier = frontier.counts();
            told(&self.progress);
        }
        self.progress.frontier = frontier.counts();
        let stats = self.writer.finish()?;
        Ok((self.progress, stats))
    }

    fn page(&mut self, page_id: &str, shown: Vec<Row>) -> Result<Result<(), Drop>, CrawlError> {
        let first = &shown[0].screen;
        let hash = u64::from_str_radix(&first.image.phash, 16).unwrap_or(0);
        let fingerprint = Fingerprint::new(page_id, hash, &text_of(first));
        if let Some(double) = self.seen.admit(fingerprint)? {
            return Ok(Err(Drop::new("near_duplicate", format!("of page {double}"))));
        }
        let site = first.site.clone();
        let mut rows = Vec::new();
        for row in shown {
            // Views may be sent to different hosts; a page is on one side of the split all the same.
            let mut screen = Screen { site: site.clone(), ..row.screen };
            if let Some(hit) = self.sets.of_screen(&screen) {
                self.note_hit(&screen, &hit)?;
                continue;
            }
            for hit in self.sets.clean(&mut screen) {
                self.note_hit(&screen, &hit)?;
            }
            rows.push((screen, row.picture));
        }
        if rows.is_empty() {
            return Ok(Err(Drop::new("contaminated", "every screen is in an evaluation set")));
        }
        self.progress.pages += 1;
        self.progress.codes += rows.iter().filter(|(screen, _)| !screen.html.is_empty()).count() as u64;
        self.progress.screens += rows.len() as u64;
        self.progress.questions += rows.iter().map(|(screen, _)| screen.questions.len() as u64).sum::<u64>();
        self.writer.add_page(page_id, rows)?;
        Ok(Ok(()))
    }

    fn note_hit(&self, screen: &Screen, hit: &Hit) -> Result<(), CrawlError> {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&self.hits)?;
        let line = serde_json::json!({
            "screen_id": screen.screen_id, "url": screen.url, "kind": hit.kind, "set": hit.file, "detail": hit.detail,
        });
        writeln!(file, "{line}")?;
        Ok(())
    }
}
