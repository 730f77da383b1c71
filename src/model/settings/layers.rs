//! What can be done with two settings: lay one over the other, compare, change, and list what changes.

use std::collections::BTreeMap;

use super::{
    Change, Changes, Current, Direction, Fact, Field, Leaf, Setting, Settings, Slot, Sparse, Spec, Unknown, Value,
    Visit, Zip,
};
use crate::diag::Span;

impl Settings<Spec> {
    /// `self` laid over `base`: each field that `self` leaves unmanaged is taken from `base`.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        struct Over;
        impl Zip<Spec, Spec, Spec> for Over {
            fn field<T: Leaf>(&mut self, _: Field, top: &Setting<T>, base: &Setting<T>) -> Setting<T> {
                if top.is_vacant() { base.clone() } else { top.clone() }
            }
        }
        self.zip(base, &mut Over)
    }
}

impl Settings<Current> {
    /// What must change so that the tenant has what the files say. Of a field whose value is not known nobody can say
    /// whether it must, and it is not written over; see [`undecided`](Self::undecided).
    pub fn changes_to(&self, spec: &Settings<Spec>) -> Settings<Changes> {
        struct Diff;
        impl Zip<Current, Spec, Changes> for Diff {
            fn field<T: Leaf>(&mut self, _: Field, before: &Fact<T>, spec: &Setting<T>) -> Option<Change<T>> {
                let before = before.known()?;
                let after = spec.value().filter(|after| *after != before)?;
                Some(Change { before: before.clone(), after: after.clone() })
            }
        }
        self.zip(spec, &mut Diff)
    }

    /// The settings after the changes.
    #[must_use]
    pub fn changed(&self, changes: &Settings<Changes>) -> Self {
        struct Apply;
        impl Zip<Current, Changes, Current> for Apply {
            fn field<T: Leaf>(&mut self, _: Field, before: &Fact<T>, change: &Option<Change<T>>) -> Fact<T> {
                change.as_ref().map_or_else(|| before.clone(), |change| Fact::Known(change.after.clone()))
            }
        }
        self.zip(changes, &mut Apply)
    }

    /// The fields that the files set and whose values are not known.
    pub fn undecided(&self, spec: &Settings<Spec>) -> Vec<Undecided> {
        struct Find(Vec<Undecided>);
        impl Zip<Current, Spec, Sparse> for Find {
            fn field<T: Leaf>(&mut self, field: Field, is: &Fact<T>, spec: &Setting<T>) -> Option<T> {
                if let (Some(unknown), Some(at)) = (is.unknown(), spec.at()) {
                    self.0.push(Undecided { field, unknown: unknown.clone(), at });
                }
                None
            }
        }
        let mut find = Find(Vec::new());
        self.zip(spec, &mut find);
        find.0
    }

    /// The fields whose values are not known.
    pub fn unknown(&self) -> BTreeMap<Field, Unknown> {
        struct Find(BTreeMap<Field, Unknown>);
        impl Visit<Current> for Find {
            fn field<T: Leaf>(&mut self, field: Field, is: &Fact<T>) {
                self.0.extend(is.unknown().map(|unknown| (field, unknown.clone())));
            }
        }
        let mut find = Find(BTreeMap::new());
        self.visit(&mut find);
        find.0
    }

    /// The settings with the values of these fields not known.
    #[must_use]
    pub fn without(&self, unknown: &BTreeMap<Field, Unknown>) -> Self {
        struct Without<'u>(&'u BTreeMap<Field, Unknown>);
        impl Zip<Current, Current, Current> for Without<'_> {
            fn field<T: Leaf>(&mut self, field: Field, is: &Fact<T>, _: &Fact<T>) -> Fact<T> {
                self.0.get(&field).map_or_else(|| is.clone(), |unknown| Fact::Unknown { unknown: unknown.clone() })
            }
        }
        self.zip(self, &mut Without(unknown))
    }

    /// The fields that are known and differ from `defaults`.
    pub fn differing_from(&self, defaults: &Self) -> Settings<Sparse> {
        struct Differing;
        impl Zip<Current, Current, Sparse> for Differing {
            fn field<T: Leaf>(&mut self, _: Field, value: &Fact<T>, default: &Fact<T>) -> Option<T> {
                value.known().filter(|_| value != default).cloned()
            }
        }
        self.zip(defaults, &mut Differing)
    }

    /// Every field that is known stated.
    pub fn stated(&self) -> Settings<Sparse> {
        struct All;
        impl Zip<Current, Current, Sparse> for All {
            fn field<T: Leaf>(&mut self, _: Field, value: &Fact<T>, _: &Fact<T>) -> Option<T> {
                value.known().cloned()
            }
        }
        self.zip(self, &mut All)
    }

    /// The settings with the fields that `known` states put in.
    #[must_use]
    pub fn with(&self, known: &Settings<Sparse>) -> Self {
        struct With;
        impl Zip<Current, Sparse, Current> for With {
            fn field<T: Leaf>(&mut self, _: Field, default: &Fact<T>, known: &Option<T>) -> Fact<T> {
                known.clone().map_or_else(|| default.clone(), Fact::Known)
            }
        }
        self.zip(known, &mut With)
    }
}

