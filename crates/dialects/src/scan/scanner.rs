use super::names::{Mark, Names};
use super::string::{self, PlainRuns};
use super::token::{Kind, Role, Token, narrow};
use super::{ScanError, ScanErrorKind, ScanLimits, number};

/// Proves the body to be one acceptable JSON object and tabulates it. The first token is the root.
pub(super) fn scan(body: &[u8], limits: ScanLimits) -> Result<Vec<Token>, ScanError> {
    if u32::try_from(body.len()).is_err() {
        return Err(ScanError::new(ScanErrorKind::BodyTooLarge, 0));
    }
    if body.starts_with("\u{feff}".as_bytes()) {
        return Err(ScanError::new(ScanErrorKind::ByteOrderMark, 0));
    }
    check_utf8(body)?;
    // Enough for an ordinary call without growing, little enough not to matter for a long prompt.
    let capacity = (body.len() / 32 + 16).min(256);
    let mut scanner = Scanner {
        body,
        plain_runs: PlainRuns::within(body),
        at: 0,
        limits,
        tokens: Vec::with_capacity(capacity),
        open: Vec::with_capacity(8),
        names: Names::default(),
    };
    scanner.run()?;
    Ok(scanner.tokens)
}

fn check_utf8(body: &[u8]) -> Result<(), ScanError> {
    if simdutf8::basic::from_utf8(body).is_ok() {
        return Ok(());
    }
    // Which does not say where.
    let found = str::from_utf8(body).map(|_| ());
    found.map_err(|error| ScanError::new(ScanErrorKind::InvalidUtf8, error.valid_up_to()))
}

struct Scanner<'b> {
    body: &'b [u8],
    plain_runs: PlainRuns,
    at: usize,
    limits: ScanLimits,
    tokens: Vec<Token>,
    open: Vec<Frame>,
    names: Names,
}

/// A container that is open.
struct Frame {
    /// Index of its token.
    token: usize,
    /// Where its names begin; `None` for an array.
    names: Option<Mark>,
}

/// What stands next in the text.
enum Next {
    Value,
    AfterValue,
}

impl Scanner<'_> {
    fn run(&mut self) -> Result<(), ScanError> {
        self.skip_white_space();
        let root = self.peek();
        let mut next = self.value()?;
        while let Some(frame) = self.open.last() {
            next = match (next, frame.names) {
                (Next::Value, _) => self.value()?,
                (Next::AfterValue, Some(mark)) => self.after_member(mark)?,
                (Next::AfterValue, None) => self.after_element()?,
            };
        }
        self.skip_white_space();
        if self.at < self.body.len() {
            return Err(self.error(ScanErrorKind::TrailingData));
        }
        if root == Some(b'{') { Ok(()) } else { Err(ScanError::new(ScanErrorKind::RootNotObject, 0)) }
    }

    fn value(&mut self) -> Result<Next, ScanError> {
        match self.peek() {
            Some(b'"') => self.string(Role::Value(Kind::String)).map(|_| Next::AfterValue),
            Some(b'{') => self.open_object(),
            Some(b'[') => self.open_array(),
            Some(b'-' | b'0'..=b'9') => {
                let end = number::find_end(self.body, self.at)?;
                self.scalar(Kind::Number, end)
            }
            Some(b't') => self.literal(b"true", Kind::True),
            Some(b'f') => self.literal(b"false", Kind::False),
            Some(b'n') => self.literal(b"null", Kind::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn open_object(&mut self) -> Result<Next, ScanError> {
        let mark = self.names.mark();
        self.open(Kind::Object, Some(mark))?;
        if self.peek() == Some(b'}') {
            return self.close();
        }
        self.name(mark)
    }

    fn open_array(&mut self) -> Result<Next, ScanError> {
        self.open(Kind::Array, None)?;
        if self.peek() == Some(b']') { self.close() } else { Ok(Next::Value) }
    }

    fn open(&mut self, kind: Kind, names: Option<Mark>) -> Result<(), ScanError> {
        if self.open.len() >= self.limits.max_depth {
            return Err(self.error(ScanErrorKind::TooDeep));
        }
        self.open.push(Frame { token: self.tokens.len(), names });
        self.push(Role::Value(kind), self.at + 1, 0)?;
        self.skip_white_space();
        Ok(())
    }

    fn after_member(&mut self, mark: Mark) -> Result<Next, ScanError> {
        self.skip_white_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_white_space();
                self.name(mark)
            }
            Some(b'}') => self.close(),
            _ => Err(self.unexpected()),
        }
    }

    fn after_element(&mut self) -> Result<Next, ScanError> {
        self.skip_white_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_white_space();
                Ok(Next::Value)
            }
            Some(b']') => self.close(),
            _ => Err(self.unexpected()),
        }
    }

    /// A member's name and colon.
    fn name(&mut self, mark: Mark) -> Result<Next, ScanError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        if self.names.count_since(mark) >= self.limits.max_members {
            return Err(self.error(ScanErrorKind::TooManyMembers));
        }
        let token = self.string(Role::Name)?;
        self.names.push(self.body, token);
        self.skip_white_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected());
        }
        self.at += 1;
        self.skip_white_space();
        Ok(Next::Value)
    }

    /// Closes the innermost container at its bracket.
    fn close(&mut self) -> Result<Next, ScanError> {
        self.at += 1;
        if let Some(frame) = self.open.pop() {
            if let Some(mark) = frame.names {
                self.names.close(self.body, mark)?;
            }
            let after = narrow(self.tokens.len());
            if let Some(token) = self.tokens.get_mut(frame.token) {
                token.end = narrow(self.at);
                token.extra = after;
            }
        }
        Ok(Next::AfterValue)
    }

    fn string(&mut self, role: Role) -> Result<Token, ScanError> {
        let found = string::find_end(self.body, self.at, self.plain_runs)?;
        self.push(role, found.end, found.decoded_len)
    }

    fn literal(&mut self, spelling: &[u8], kind: Kind) -> Result<Next, ScanError> {
        let rest = self.body.get(self.at..).unwrap_or_default();
        if rest.starts_with(spelling) {
            return self.scalar(kind, self.at + spelling.len());
        }
        if spelling.starts_with(rest) {
            return Err(ScanError::new(ScanErrorKind::UnexpectedEnd, self.body.len()));
        }
        Err(self.error(ScanErrorKind::UnexpectedCharacter))
    }

    fn scalar(&mut self, kind: Kind, end: usize) -> Result<Next, ScanError> {
        self.push(Role::Value(kind), end, 0)?;
        Ok(Next::AfterValue)
    }

    /// Notes a token from here to `end` and moves there.
    fn push(&mut self, role: Role, end: usize, extra: usize) -> Result<Token, ScanError> {
        if self.tokens.len() >= self.limits.max_values {
            return Err(self.error(ScanErrorKind::TooManyValues));
        }
        let token = Token { start: narrow(self.at), end: narrow(end), extra: narrow(extra), role };
        self.tokens.push(token);
        self.at = end;
        Ok(token)
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn unexpected(&self) -> ScanError {
        let end = self.at >= self.body.len();
        self.error(if end { ScanErrorKind::UnexpectedEnd } else { ScanErrorKind::UnexpectedCharacter })
    }

    fn error(&self, kind: ScanErrorKind) -> ScanError {
        ScanError::new(kind, self.at)
    }
}
