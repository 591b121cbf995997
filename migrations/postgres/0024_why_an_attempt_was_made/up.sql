-- The rule by which an attempt's target was chosen among several, and the targets that were passed over before it, as a list in JSON.
-- Attempts where there was nothing to choose have no line.
CREATE TABLE attempt_choices (
    attempt_id BYTEA NOT NULL PRIMARY KEY,
    rule TEXT,
    passed_over TEXT
);
