//! The BTF of a kernel that is not running, out of the image that a boot loader loads (bzImage).
//!
//! Format: Documentation/arch/x86/boot.rst; the payload is what arch/x86/boot/compressed/Makefile packs.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::exec;
use crate::packages::apt;

/// How a payload begins, the program that unpacks it with `-d -c`, and the Debian package of that program.
const PACKERS: [(&[u8], &str, &str); 4] = [
    (b"\xfd7zXZ", "xz", "xz-utils"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstd"),
    (b"\x02\x21\x4c\x18", "lz4", "lz4"),
    (b"\x1f\x8b", "gzip", "gzip"),
];

/// The section .BTF of the kernel in `image`; files in the making go below `work`.
pub(crate) fn btf(image: &Path, work: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(image).with_context(|| image.display().to_string())?;
    let packed = payload(&bytes).with_context(|| format!("{} is no bzImage", image.display()))?;
    let known = PACKERS.iter().find(|(magic, ..)| packed.starts_with(magic));
    let Some((_, program, package)) = known else {
        bail!("{}: packed in a way that is unknown here", image.display());
    };
    // The unpacked size follows every payload but gzip's, which ends with it anyway.
    let size = if *program == "gzip" { 0 } else { 4 };
    let [from, vmlinux, section] = ["payload", "vmlinux", "section"].map(|name| work.join(name));
    fs::write(&from, packed.get(..packed.len().saturating_sub(size)).unwrap_or_default())?;
    let result = (|| {
        apt::need(&[(program, package), ("objcopy", "binutils")])?;
        let mut unpack = Command::new(program);
        unpack.args(["-d", "-c"]).stdin(fs::File::open(&from)?).stdout(fs::File::create(&vmlinux)?);
        exec::succeed(&mut unpack).with_context(|| image.display().to_string())?;
        let dump = format!("--dump-section=.BTF={}", section.display());
        exec::succeed(Command::new("objcopy").arg(dump).arg(&vmlinux).arg("/dev/null"))?;
        fs::read(&section).with_context(|| format!("{} has no BTF", image.display()))
    })();
    for file in [from, vmlinux, section] {
        let _never_made = fs::remove_file(file);
    }
    result
}

/// `payload_offset` and `payload_length` of the setup header, counted from the end of the setup sectors.
fn payload(image: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| {
        let bytes = image.get(at..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    if image.get(0x202..0x206)? != b"HdrS" {
        return None;
    }
    // For historical reasons 0 means 4 (setup_sects), and the boot sector is not counted.
    let sectors = match *image.get(0x1f1)? {
        0 => 4,
        sectors => usize::from(sectors),
    };
    let start = sectors.checked_add(1)?.checked_mul(512)?.checked_add(word(0x248)?)?;
    image.get(start..start.checked_add(word(0x24c)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_counted_from_the_end_of_the_setup() {
        let mut image = vec![0; 0x1000];
        image[0x1f1] = 1;
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x248] = 0x10;
        image[0x24c] = 3;
        image[0x410..0x413].copy_from_slice(b"abc");
        assert_eq!(payload(&image), Some(&b"abc"[..]));
        image[0x24f] = 1; // longer than the file
        assert_eq!(payload(&image), None);
        assert_eq!(payload(b"\x7fELF"), None);
    }
}
