//! The tenants between whom a proof is made, and how each is bound.

use super::report::Aim;
use super::seat::Binding;
use super::value::Random;
use crate::policy::manifest::Manifest;
use crate::tenant::TenantType;

/// Whose a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Who {
    /// The tenant that is bound.
    Own,
    /// Another.
    Other,
    /// A tenant below the one that is bound.
    Below,
    /// No tenant.
    Nobody,
    /// A tenant that has no rows.
    Stranger,
}

/// Four tenants, with a user of each.
#[derive(Clone, Debug)]
pub(crate) struct Tenants {
    setting: String,
    /// The setting that carries the user, where there is one.
    user_setting: Option<String>,
    keys: [String; 4],
    users: [String; 4],
}

impl Tenants {
    /// Tenants that nobody has.
    pub(crate) fn made_up(manifest: &Manifest, random: &mut Random) -> Self {
        let tenancy = &manifest.tenancy;
        let keys = [(); 4].map(|()| key(tenancy.tenant_type(), random));
        let members = tenancy.members();
        let user_type = members.map_or(tenancy.tenant_type(), |members| members.user().1);
        Self {
            setting: tenancy.setting_name().as_str().to_owned(),
            user_setting: members.map(|members| members.user_setting().as_str().to_owned()),
            keys,
            users: [(); 4].map(|()| key(user_type, random)),
        }
    }

    /// The same with two tenants that are there.
    pub(crate) fn between(&self, own: String, other: String) -> Self {
        let [.., below, stranger] = self.keys.clone();
        Self { keys: [own, other, below, stranger], ..self.clone() }
    }

    pub(crate) fn setting(&self) -> &str {
        &self.setting
    }

    /// The tenant in the tenant column; none where that is NULL.
    pub(crate) fn tenant(&self, who: Who) -> Option<String> {
        of(&self.keys, who)
    }

    /// The user who is a member of that tenant.
    pub(crate) fn user(&self, who: Who) -> Option<String> {
        of(&self.users, who)
    }

    /// The setting that is changed to go from one to the other, with what each has there.
    pub(crate) fn switch(&self, by_user: bool) -> (&str, &str, &str) {
        let ([own, other, ..], setting) = match &self.user_setting {
            Some(setting) if by_user => (&self.users, setting),
            _ => (&self.keys, &self.setting),
        };
        (setting, own, other)
    }

    /// What a transaction of that tenant binds.
    pub(crate) fn binding(&self, who: Who) -> Binding {
        let tenant = self.tenant(who).map(|tenant| (self.setting.clone(), tenant));
        let user = self.user_setting.clone().zip(self.user(who));
        Binding { settings: tenant.into_iter().chain(user).collect(), ..Binding::default() }
    }

    /// What a transaction of a tenant binds that has no rows.
    pub(crate) fn of_nobody(&self) -> Binding {
        self.binding(Who::Stranger)
    }

    /// What is bound while something is tried.
    pub(crate) fn bound(&self, aim: Aim) -> Binding {
        match aim {
            Aim::Own | Aim::Other | Aim::Below | Aim::Nobodys => self.binding(Who::Own),
            Aim::Empty => {
                let settings = [Some(self.setting.clone()), self.user_setting.clone()];
                let empty = |setting| (setting, String::new());
                Binding {
                    settings: settings.into_iter().flatten().map(empty).collect(),
                    ..Binding::default()
                }
            }
            Aim::None | Aim::Session => Binding::default(),
        }
    }
}

/// What is somebody's among these.
fn of([own, other, below, stranger]: &[String; 4], who: Who) -> Option<String> {
    match who {
        Who::Own => Some(own.clone()),
        Who::Other => Some(other.clone()),
        Who::Below => Some(below.clone()),
        Who::Stranger => Some(stranger.clone()),
        Who::Nobody => None,
    }
}

fn key(tenant_type: TenantType, random: &mut Random) -> String {
    match tenant_type {
        TenantType::Uuid => random.uuid(),
        TenantType::Bigint => ((1 << 40) + random.next() % (1 << 40)).to_string(),
        TenantType::Integer => ((1 << 30) + random.next() % (1 << 30)).to_string(),
        TenantType::Text => format!("tenantry-{}", random.word()),
    }
}
