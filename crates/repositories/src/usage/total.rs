//! Sums of integers as integers: PostgreSQL sums BIGINT to NUMERIC, SQLite to INTEGER, and we read BIGINT from both.

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
