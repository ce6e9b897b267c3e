//! The settings that policies read: what they hold decides whose rows a statement reaches.

use std::collections::BTreeSet;

use crate::rule::code::Code;
use crate::rule::code::sentence::{Sentence, literal};
use crate::rule::subject::Subject;

/// The settings of the tenancy, and whatever else policies read, themselves or in the functions that they call.
pub(in crate::rule) fn read_by_policies(subject: &Subject<'_>) -> BTreeSet<String> {
    let tenancy = &subject.manifest.tenancy;
    let mut found = BTreeSet::from([tenancy.setting_name().as_str().to_ascii_lowercase()]);
    found.extend(tenancy.members().map(|members| members.user_setting().as_str().to_ascii_lowercase()));
    let mut called = BTreeSet::new();
    for policy in subject.catalog.relations.values().flat_map(|relation| relation.policies.values()) {
        for condition in policy.using.iter().chain(&policy.with_check) {
            let sentence = Sentence::of(condition.as_str());
            found.extend(read_by(&sentence));
            called.extend(sentence.calls().into_iter().map(|call| call.name.name));
        }
    }
    for (signature, function) in &subject.catalog.functions {
        if called.contains(signature.name.name())
            && let Some(code) = Code::of_function(signature, function)
        {
            found.extend(code.sentences.iter().flat_map(read_by));
        }
    }
    found
}

/// Those that a statement reads.
pub(in crate::rule) fn read_by(sentence: &Sentence) -> Vec<String> {
    let calls = sentence.calls();
    let reads = calls.iter().filter(|call| call.name.name.as_str() == "current_setting");
    let name = reads.filter_map(|call| literal(call.arguments.first()?));
    // Those of the server itself are no one's tenant.
    name.filter(|name| name.contains('.')).map(str::to_ascii_lowercase).collect()
}
