//! Which stores the server keeps its data in, as URLs in the forms that the origin documents use.

mod database_url;
mod postgres_url;
mod redis_url;

pub use database_url::DatabaseUrl;
pub use postgres_url::PostgresUrl;
pub use redis_url::RedisUrl;
