//! Assembles BTF, valid or not.

/// Name, type, offset in bits, width in bits or 0.
pub(super) struct Field(pub(super) &'static str, pub(super) u32, pub(super) u32, pub(super) u32);

#[derive(Default)]
pub(crate) struct Builder {
    types: Vec<u8>,
    strings: Vec<u8>,
    last: u32,
}

impl Builder {
    fn string(&mut self, text: &str) -> u32 {
        if self.strings.is_empty() {
            self.strings.push(0);
        }
        if text.is_empty() {
            return 0;
        }
        let at = self.strings.len() as u32;
        self.strings.extend(text.bytes().chain([0]));
        at
    }

    /// Any type at all; returns its id.
    pub(crate) fn raw(&mut self, name: &str, kind: u32, n: u32, flag: bool, value: u32, body: &[u32]) -> u32 {
        let name = self.string(name);
        let info = u32::from(flag) << 31 | kind << 24 | n;
        let words = [name, info, value].into_iter().chain(body.iter().copied());
        self.types.extend(words.flat_map(u32::to_ne_bytes));
        self.last += 1;
        self.last
    }

    /// A type without a body: pointer, typedef, qualifier, function, …
    pub(crate) fn link(&mut self, kind: u32, name: &str, to: u32) -> u32 {
        self.raw(name, kind, 0, false, to, &[])
    }

    pub(crate) fn int(&mut self, name: &str, size: u32) -> u32 {
        self.raw(name, 1, 0, false, size, &[size * 8])
    }

    pub(crate) fn structure(&mut self, name: &str, size: u32, fields: &[(&'static str, u32, u32)]) -> u32 {
        let fields: Vec<Field> = fields.iter().map(|f| Field(f.0, f.1, f.2, 0)).collect();
        self.aggregate(name, 4, size, &fields, false)
    }

    pub(crate) fn union(&mut self, name: &str, size: u32, fields: &[(&'static str, u32, u32)]) -> u32 {
        let fields: Vec<Field> = fields.iter().map(|f| Field(f.0, f.1, f.2, 0)).collect();
        self.aggregate(name, 5, size, &fields, false)
    }

    pub(super) fn bitfields(&mut self, name: &str, size: u32, fields: &[Field]) -> u32 {
        self.aggregate(name, 4, size, fields, true)
    }

    fn aggregate(&mut self, name: &str, kind: u32, size: u32, fields: &[Field], flag: bool) -> u32 {
        let member = |f: &Field| [self.string(f.0), f.1, f.3 << 24 | f.2];
        let body: Vec<u32> = fields.iter().flat_map(member).collect();
        self.raw(name, kind, fields.len() as u32, flag, size, &body)
    }

    pub(crate) fn enumeration(&mut self, name: &str, signed: bool, variants: &[(&str, u32)]) -> u32 {
        let body: Vec<u32> = variants.iter().flat_map(|v| [self.string(v.0), v.1]).collect();
        self.raw(name, 6, variants.len() as u32, signed, 4, &body)
    }

    pub(crate) fn enumeration64(&mut self, name: &str, variants: &[(&str, u64)]) -> u32 {
        let variant = |v: &(&str, u64)| [self.string(v.0), v.1 as u32, (v.1 >> 32) as u32];
        let body: Vec<u32> = variants.iter().flat_map(variant).collect();
        self.raw(name, 19, variants.len() as u32, false, 8, &body)
    }

    pub(crate) fn prototype(&mut self, returns: u32, parameters: &[u32]) -> u32 {
        let body: Vec<u32> = parameters.iter().flat_map(|id| [0, *id]).collect();
        self.raw("", 13, parameters.len() as u32, false, returns, &body)
    }

    pub(crate) fn build(&mut self) -> Vec<u8> {
        self.string("");
        self.build_after((0, 0))
    }

    /// How much there is so far: where what is added later begins.
    pub(super) fn here(&self) -> (usize, usize) {
        (self.types.len(), self.strings.len())
    }

    /// What was added since then, as a module's.
    pub(super) fn build_after(&self, (types_at, strings_at): (usize, usize)) -> Vec<u8> {
        let (added_types, added_strings) = (&self.types[types_at..], &self.strings[strings_at..]);
        let (types, strings) = (added_types.len() as u32, added_strings.len() as u32);
        let mut data = 0xeb9fu16.to_ne_bytes().to_vec();
        data.extend([1, 0]);
        data.extend([24, 0, types, types, strings].into_iter().flat_map(u32::to_ne_bytes));
        data.extend(added_types);
        data.extend(added_strings);
        data
    }
}
