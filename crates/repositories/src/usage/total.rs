//! Sums of integers as integers: PostgreSQL sums BIGINT to NUMERIC, SQLite to INTEGER, and we read BIGINT from both. And sums that no
//! number of lines overflows.

use crate::connection::MultiBackend;
use diesel::expression::{CastsTo, FallibleCastsTo, KnownCastSqlTypeName};
use diesel::sql_types::{BigInt, Nullable, SqlType};

/// What `SUM` gives. It is never read as such.
#[derive(Debug, Clone, Copy, SqlType)]
#[expect(unreachable_pub, reason = "the function below is declared public by its macro, and names it")]
pub struct Summed;

impl FallibleCastsTo<BigInt> for Summed {}
impl CastsTo<BigInt> for Summed {}

impl KnownCastSqlTypeName<MultiBackend> for BigInt {
    const SQL_TYPE_NAME: &'static str = "bigint";
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// `SUM`, to be cast.
    #[aggregate]
    #[sql_name = "sum"]
    fn summed(column: Nullable<BigInt>) -> Nullable<Summed>;
}

/// The sum of a column as BIGINT; null where there is nothing to sum.
macro_rules! total {
    ($column:expr) => {
        diesel::expression_methods::ExpressionMethods::cast::<
            diesel::sql_types::Nullable<diesel::sql_types::BigInt>,
        >($crate::usage::total::summed($column))
    };
}
pub(super) use total;

/// Databases refuse a sum that is beyond the range, and with it whatever else was asked. So the upper and the lower half of the numbers
/// are summed apart, which overflows beyond two thousand million lines only.
pub(super) const SPLIT: i64 = 1 << 31;

/// What one sum is read as: whole multiples of [`SPLIT`], and the rest.
pub(super) type Halves = (i64, i64);

/// The same where there may be nothing to sum.
pub(super) type SomeHalves = (Option<i64>, Option<i64>);

/// A sum of a column, as [`Halves`].
macro_rules! halves {
    ($column:expr) => {
        (
            total!(($column / SPLIT).nullable()).assume_not_null(),
            total!(($column - $column / SPLIT * SPLIT).nullable()).assume_not_null(),
        )
    };
}
pub(super) use halves;

/// A sum of a column, as [`SomeHalves`].
macro_rules! some_halves {
    ($column:expr) => {
        (total!(($column / SPLIT).nullable()), total!(($column - $column / SPLIT * SPLIT).nullable()))
    };
}
pub(super) use some_halves;

/// The sum again.
pub(super) fn joined((multiples, rest): Halves) -> i128 {
    i128::from(multiples) * i128::from(SPLIT) + i128::from(rest)
}

/// The same; nothing where there was nothing to sum.
pub(super) fn joined_if_any((multiples, rest): SomeHalves) -> i128 {
    joined((multiples.unwrap_or(0), rest.unwrap_or(0)))
}

/// A sum, held at the ends of the range.
pub(super) fn held(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}
