use memchr::memmem;

use crate::scan::{Kind, Node};

/// No schema that people write is chained so; a longer chain is a loop, or as good as one.
const MAX_CHAIN: usize = 32;

/// How many members and elements may be passed on the way to what references point to: some milliseconds.
const MAX_STEPS: usize = 500_000;

/// Whether a schema has a `$ref` that leads only to further ones and never to a schema. Such a schema means nothing, and
/// has sent resolvers into endless loops. A schema that holds itself as one of its parts is fine. One with so many
/// references that they can't be followed in a short time counts as circular too.
pub(crate) fn has_circular_reference(schema: Node<'_>) -> bool {
    let mut search = Search { root: schema, steps: MAX_STEPS };
    memmem::find(schema.raw(), b"\"$ref\"").is_some() && search.any(schema)
}

struct Search<'d> {
    root: Node<'d>,
    steps: usize,
}

impl<'d> Search<'d> {
    /// The scan has bounded the depth.
    fn any(&mut self, node: Node<'d>) -> bool {
        let mut found = false;
        for member in node.members() {
            found = found
                || self.any(member.value())
                || (member.is_named("$ref") && self.is_circular(member.value()));
        }
        found || node.elements().any(|element| self.any(element))
    }

    fn is_circular(&mut self, reference: Node<'d>) -> bool {
        let mut next = Some(reference);
        for _ in 0..MAX_CHAIN {
            let Some(target) = next.and_then(|reference| self.target(reference)) else {
                return self.steps == 0;
            };
            next = self.get(target, "$ref").filter(|reference| reference.kind() == Kind::String);
            if next.is_none() {
                return self.steps == 0;
            }
        }
        true
    }

    /// What a reference within the schema points to; `None` for one to elsewhere, which is not ours to follow.
    fn target(&mut self, reference: Node<'d>) -> Option<Node<'d>> {
        let text = reference.text()?;
        let path = text.strip_prefix('#')?;
        let mut node = self.root;
        for step in path.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            node = match node.kind() {
                Kind::Array => {
                    let at: usize = step.parse().ok()?;
                    self.pass(at);
                    node.elements().nth(at.min(self.steps))?
                }
                _ => self.get(node, &step)?,
            };
        }
        Some(node)
    }

    fn get(&mut self, node: Node<'d>, name: &str) -> Option<Node<'d>> {
        let mut passed = 0;
        let found = node.members().take(self.steps).find(|member| {
            passed += 1;
            member.is_named(name)
        });
        self.pass(passed);
        found.map(|member| member.value())
    }

    fn pass(&mut self, steps: usize) {
        self.steps = self.steps.saturating_sub(steps);
    }
}
