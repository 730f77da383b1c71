//! Requests that the service does not carry out as they were asked: faults that have been seen, or that nobody has
//! shown not to be.

use crate::emulator::world::{Access, Action, Asked, DirectoryScope, Ending, Schedule, Surface, Target, World};

/// What becomes wider of what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wider {
    /// Where: the whole directory for an administrative unit, owner for member, the scope above in Azure.
    Scope,
    /// How long: without end.
    End,
    /// On which condition: none.
    Condition,
}

/// What an update on Azure leaves as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// Everything.
    All,
    /// The condition.
    Condition,
}

impl World {
    /// Turns what is asked into what the service makes of it.
    pub(super) fn widen(&self, asked: &mut Asked) {
        if asked.action != Action::AdminAssign || asked.validate_only {
            return;
        }
        match self.directives.wider {
            None => {}
            Some(Wider::Scope) => {
                asked.scope = DirectoryScope::Whole;
                match &mut asked.target {
                    Target::Directory { .. } => {}
                    Target::Group { access, .. } => *access = Access::Owner,
                    Target::Azure { scope, .. } => {
                        let above = self.scope_above(scope).filter(|above| self.scope_above(above).is_some());
                        *scope = above.unwrap_or_else(|| scope.clone());
                    }
                }
            }
            Some(Wider::End) => {
                if let Some(window) = &mut asked.window {
                    window.end = Ending::Never;
                }
            }
            Some(Wider::Condition) => asked.condition = None,
        }
    }

    /// What an update really makes, where a fault says that it makes less.
    pub(super) fn ignore(&self, asked: &Asked, old: Option<&Schedule>, new: &mut Schedule) {
        let (Some(ignored), Some(old)) = (self.directives.ignored, old) else { return };
        if asked.action != Action::AdminUpdate || asked.target.surface() != Surface::Azure {
            return;
        }
        new.condition.clone_from(&old.condition);
        if ignored == Ignored::All {
            (new.start, new.end) = (old.start, old.end);
        }
    }
}
