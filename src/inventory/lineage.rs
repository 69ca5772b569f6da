//! Which groups stand above and below which, and in which order their variables count.
//!
//! Ansible's order: `all` first, then by depth, then by `ansible_group_priority`, then by name; the last has the say.
//! Depth is the longest way down from `all`. A circle of groups is refused.

use indexmap::{IndexMap, IndexSet};

use super::{Group, Host, InventoryError};

/// The index of `all`, which every inventory has.
pub(super) const ALL: usize = 0;

/// The index of `ungrouped`, which every inventory has.
pub(super) const UNGROUPED: usize = 1;

type Groups = IndexMap<String, Group>;

/// Hangs every group without a parent below `all`, and says for every host its groups, the last of which has the say.
pub(super) fn resolve(groups: &mut Groups, hosts: &IndexMap<String, Host>) -> Result<Vec<Vec<usize>>, InventoryError> {
    adopt(groups);
    let parents = parents(groups);
    let ranks = ranks(groups, &depths(groups, &parents)?);
    let sorted = |direct: Vec<usize>| {
        let mut lineage = reach(direct, |group| parents[group].clone());
        lineage.sort_by_key(|group| ranks[*group]);
        lineage.into_iter().collect()
    };
    Ok(ungroup(groups, hosts).into_iter().map(sorted).collect())
}

/// The group itself and all groups below it, nearest first.
pub(super) fn below(groups: &Groups, group: usize) -> IndexSet<usize> {
    reach(vec![group], |group| groups[group].children.keys().copied().collect())
}

/// Everything that can be reached, nearest first.
fn reach(from: Vec<usize>, next: impl Fn(usize) -> Vec<usize>) -> IndexSet<usize> {
    let mut seen: IndexSet<usize> = from.into_iter().collect();
    let mut index = 0;
    while let Some(group) = seen.get_index(index).copied() {
        seen.extend(next(group));
        index += 1;
    }
    seen
}

fn parents(groups: &Groups) -> Vec<Vec<usize>> {
    let mut parents = vec![Vec::new(); groups.len()];
    for (index, group) in groups.values().enumerate() {
        group.children.keys().for_each(|child| parents[*child].push(index));
    }
    parents
}

fn adopt(groups: &mut Groups) {
    let parents = parents(groups);
    let orphans = parents.iter().enumerate().filter(|(index, parents)| *index != ALL && parents.is_empty());
    for (orphan, _) in orphans {
        let place = groups[orphan].place.clone();
        groups[ALL].children.insert(orphan, place);
    }
}

/// The depth of every group; a group becomes known once all its parents are.
fn depths(groups: &Groups, parents: &[Vec<usize>]) -> Result<Vec<usize>, InventoryError> {
    let mut depths = vec![0; groups.len()];
    let mut waiting: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut known: Vec<usize> = waiting.iter().enumerate().filter(|(_, count)| **count == 0).map(|(i, _)| i).collect();
    while let Some(group) = known.pop() {
        for child in groups[group].children.keys().copied() {
            depths[child] = depths[child].max(depths[group] + 1);
            waiting[child] -= 1;
            if waiting[child] == 0 {
                known.push(child);
            }
        }
    }
    match waiting.iter().position(|count| *count > 0) {
        None => Ok(depths),
        Some(stuck) => Err(circle(groups, parents, &waiting, stuck)),
    }
}

/// Goes up from a group that never became known until a group comes twice: that one is in the circle.
fn circle(groups: &Groups, parents: &[Vec<usize>], waiting: &[usize], stuck: usize) -> InventoryError {
    let mut seen = IndexSet::new();
    let mut child = stuck;
    while seen.insert(child) {
        child = parents[child].iter().copied().find(|parent| waiting[*parent] > 0).unwrap_or(ALL);
    }
    let names = groups.keys().map(String::as_str).collect::<Vec<_>>();
    let round = seen.iter().skip_while(|group| **group != child).map(|group| names[*group]).collect::<Vec<_>>();
    let parent =
        parents[child].iter().find_map(|parent| groups[*parent].children.get(&child).filter(|_| waiting[*parent] > 0));
    InventoryError::Shape {
        place: parent.unwrap_or(&groups[child].place).clone(),
        message: format!("group {} is a child of itself, by way of {}", names[child], round.join(", ")),
    }
}

/// The position of every group in the order in which variables count.
fn ranks(groups: &Groups, depths: &[usize]) -> Vec<usize> {
    let mut order: Vec<_> = groups
        .iter()
        .enumerate()
        .map(|(index, (name, group))| (index != ALL, depths[index], group.priority, name.as_str(), index))
        .collect();
    order.sort_unstable();
    let mut ranks = vec![0; groups.len()];
    order.iter().enumerate().for_each(|(rank, group)| ranks[group.4] = rank);
    ranks
}

/// Leaves in `ungrouped` who is in no other group, and nobody else; says for every host the groups that name it.
fn ungroup(groups: &mut Groups, hosts: &IndexMap<String, Host>) -> Vec<Vec<usize>> {
    let mut direct = vec![Vec::new(); hosts.len()];
    for (index, group) in groups.values().enumerate().filter(|(index, _)| *index != UNGROUPED) {
        group.hosts.keys().for_each(|host| direct[*host].push(index));
    }
    let grouped = |host: usize, direct: &[Vec<usize>]| direct[host].iter().any(|group| *group != ALL);
    groups[UNGROUPED].hosts.retain(|host, _| !grouped(*host, &direct));
    for (index, host) in hosts.values().enumerate() {
        if !grouped(index, &direct) {
            groups[UNGROUPED].hosts.entry(index).or_insert_with(|| host.place.clone());
            direct[index].push(UNGROUPED);
        }
    }
    direct
}
