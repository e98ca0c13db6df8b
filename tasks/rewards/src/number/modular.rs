//! Arithmetic modulo the prime 2^61 - 1, in which polynomials are compared at random points.

/// The prime.
pub const PRIME: u64 = (1 << 61) - 1;

/// The sum of two rests.
pub fn add(left: u64, right: u64) -> u64 {
    (left + right) % PRIME
}

/// The rest of the other sign.
pub fn negate(value: u64) -> u64 {
    (PRIME - value) % PRIME
}

/// The product of two rests.
pub fn multiply(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right) % u128::from(PRIME);
    u64::try_from(product).expect("a rest below 2^61 fits a word")
}

/// The power of a rest.
pub fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, base);
        }
        base = multiply(base, base);
        exponent >>= 1;
    }
    result
}

/// The rest by which `value` gives 1; `None` for 0.
pub fn inverse(value: u64) -> Option<u64> {
    (value != 0).then(|| power(value, PRIME - 2))
}

/// A number that depends on `name` and `seed` alone, spread over all 64 bits (FNV-1a, then a finaliser).
pub fn spread(name: &str, seed: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverts() {
        for value in [1, 2, 3, 1 << 40, PRIME - 1] {
            assert_eq!(multiply(value, inverse(value).unwrap()), 1);
        }
        assert_eq!(inverse(0), None);
        assert_eq!(add(PRIME - 1, 1), 0);
        assert_eq!(negate(0), 0);
    }

    #[test]
    fn spreads_the_same_everywhere() {
        assert_eq!(spread("x", 1), spread("x", 1));
        assert_ne!(spread("x", 1), spread("x", 2));
        assert_ne!(spread("x", 1), spread("y", 1));
    }
}
