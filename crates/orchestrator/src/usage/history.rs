//! Calls one by one, to those who may see them.

use super::Sight;
use crate::error::AdminError;
use std::sync::Arc;
use switchyard_domain::ids::AttemptId;
use switchyard_domain::time::Timestamp;
use switchyard_domain::usage::{CallCursor, CallFilter, CallRecord, RefusedCall};
use switchyard_ports::repositories::{RepositoryError, UsageRepository};
use uuid::Uuid;

/// Calls that have ended. What ended within the last half second may not be there yet.
pub struct CallHistory {
    repository: Arc<dyn UsageRepository>,
}

impl CallHistory {
    /// Over the given repository.
    #[must_use]
    pub fn new(repository: Arc<dyn UsageRepository>) -> Self {
        Self { repository }
    }

    /// Calls, the newest first: at most `most` of those behind `after`. What somebody may not see is as if it were not there.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn page(
        &self,
        sight: Sight,
        filter: CallFilter,
        after: Option<CallCursor>,
        most: u32,
    ) -> Result<Vec<CallRecord>, AdminError> {
        let Some(user) = sight.narrowed(filter.user) else { return Ok(Vec::new()) };
        Ok(self.repository.calls(&CallFilter { user, ..filter }, after, most).await?)
    }

    /// Calls that were refused before anything was sent, the newest first: at most `most` of those before `to`. The newest
    /// are kept, and not each of many.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn refused(&self, to: Option<Timestamp>, most: u32) -> Result<Vec<RefusedCall>, AdminError> {
        Ok(self.repository.refused(to, most).await?)
    }

    /// A call, by the id of its last attempt, or by the id of its request: of several, which clients may have given one id, the
    /// newest.
    ///
    /// # Errors
    /// [`RepositoryError::NotFound`], also where it is another's.
    pub async fn find(&self, sight: Sight, id: &str) -> Result<CallRecord, AdminError> {
        let by_attempt = match Uuid::parse_str(id) {
            Ok(attempt) => self.repository.call(AttemptId(attempt)).await?,
            Err(_) => None,
        };
        if let Some(call) = by_attempt.filter(|call| sight.has(call.last.user)) {
            return Ok(call);
        }
        let filter = CallFilter { request_id: Some(id.to_owned()), ..CallFilter::default() };
        let newest = self.page(sight, filter, None, 1).await?.pop();
        Ok(newest.ok_or_else(|| RepositoryError::NotFound { what: "this request".to_owned() })?)
    }
}
