//! Which samples a person is shown: spread over tasks, kinds and sites, the same for the same seed.

use std::collections::BTreeMap;

use crate::index::{Index, Place};
use crate::seed::{SplitMix, hash};

/// So many places, or all if there are fewer. Groups take turns, and in a group its sites do, so that neither a common
/// kind of question nor a large site crowds out the others.
pub(super) fn choose(index: &Index, count: usize, seed: u64) -> Vec<Place> {
    let mut random = SplitMix(hash(seed, "gallery"));
    let mut groups: BTreeMap<(&str, &str), BTreeMap<&str, Vec<Place>>> = BTreeMap::new();
    for place in &index.places {
        let group = &index.groups[usize::from(place.group)];
        let site = index.sites[place.site as usize].as_str();
        groups.entry((&group.task, &group.kind)).or_default().entry(site).or_default().push(*place);
    }
    let mut lists: Vec<Vec<Place>> = groups
        .into_values()
        .map(|sites| {
            let mut sites: Vec<Vec<Place>> = sites.into_values().collect();
            sites.iter_mut().for_each(|places| random.shuffle(places));
            random.shuffle(&mut sites);
            in_turns(sites, count)
        })
        .collect();
    random.shuffle(&mut lists);
    in_turns(lists, count)
}

/// One of each list, then another of each, until there are enough.
fn in_turns(mut lists: Vec<Vec<Place>>, count: usize) -> Vec<Place> {
    lists.iter_mut().for_each(|list| list.reverse());
    let mut taken = Vec::new();
    while taken.len() < count && !lists.is_empty() {
        lists.retain_mut(|list| {
            if taken.len() < count {
                taken.extend(list.pop());
            }
            !list.is_empty()
        });
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Split;
    use crate::index::Group;

    /// `counts[group][site]` questions.
    fn index(counts: &[&[usize]]) -> Index {
        let mut index = Index::default();
        for (group, sites) in counts.iter().enumerate() {
            let kind = format!("kind{group}");
            index.groups.push(Group { split: Split::Train, task: "comprehension".to_owned(), kind });
            for (site, count) in sites.iter().enumerate() {
                if index.sites.len() == site {
                    index.sites.push(format!("site{site}.test"));
                }
                for question in 0..*count {
                    let (group, site) = (group as u16, site as u32);
                    index.places.push(Place { shard: 0, row: site, question: question as u16, group, site });
                }
            }
        }
        index
    }

    #[test]
    fn kinds_and_sites_take_turns() {
        let index = index(&[&[1000, 3], &[2, 2], &[0, 1]]);
        let chosen = choose(&index, 12, 1);
        assert_eq!(chosen.len(), 12);
        let of = |group: u16, site: u32| chosen.iter().filter(|it| it.group == group && it.site == site).count();
        assert_eq!([of(1, 0), of(1, 1), of(2, 1)], [2, 2, 1]);
        assert_eq!([of(0, 0), of(0, 1)], [4, 3]);
        assert_eq!(choose(&index, 12, 1), chosen);
        assert_ne!(choose(&index, 12, 2), chosen);
    }

    #[test]
    fn each_comes_once() {
        let index = index(&[&[5, 5], &[5, 0]]);
        let mut all = choose(&index, 100, 3);
        all.sort_unstable();
        let mut expected = index.places;
        expected.sort_unstable();
        assert_eq!(all, expected);
    }
}
