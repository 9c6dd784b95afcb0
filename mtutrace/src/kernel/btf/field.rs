//! Where a field lies in a struct.
use super::kind::Kind;
use super::types::{Btf, Type};

/// Anonymous structs within anonymous structs that are entered; kernels have about five.
const MAX_DEPTH: usize = 16;
/// Members that one look-up may see: bounds hostile structs that contain themselves many times over, where a
/// depth alone would allow `65535 ^ depth`. The path `sk_buff.…` sees about a hundred.
const MAX_MEMBERS: u32 = 1 << 18;

/// `struct btf_member`
#[derive(Clone, Copy)]
struct Member {
    name: u32,
    id: u32,
    /// From the start of the struct that it stands in.
    bits: u32,
    bitfield: bool,
}

impl Btf {
    /// Byte offset of a field by its dotted path, such as `sk_buff.dev` or `sock.__sk_common.skc_net.net`.
    ///
    /// Anonymous structs and unions need not be named; typedefs and qualifiers are looked through; pointers are
    /// not followed. `None` when there is no such field, or it is a bitfield and has no byte offset.
    pub fn field(&self, path: &str) -> Option<u32> {
        let (bits, bitfield) = self.place(path)?;
        (!bitfield && bits.is_multiple_of(8)).then_some(bits / 8)
    }

    /// Offset in bits of a field that may be a bitfield.
    ///
    /// `None` when there is no such field.
    pub fn bits(&self, path: &str) -> Option<u32> {
        self.place(path).map(|(bits, _)| bits)
    }

    /// Offset in bits, and whether it is a bitfield.
    fn place(&self, path: &str) -> Option<(u32, bool)> {
        let (root, fields) = path.split_once('.')?;
        // Of several structs with that name (each compilation unit may have its own), the first with the field.
        let mut fuel = MAX_MEMBERS;
        self.named(root, &[Kind::Struct, Kind::Union]).find_map(|root| self.field_of(root, fields, &mut fuel))
    }

    fn field_of(&self, root: Type, fields: &str, fuel: &mut u32) -> Option<(u32, bool)> {
        let mut inside = root;
        let (mut offset, mut bitfield) = (0u64, false);
        let mut names = fields.split('.').peekable();
        while let Some(name) = names.next() {
            let (member, bits) = self.member(inside, name, MAX_DEPTH, fuel)?;
            offset = offset.checked_add(bits)?;
            if names.peek().is_some() {
                inside = self.plain(member.id).filter(|found| is_aggregate(found.kind))?;
            } else {
                bitfield = member.bitfield || self.is_narrow_int(member.id);
            }
        }
        Some((u32::try_from(offset).ok()?, bitfield))
    }

    /// The member of this name and its offset in bits, in the struct itself or in its anonymous parts.
    fn member(&self, inside: Type, name: &str, depth: usize, fuel: &mut u32) -> Option<(Member, u64)> {
        for member in self.members(inside) {
            *fuel = fuel.checked_sub(1)?;
            if self.is_name(member.name, name) {
                return Some((member, u64::from(member.bits)));
            }
            if self.strings.get(usize::try_from(member.name).ok()?) != Some(&0) {
                continue;
            }
            let part = self.plain(member.id).filter(|found| is_aggregate(found.kind));
            let (Some(part), Some(depth)) = (part, depth.checked_sub(1)) else { continue };
            if let Some((found, bits)) = self.member(part, name, depth, fuel) {
                return Some((found, bits.checked_add(u64::from(member.bits))?));
            }
        }
        None
    }

    fn members(&self, inside: Type) -> impl Iterator<Item = Member> + '_ {
        (0..inside.count).map_while(move |index| {
            let at = inside.body.checked_add(index.checked_mul(12)?)?;
            let place = self.word(at, 8)?;
            // With kind_flag the top byte is the width of a bitfield, 0 for an ordinary member.
            let (bits, width) = if inside.flag { (place & 0x00ff_ffff, place >> 24) } else { (place, 0) };
            Some(Member { name: self.word(at, 0)?, id: self.word(at, 4)?, bits, bitfield: width != 0 })
        })
    }

    /// Bitfields of structs without `kind_flag` are integers of fewer bits than their bytes have.
    fn is_narrow_int(&self, id: u32) -> bool {
        let Some(int) = self.plain(id).filter(|found| found.kind == Kind::Int) else { return false };
        let Some(encoding) = self.word(int.body, 0) else { return true };
        let (offset, bits) = ((encoding >> 16) & 0xff, encoding & 0xff);
        offset != 0 || Some(bits) != int.value.checked_mul(8)
    }
}

fn is_aggregate(kind: Kind) -> bool {
    matches!(kind, Kind::Struct | Kind::Union)
}
