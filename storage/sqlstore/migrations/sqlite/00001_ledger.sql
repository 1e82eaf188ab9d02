-- +goose Up

-- One commit touches few pages: the tables with the largest documents are kept in
-- order of arrival, the others in order of their key.

CREATE TABLE IF NOT EXISTS loyalty_accounts (
  program     TEXT    NOT NULL,
  member      TEXT    NOT NULL,
  kind        INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  status      INTEGER NOT NULL,
  due_at      INTEGER NOT NULL,
  retry_at    INTEGER,
  enrolled_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  balances    TEXT    NOT NULL,
  standing    TEXT    NOT NULL,
  days        TEXT    NOT NULL,
  hash        BLOB,
  data        BLOB,
  PRIMARY KEY (program, member)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS loyalty_accounts_due ON loyalty_accounts (program, due_at, member)
  WHERE due_at < 253402300799999999;

CREATE TABLE IF NOT EXISTS loyalty_operations (
  program     TEXT    NOT NULL,
  member      TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  idem_key    TEXT    NOT NULL,
  type        TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  actor       TEXT    NOT NULL,
  reference   TEXT    NOT NULL,
  library     TEXT    NOT NULL,
  format      INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  fingerprint BLOB,
  salt        BLOB,
  digests     BLOB,
  hash        BLOB,
  command     BLOB,
  receipt     BLOB,
  PRIMARY KEY (program, member, version),
  CONSTRAINT loyalty_operations_key UNIQUE (program, member, idem_key)
);

CREATE TABLE IF NOT EXISTS loyalty_entries (
  program          TEXT    NOT NULL,
  member           TEXT    NOT NULL,
  version          INTEGER NOT NULL,
  ordinal          INTEGER NOT NULL,
  unit             TEXT    NOT NULL,
  kind             TEXT    NOT NULL,
  from_bucket      INTEGER NOT NULL,
  to_bucket        INTEGER NOT NULL,
  amount           INTEGER NOT NULL,
  lot              INTEGER NOT NULL,
  into_lot         INTEGER NOT NULL,
  rule             TEXT    NOT NULL,
  revision         INTEGER NOT NULL,
  reference        TEXT    NOT NULL,
  corrects_version INTEGER NOT NULL,
  corrects_ordinal INTEGER NOT NULL,
  occurred_at      INTEGER NOT NULL,
  recorded_at      INTEGER NOT NULL,
  PRIMARY KEY (program, member, version, ordinal)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS loyalty_lots (
  program        TEXT    NOT NULL,
  member         TEXT    NOT NULL,
  lot            INTEGER NOT NULL,
  open           INTEGER NOT NULL,
  unit           TEXT    NOT NULL,
  state          INTEGER NOT NULL,
  original       INTEGER NOT NULL,
  remaining      INTEGER NOT NULL,
  held           INTEGER NOT NULL,
  earned_at      INTEGER NOT NULL,
  available_from INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL,
  source         TEXT    NOT NULL,
  origin         TEXT    NOT NULL,
  qualifies      INTEGER NOT NULL,
  merged_into    INTEGER NOT NULL,
  merged         INTEGER NOT NULL,
  PRIMARY KEY (program, member, lot)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS loyalty_lots_open ON loyalty_lots (program, member, expires_at, earned_at, lot)
  WHERE open = 1;
CREATE INDEX IF NOT EXISTS loyalty_lots_pending ON loyalty_lots (program, member, available_from, lot)
  WHERE state = 1;

CREATE TABLE IF NOT EXISTS loyalty_records (
  program   TEXT    NOT NULL,
  member    TEXT    NOT NULL,
  kind      TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  listed    INTEGER NOT NULL,
  status    TEXT    NOT NULL,
  reference TEXT    NOT NULL,
  sort      TEXT    NOT NULL,
  due_at    INTEGER NOT NULL,
  lots      TEXT    NOT NULL,
  data      BLOB,
  PRIMARY KEY (program, member, kind, id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS loyalty_records_due ON loyalty_records (program, member, due_at, kind, id)
  WHERE due_at < 253402300799999999;
CREATE INDEX IF NOT EXISTS loyalty_records_listed
  ON loyalty_records (program, kind, reference, status, sort, member, id)
  WHERE listed = 1;

CREATE TABLE IF NOT EXISTS loyalty_events (
  program     TEXT    NOT NULL,
  acked       INTEGER NOT NULL,
  bucket      INTEGER NOT NULL,
  member      TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  ordinal     INTEGER NOT NULL,
  type        TEXT    NOT NULL,
  recorded_at INTEGER NOT NULL,
  data        BLOB,
  PRIMARY KEY (program, acked, bucket, member, version, ordinal)
);

CREATE INDEX IF NOT EXISTS loyalty_events_acked ON loyalty_events (program, recorded_at)
  WHERE acked = 1;

CREATE TABLE IF NOT EXISTS loyalty_claims (
  program   TEXT NOT NULL,
  space     TEXT NOT NULL,
  claim_key TEXT NOT NULL,
  holder    TEXT NOT NULL,
  PRIMARY KEY (program, space, claim_key)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS loyalty_counters (
  program     TEXT    NOT NULL,
  counter_key TEXT    NOT NULL,
  shard       INTEGER NOT NULL,
  used        INTEGER NOT NULL,
  PRIMARY KEY (program, counter_key, shard)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS loyalty_revisions (
  program      TEXT    NOT NULL,
  number       INTEGER NOT NULL,
  effective_at INTEGER NOT NULL,
  digest       BLOB,
  text         BLOB,
  PRIMARY KEY (program, number)
);

-- +goose Down
DROP TABLE loyalty_revisions;
DROP TABLE loyalty_counters;
DROP TABLE loyalty_claims;
DROP TABLE loyalty_events;
DROP TABLE loyalty_records;
DROP TABLE loyalty_lots;
DROP TABLE loyalty_entries;
DROP TABLE loyalty_operations;
DROP TABLE loyalty_accounts;
