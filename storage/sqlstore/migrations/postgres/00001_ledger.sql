-- +goose NO TRANSACTION
-- +goose Up

-- Every statement may run again and commits by itself, so that databases which
-- take one DDL statement a transaction run the file too, and one that was cut off
-- goes on. Columns of a fixed width come first: rows are smaller without padding.

CREATE TABLE IF NOT EXISTS loyalty_accounts (
  version     bigint   NOT NULL,
  due_at      bigint   NOT NULL,
  retry_at    bigint,
  enrolled_at bigint   NOT NULL,
  recorded_at bigint   NOT NULL,
  kind        smallint NOT NULL,
  status      smallint NOT NULL,
  program     text COLLATE "C" NOT NULL,
  member      text COLLATE "C" NOT NULL,
  balances    text COLLATE "C" NOT NULL,
  standing    text COLLATE "C" NOT NULL,
  days        text COLLATE "C" NOT NULL,
  hash        bytea,
  data        bytea,
  CONSTRAINT loyalty_accounts_pkey PRIMARY KEY (program, member)
);

CREATE INDEX IF NOT EXISTS loyalty_accounts_due ON loyalty_accounts (program, due_at, member);

CREATE TABLE IF NOT EXISTS loyalty_operations (
  version     bigint   NOT NULL,
  occurred_at bigint   NOT NULL,
  recorded_at bigint   NOT NULL,
  format      integer  NOT NULL,
  program     text COLLATE "C" NOT NULL,
  member      text COLLATE "C" NOT NULL,
  idem_key    text COLLATE "C" NOT NULL,
  type        text COLLATE "C" NOT NULL,
  reason      text COLLATE "C" NOT NULL,
  actor       text COLLATE "C" NOT NULL,
  reference   text COLLATE "C" NOT NULL,
  library     text COLLATE "C" NOT NULL,
  fingerprint bytea,
  salt        bytea,
  digests     bytea,
  hash        bytea,
  command     bytea,
  receipt     bytea,
  CONSTRAINT loyalty_operations_pkey PRIMARY KEY (program, member, version),
  CONSTRAINT loyalty_operations_key UNIQUE (program, member, idem_key)
);

CREATE TABLE IF NOT EXISTS loyalty_entries (
  version          bigint   NOT NULL,
  amount           bigint   NOT NULL,
  lot              bigint   NOT NULL,
  into_lot         bigint   NOT NULL,
  revision         bigint   NOT NULL,
  corrects_version bigint   NOT NULL,
  occurred_at      bigint   NOT NULL,
  recorded_at      bigint   NOT NULL,
  ordinal          integer  NOT NULL,
  corrects_ordinal integer  NOT NULL,
  from_bucket      smallint NOT NULL,
  to_bucket        smallint NOT NULL,
  program          text COLLATE "C" NOT NULL,
  member           text COLLATE "C" NOT NULL,
  unit             text COLLATE "C" NOT NULL,
  kind             text COLLATE "C" NOT NULL,
  rule             text COLLATE "C" NOT NULL,
  reference        text COLLATE "C" NOT NULL,
  CONSTRAINT loyalty_entries_pkey PRIMARY KEY (program, member, version, ordinal)
);

-- open is 1 while points remain or are held, and while the lot is pending.

CREATE TABLE IF NOT EXISTS loyalty_lots (
  lot            bigint   NOT NULL,
  original       bigint   NOT NULL,
  remaining      bigint   NOT NULL,
  held           bigint   NOT NULL,
  earned_at      bigint   NOT NULL,
  available_from bigint   NOT NULL,
  expires_at     bigint   NOT NULL,
  merged_into    bigint   NOT NULL,
  merged         bigint   NOT NULL,
  open           smallint NOT NULL,
  state          smallint NOT NULL,
  qualifies      smallint NOT NULL,
  program        text COLLATE "C" NOT NULL,
  member         text COLLATE "C" NOT NULL,
  unit           text COLLATE "C" NOT NULL,
  source         text COLLATE "C" NOT NULL,
  origin         text COLLATE "C" NOT NULL,
  CONSTRAINT loyalty_lots_pkey PRIMARY KEY (program, member, lot)
);

