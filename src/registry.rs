//! The registries of the families: a member is registered by one line, and is then listed, read from configs and tested.

/// Declares the enum of a family's members and a macro that calls generic code with the type of the chosen member.
///
/// Each line names a type of the family's module whose `NAME` and `SUMMARY` the registry shows; the enum has a variant of
/// the same name. `$with!(kind, T => expression)` evaluates the expression with the alias `T` for the member's type.
macro_rules! registry {
    (
        $(#[$doc:meta])*
        pub enum $kind:ident in $module:ident, $with:ident {
            $($member:ident,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {
            $(
                #[doc = concat!("[`", stringify!($member), "`].")]
                $member,
            )+
        }

        impl $kind {
            /// Every member, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The member's key in a config.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$member => $member::NAME,)+ }
            }

            /// What the member is, in a line.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$member => $member::SUMMARY,)+ }
            }
        }

        impl $crate::registry::Member for $kind {
            const ALL: &'static [Self] = Self::ALL;

            fn name(self) -> &'static str {
                self.name()
            }

            fn summary(self) -> &'static str {
                self.summary()
            }
        }

        /// Evaluates an expression with an alias for the type of the chosen member.
        #[allow(unused_macros, reason = "a family whose members are objects needs no types")]
        macro_rules! $with {
            ($value:expr, $alias:ident => $body:expr) => {
                match $value {
                    $(
                        $crate::$module::$kind::$member => {
                            type $alias = $crate::$module::$member;
                            $body
                        }
                    )+
                }
            };
        }
        #[allow(unused_imports, reason = "see above")]
        pub(crate) use $with;
    };
}

pub(crate) use registry;

/// A choice among the members of a family.
pub trait Member: Copy + Eq + 'static {
    /// Every member, in the order of the registry.
    const ALL: &'static [Self];

    /// The member's key in a config.
    fn name(self) -> &'static str;

    /// What the member is, in a line.
    fn summary(self) -> &'static str;
}