/// A field that the files set, while nobody can say what the tenant has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// Which field.
    pub field: Field,
    /// What was met.
    pub unknown: Unknown,
    /// The place that sets it.
    pub at: Span,
}

/// One changed field, without its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Which field.
    pub field: Field,
    /// As the tenant has it.
    pub before: Value,
    /// As the files want it.
    pub after: Value,
    /// What it does to the security of the target.
    pub direction: Direction,
}

impl Settings<Changes> {
    /// The changed fields in their order.
    pub fn list(&self) -> Vec<FieldChange> {
        struct List(Vec<FieldChange>);
        impl Visit<Changes> for List {
            fn field<T: Leaf>(&mut self, field: Field, slot: &Option<Change<T>>) {
                if let Some(Change { before, after }) = slot {
                    self.0.push(FieldChange {
                        field,
                        before: before.value(),
                        after: after.value(),
                        direction: T::direction(before, after),
                    });
                }
            }
        }
        let mut list = List(Vec::new());
        self.visit(&mut list);
        list.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;
    use crate::model::{Authentication, Duration, Expiry, Level};

    fn set<T>(value: T) -> Setting<T> {
        Setting::Set { value, at: Span::default() }
    }

    #[test]
    fn the_upper_layer_wins_field_by_field() {
        let mut base = Settings::<Spec>::default();
        base.activation.max_duration = set(Duration::from_hours(8));
        base.activation.ticket = set(true);
        let mut top = Settings::<Spec>::default();
        top.activation.max_duration = set(Duration::from_hours(1));
        let merged = top.over(&base);
        assert_eq!(merged.activation.max_duration.value(), Some(&Duration::from_hours(1)));
        assert_eq!(merged.activation.ticket.value(), Some(&true));
        assert!(merged.activation.approval.is_vacant());
    }

    #[test]
    fn changes_lead_to_what_is_declared_and_then_to_nothing() {
        let current = Settings::<Current>::default();
        let mut spec = Settings::<Spec>::default();
        spec.activation.authentication = set(Authentication::Mfa);
        spec.notifications.activated.admins.level = set(Level::Critical);
        let changes = current.changes_to(&spec);
        let list: Vec<_> = changes.list().iter().map(|c| (c.field.to_string(), c.direction)).collect();
        assert_eq!(
            list,
            [
                ("activation.authentication".to_owned(), Direction::Tightens),
                ("notifications.activated.admins.critical_only".to_owned(), Direction::Loosens),
            ]
        );
        assert!(current.changed(&changes).changes_to(&spec).is_vacant());
    }

    #[test]
    fn a_value_that_is_not_known_is_neither_compared_nor_written_over() {
        let unknown = Unknown::new("is `P1Y`");
        let field = Field::from(super::super::ActivationField::MaxDuration);
        let current = Settings::<Current>::default().without(&[(field, unknown.clone())].into());
        assert_eq!(current.activation.max_duration, Fact::Unknown { unknown: unknown.clone() });
        let mut spec = Settings::<Spec>::default();
        spec.activation.max_duration = set(Duration::from_hours(1));
        spec.activation.ticket = set(true);
        let changes = current.changes_to(&spec);
        assert_eq!(changes.list().len(), 1);
        assert!(changes.activation.ticket.is_some());
        let undecided = current.undecided(&spec);
        assert_eq!(undecided, [Undecided { field, unknown: unknown.clone(), at: Span::default() }]);
        assert_eq!(current.changed(&changes).unknown(), [(field, unknown)].into());
        assert!(current.stated().activation.max_duration.is_none());
        let json = serde_json::to_string(&current).unwrap();
        assert!(json.contains(r#""max_duration":{"unknown":"is `P1Y`"}"#), "{json}");
        assert_eq!(serde_json::from_str::<Settings<Current>>(&json).unwrap(), current);
    }

    #[test]
    fn changes_survive_json() {
        let current = Settings::<Current>::default();
        let mut spec = Settings::<Spec>::default();
        spec.eligible_assignment.expire_after = set(Expiry::After(Duration::from_days(365)));
        let changes = current.changes_to(&spec);
        let json = serde_json::to_string(&changes).unwrap();
        assert_eq!(json, r#"{"eligible_assignment":{"expire_after":{"before":"never","after":"365d"}}}"#);
        assert_eq!(serde_json::from_str::<Settings<Changes>>(&json).unwrap(), changes);
    }

    #[test]
    fn every_field_has_a_path_of_its_own() {
        struct Paths(Vec<String>);
        impl Visit<Current> for Paths {
            fn field<T: Leaf>(&mut self, field: Field, _: &Fact<T>) {
                self.0.push(field.to_string());
            }
        }
        let mut paths = Paths(Vec::new());
        Settings::<Current>::default().visit(&mut paths);
        assert_eq!(paths.0.len(), 6 + 3 + 3 + 9 * 3);
        paths.0.sort();
        paths.0.dedup();
        assert_eq!(paths.0.len(), 39);
    }
}
