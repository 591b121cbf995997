//! The databases that the product keeps its rows in, for cases that must hold on each of them.

use switchyard::Store;
use switchyard_testkit::postgres::PrivatePostgres;

/// A kind of database. Each store of it is empty and nobody else's.
#[derive(Clone, Copy, Debug)]
pub enum Database {
    /// In memory.
    Sqlite,
    /// In the server that all tests of this process share.
    Postgres(&'static PrivatePostgres),
}

impl Database {
    /// PostgreSQL; `None` where it is to be left out, which is then said.
    #[must_use]
    pub fn postgres() -> Option<Self> {
        PrivatePostgres::shared().map(Self::Postgres)
    }

    /// An empty store.
    #[must_use]
    pub fn store(self) -> Store {
        match self {
            Self::Sqlite => Store::SqliteMemory,
            Self::Postgres(server) => Store::Postgres(server.create_database().into()),
        }
    }
}

/// Makes a test of each case on SQLite, and one of all of them on PostgreSQL, whose server takes its time to start.
///
/// A case is an async function that is given the [`Database`], or what the function behind `from` makes of it: an async function
/// too, by its path from the crate's root.
///
/// ```no_run
/// use switchyard_harness::{Database, TestApp, on_both_databases};
///
/// on_both_databases! {
///     it_answers,
/// }
///
/// async fn it_answers(database: Database) {
///     let app = TestApp::builder().on(database).start().await;
///     assert_eq!(app.anonymous().get("/ping").await.status, 200);
/// }
/// ```
#[macro_export]
macro_rules! on_both_databases {
    (from $begin:path; $($case:ident,)+) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let begun = $begin($crate::Database::Sqlite).await;
                    Box::pin(super::$case(begun)).await;
                }
            )+
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn all_of_it_holds_on_postgresql() {
            let Some(database) = $crate::Database::postgres() else { return };
            $(
                println!("{}", stringify!($case));
                let begun = $begin(database).await;
                Box::pin($case(begun)).await;
            )+
        }
    };
    ($($case:ident,)+) => {
        $crate::on_both_databases! { from std::future::ready; $($case,)+ }
    };
}
