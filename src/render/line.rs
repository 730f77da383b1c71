//! One step in one line, for the progress and the results of an apply.

use crate::plan::{Operation, Plan, Step};

use super::view::{Cell, Mark};
use super::{escape, sections, settings, words};

/// `assign directory/User Administrator/eligible/user:ada@contoso.example: for 365d, from when it is applied`
pub fn one_line(plan: &Plan, step: &Step) -> String {
    let verb = match &step.operation {
        Operation::CreateGroup { .. } => "create",
        Operation::AddMember { .. } => "add",
        Operation::RemoveMember { .. } | Operation::Remove { .. } => "remove",
        Operation::UpdateSettings { .. } | Operation::Update { .. } => "change",
        Operation::Assign { .. } => "assign",
    };
    let note = match &step.operation {
        Operation::UpdateSettings { changes, .. } => {
            let (_, lines) = settings::lines(plan, changes);
            let loosen = lines.iter().filter(|line| line.mark == Mark::Bang).count();
            let fields = words::count(lines.len(), "field", "fields");
            if loosen > 0 { format!("{fields}, {}", words::count(loosen, "loosens", "loosen")) } else { fields }
        }
        _ => plain(&sections::when(plan, step)),
    };
    let colon = if note.is_empty() { "" } else { ": " };
    format!("{verb} {}{colon}{note}", escape::name(&step.address))
}

fn plain(cell: &Cell<'_>) -> String {
    cell.0.iter().map(escape::shown).collect()
}