CREATE INDEX IF NOT EXISTS loyalty_lots_open ON loyalty_lots (program, member, open, expires_at, earned_at, lot);

CREATE TABLE IF NOT EXISTS loyalty_records (
  due_at    bigint NOT NULL,
  program   text COLLATE "C" NOT NULL,
  member    text COLLATE "C" NOT NULL,
  kind      text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL,
  status    text COLLATE "C" NOT NULL,
  reference text COLLATE "C" NOT NULL,
  sort      text COLLATE "C" NOT NULL,
  lots      text COLLATE "C" NOT NULL,
  data      bytea,
  CONSTRAINT loyalty_records_pkey PRIMARY KEY (program, member, kind, id)
);

-- It is no narrower than the primary key: a server without statistics takes, of indexes
-- that begin alike, the one with the fewest levels, also to find a record by its key.

CREATE INDEX IF NOT EXISTS loyalty_records_due ON loyalty_records (program, member, due_at, kind, id);

CREATE INDEX IF NOT EXISTS loyalty_records_listed
  ON loyalty_records (program, kind, reference, status, sort, member, id);

CREATE TABLE IF NOT EXISTS loyalty_events (
  version     bigint   NOT NULL,
  recorded_at bigint   NOT NULL,
  ordinal     integer  NOT NULL,
  bucket      smallint NOT NULL,
  acked       smallint NOT NULL,
  program     text COLLATE "C" NOT NULL,
  member      text COLLATE "C" NOT NULL,
  type        text COLLATE "C" NOT NULL,
  data        bytea,
  CONSTRAINT loyalty_events_pkey PRIMARY KEY (program, member, version, ordinal)
);

CREATE INDEX IF NOT EXISTS loyalty_events_pending
  ON loyalty_events (program, acked, bucket, member, version, ordinal);

CREATE TABLE IF NOT EXISTS loyalty_claims (
  program   text COLLATE "C" NOT NULL,
  space     text COLLATE "C" NOT NULL,
  claim_key text COLLATE "C" NOT NULL,
  holder    text COLLATE "C" NOT NULL,
  CONSTRAINT loyalty_claims_pkey PRIMARY KEY (program, space, claim_key)
);

CREATE TABLE IF NOT EXISTS loyalty_counters (
  used        bigint  NOT NULL,
  shard       integer NOT NULL,
  program     text COLLATE "C" NOT NULL,
  counter_key text COLLATE "C" NOT NULL,
  CONSTRAINT loyalty_counters_pkey PRIMARY KEY (program, counter_key, shard)
);

CREATE TABLE IF NOT EXISTS loyalty_revisions (
  number       bigint NOT NULL,
  effective_at bigint NOT NULL,
  program      text COLLATE "C" NOT NULL,
  digest       bytea,
  text         bytea,
  CONSTRAINT loyalty_revisions_pkey PRIMARY KEY (program, number)
);

CREATE TABLE IF NOT EXISTS loyalty_schema (
  version bigint NOT NULL,
  CONSTRAINT loyalty_schema_pkey PRIMARY KEY (version)
);

INSERT INTO loyalty_schema (version) VALUES (1) ON CONFLICT (version) DO NOTHING;

-- +goose Down
DROP TABLE IF EXISTS loyalty_schema;
DROP TABLE IF EXISTS loyalty_revisions;
DROP TABLE IF EXISTS loyalty_counters;
DROP TABLE IF EXISTS loyalty_claims;
DROP TABLE IF EXISTS loyalty_events;
DROP TABLE IF EXISTS loyalty_records;
DROP TABLE IF EXISTS loyalty_lots;
DROP TABLE IF EXISTS loyalty_entries;
DROP TABLE IF EXISTS loyalty_operations;
DROP TABLE IF EXISTS loyalty_accounts;
