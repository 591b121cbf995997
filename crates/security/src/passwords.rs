//! Hashing of passwords by argon2id.

use crate::random;
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use switchyard_ports::passwords::{HashingFailed, PasswordHash, Passwords, Verdict};

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// What a guess costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// RFC 9106's second recommendation: 64 MiB, three passes; one lane, as a server has its processors for others too.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3 };
    /// Next to nothing, for tests whose subject is another.
    pub const TRIVIAL: Self = Self { memory_kib: 64, passes: 1 };
}

impl Default for Cost {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// Argon2id at a cost. Hashes of other costs are verified at theirs.
#[derive(Debug)]
pub struct Argon2Passwords {
    cost: Cost,
    hasher: Argon2<'static>,
    decoy: PasswordHash,
}

impl Argon2Passwords {
    /// Hashing at this cost.
    ///
    /// # Errors
    /// When argon2 has no such cost, or there is not the memory for it.
    pub fn new(cost: Cost) -> Result<Self, HashingFailed> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(failed)?;
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(Self { cost, hasher, decoy: nobodys(cost) })
    }

    fn is_weak(&self, hash: &phc::PasswordHash) -> bool {
        match Params::try_from(hash) {
            Ok(params) => {
                params.m_cost() < self.cost.memory_kib
                    || params.t_cost() < self.cost.passes
                    || hash.algorithm.as_str() != "argon2id"
            }
            Err(_) => true,
        }
    }
}

impl Passwords for Argon2Passwords {
    fn hash(&self, password: &SecretString) -> Result<PasswordHash, HashingFailed> {
        hash_with(&self.hasher, password.expose_secret().as_bytes())
    }

    fn verify(&self, password: &SecretString, hash: &PasswordHash) -> Verdict {
        let Ok(hash) = phc::PasswordHash::new(&hash.0) else { return Verdict::Wrong };
        match self.hasher.verify_password(password.expose_secret().as_bytes(), &hash) {
            Ok(()) if self.is_weak(&hash) => Verdict::RightButWeakly,
            Ok(()) => Verdict::Right,
            Err(_) => Verdict::Wrong,
        }
    }

    fn decoy(&self) -> &PasswordHash {
        &self.decoy
    }
}

fn hash_with(hasher: &Argon2<'static>, password: &[u8]) -> Result<PasswordHash, HashingFailed> {
    let mut salt = [0; SALT_BYTES];
    random::fill(&mut salt);
    let hash: phc::PasswordHash = hasher.hash_password_with_salt(password, &salt).map_err(failed)?;
    Ok(PasswordHash(hash.to_string()))
}

/// A hash that no password has, to be verified as dearly as any other. Drawn and not made: making one would take the memory of a
/// guess at every start, for a server that may never see a password.
fn nobodys(cost: Cost) -> PasswordHash {
    let (mut salt, mut output) = ([0; SALT_BYTES], [0; OUTPUT_BYTES]);
    random::fill(&mut salt);
    random::fill(&mut output);
    let Cost { memory_kib, passes } = cost;
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    PasswordHash(format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${output}"))
}

fn failed(error: impl std::fmt::Display) -> HashingFailed {
    HashingFailed(error.to_string())
}
