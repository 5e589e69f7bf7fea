//! Which instructions the many hashes side by side are computed with.

use std::fmt;
use std::str::FromStr;

/// An implementation of the hash for many inputs side by side. All give the same results; they differ in speed and in
/// what the processor must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// 64-bit words, which the compiler joins into the registers every processor of the target has: SSE2 on x86-64,
    /// NEON on 64-bit Arm.
    Portable,
    /// 256-bit registers (x86-64 with AVX2).
    Avx2,
    /// 512-bit registers and three-input gates (x86-64 with AVX-512 F).
    Avx512,
}

/// A name that is no back end's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBackend(String);

impl Backend {
    /// All back ends, the slowest first.
    pub const ALL: [Backend; 3] = [Backend::Portable, Backend::Avx2, Backend::Avx512];

    /// The back ends that this processor can run, the slowest first. The portable one always can.
    #[must_use]
    pub fn available() -> Vec<Backend> {
        Self::ALL.into_iter().filter(|backend| backend.is_available()).collect()
    }

    /// The fastest back end that this processor can run.
    #[must_use]
    pub fn fastest() -> Backend {
        let last = Self::ALL.into_iter().rfind(|backend| backend.is_available());
        last.unwrap_or(Backend::Portable)
    }

    /// Whether this processor can run it.
    #[must_use]
    #[inline]
    pub fn is_available(self) -> bool {
        match self {
            Backend::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => std::arch::is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            Backend::Avx2 | Backend::Avx512 => false,
        }
    }

    /// Its name: `portable`, `avx2` or `avx512`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Backend::Portable => "portable",
            Backend::Avx2 => "avx2",
            Backend::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Backend, UnknownBackend> {
        let named = Self::ALL.into_iter().find(|backend| backend.name() == name);
        named.ok_or_else(|| UnknownBackend(name.to_owned()))
    }
}

impl fmt::Display for UnknownBackend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Backend::ALL.map(Backend::name).join(", ");
        write!(formatter, "no back end is called {:?}; there are {names}", self.0)
    }
}

impl std::error::Error for UnknownBackend {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for backend in Backend::ALL {
            assert_eq!(backend.to_string().parse(), Ok(backend));
        }
        let error = "sse9".parse::<Backend>().unwrap_err();
        assert_eq!(error.to_string(), "no back end is called \"sse9\"; there are portable, avx2, avx512");
    }

    #[test]
    fn the_portable_one_is_always_there_and_the_fastest_is_the_last() {
        let available = Backend::available();
        assert_eq!(available.first(), Some(&Backend::Portable));
        assert_eq!(available.last(), Some(&Backend::fastest()));
    }
}
