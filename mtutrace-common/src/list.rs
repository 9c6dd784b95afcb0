//! How the lists of this crate are written: one entry says a thing once, and the macro makes the rest of it.

/// An enum whose variants are numbered from 1 in the order in which they stand, each with the name that outputs use:
/// `ALL`, `from_number` and `name` are made from the same entries.
macro_rules! list {
    (
        $(#[$meta:meta])*
        $list:ident: $number:ident {
            $(#[$first_doc:meta])* $first:ident = $first_name:expr,
            $( $(#[$doc:meta])* $variant:ident = $name:expr, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr($number)]
        pub enum $list {
            $(#[$first_doc])* $first = 1,
            $( $(#[$doc])* $variant, )*
        }

        impl $list {
            /// All of them, in the order of their numbers, which start at 1.
            pub const ALL: [$list; [$list::$first as $number, $($list::$variant as $number),*].len()] =
                [$list::$first, $($list::$variant),*];

            /// The one with this number, if there is one.
            pub fn from_number(number: $number) -> Option<$list> {
                $list::ALL.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
            }

            /// Its name in outputs.
            pub const fn name(self) -> &'static str {
                match self {
                    $list::$first => $first_name,
                    $( $list::$variant => $name, )*
                }
            }
        }
    };
}

/// The signals, and the record type of each: what stands in it after the [`EventHeader`](crate::EventHeader) and the
/// [`Packet`](crate::Packet) that all begin with, and its size in bytes. A signal may send another one's record.
macro_rules! records {
    (
        $( $(#[$doc:meta])* $signal:ident = $name:literal: $record:ident
            $( of $bytes:literal bytes $fields:tt )?
        ; )+
    ) => {
        list! {
            /// The signals that the kernel side sends.
            Signal: u16 { $( $(#[$doc])* $signal = $name, )+ }
        }

        $( record! { $(#[$doc])* $record $( of $bytes bytes $fields )? } )+
    };
}

/// One record type of [`records!`].
macro_rules! record {
    ($(#[$doc:meta])* $record:ident) => {};
    (
        $(#[$doc:meta])*
        $record:ident of $bytes:literal bytes { $( $(#[$field_doc:meta])* $field:ident: $kind:ty, )* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        #[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
        #[repr(C)]
        pub struct $record {
            /// When, where, who.
            pub header: $crate::EventHeader,
            /// The packet that it is about.
            pub packet: $crate::Packet,
            $( $(#[$field_doc])* pub $field: $kind, )*
        }

        const _: () = {
            assert!(size_of::<$record>() == $bytes);
            let fields = [size_of::<$crate::EventHeader>(), size_of::<$crate::Packet>(), $( size_of::<$kind>() ),*];
            let (mut sum, mut n) = (0, 0);
            while n < fields.len() {
                sum += fields[n];
                n += 1;
            }
            assert!(sum == $bytes, "padding must be a field");
        };
    };
}

/// The hooks, and where the program of each goes: that makes its name as well.
macro_rules! hooks {
    ( $( $hook:ident: $place:ident $(($function:literal))?, )+ ) => {
        list! {
            /// Who saw it: a hook of the kernel side. The loader's registry says what each one sees.
            HookId: u16 { $( #[doc = hooks!(@doc $place $($function)?)] $hook = hooks!(@name $place $($function)?), )+ }
        }

        impl HookId {
            /// Where its program goes.
            pub const fn place(self) -> Place {
                match self { $( HookId::$hook => Place::$place $(($function))?, )+ }
            }
        }
    };
    (@name Ingress) => { "tc:ingress" };
    (@name Egress) => { "tc:egress" };
    (@name RawTracepoint $function:literal) => { concat!("raw_tp:", $function) };
    (@name Kprobe $function:literal) => { concat!("kprobe:", $function) };
    (@doc Ingress) => { "TC ingress." };
    (@doc Egress) => { "TC egress." };
    (@doc RawTracepoint $function:literal) => { concat!("Raw tracepoint `", $function, "`.") };
    (@doc Kprobe $function:literal) => { concat!("kprobe on `", $function, "`.") };
}

/// The struct of offsets, and where to find each in the kernel's BTF. `bits` marks a bitfield, whose offset is in bits.
macro_rules! offsets {
    ( $( $(#[$doc:meta])* $slot:ident = $($bits:ident)? $path:literal, )+ ) => {
        /// Offsets of the kernel fields that the hooks read, resolved by name from the running kernel's BTF: in bytes, those
        /// of bitfields in bits.
        ///
        /// [`Offsets::UNKNOWN`] marks a field that this kernel lacks; the loader then leaves out the hooks that need it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
        #[repr(C)]
        pub struct Offsets {
            $( #[doc = concat!("`", $path, "`")] $(#[$doc])* pub $slot: u32, )+
        }

        impl Offsets {
            /// All fields unknown.
            pub const NONE: Offsets = Offsets { $( $slot: Offsets::UNKNOWN, )+ };

            /// Every field, and where its offset goes.
            pub const FIELDS: [Field; [$( $path ),+].len()] =
                [$( Field { path: $path, bits: offsets!(@bits $($bits)?), slot: |offsets| &mut offsets.$slot } ),+];
        }
    };
    (@bits) => { false };
    (@bits bits) => { true };
}

pub(crate) use {hooks, list, offsets, record, records};
