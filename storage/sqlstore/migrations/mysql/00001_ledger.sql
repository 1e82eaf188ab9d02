-- +goose NO TRANSACTION
-- +goose Up

-- Every statement may run again and commits by itself, so that a run which was cut
-- off goes on. Texts are bytes: compared byte by byte, whatever the collation of
-- the database, and untouched by the character set of a connection. Long ones are
-- MEDIUMBLOB, since a lenient sql_mode cuts what does not fit.

CREATE TABLE IF NOT EXISTS loyalty_accounts (
  program     VARBINARY(64)  NOT NULL,
  member      VARBINARY(255) NOT NULL,
  kind        SMALLINT NOT NULL,
  version     BIGINT   NOT NULL,
  status      SMALLINT NOT NULL,
  due_at      BIGINT   NOT NULL,
  retry_at    BIGINT,
  enrolled_at BIGINT   NOT NULL,
  recorded_at BIGINT   NOT NULL,
  balances    MEDIUMBLOB NOT NULL,
  standing    MEDIUMBLOB NOT NULL,
  days        MEDIUMBLOB NOT NULL,
  hash        MEDIUMBLOB,
  data        MEDIUMBLOB,
  PRIMARY KEY (program, member),
  KEY loyalty_accounts_due (program, due_at, member)
) ENGINE = InnoDB;

-- MariaDB compresses what is half of an operation, which others take for a comment.

CREATE TABLE IF NOT EXISTS loyalty_operations (
  program     VARBINARY(64)  NOT NULL,
  member      VARBINARY(255) NOT NULL,
  version     BIGINT NOT NULL,
  idem_key    VARBINARY(255) NOT NULL,
  type        VARBINARY(255) NOT NULL,
  reason      MEDIUMBLOB NOT NULL,
  actor       MEDIUMBLOB NOT NULL,
  reference   MEDIUMBLOB NOT NULL,
  library     VARBINARY(255) NOT NULL,
  format      INT    NOT NULL,
  occurred_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  fingerprint MEDIUMBLOB,
  salt        MEDIUMBLOB,
  digests     MEDIUMBLOB,
  hash        MEDIUMBLOB,
  command     MEDIUMBLOB /*M!100301 COMPRESSED */,
  receipt     MEDIUMBLOB /*M!100301 COMPRESSED */,
  PRIMARY KEY (program, member, version),
  UNIQUE KEY loyalty_operations_key (program, member, idem_key)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS loyalty_entries (
  program          VARBINARY(64)  NOT NULL,
  member           VARBINARY(255) NOT NULL,
  version          BIGINT   NOT NULL,
  ordinal          INT      NOT NULL,
  unit             VARBINARY(255) NOT NULL,
  kind             VARBINARY(255) NOT NULL,
  from_bucket      SMALLINT NOT NULL,
  to_bucket        SMALLINT NOT NULL,
  amount           BIGINT   NOT NULL,
  lot              BIGINT   NOT NULL,
  into_lot         BIGINT   NOT NULL,
  rule             VARBINARY(255) NOT NULL,
  revision         BIGINT   NOT NULL,
  reference        VARBINARY(320) NOT NULL,
  corrects_version BIGINT   NOT NULL,
  corrects_ordinal INT      NOT NULL,
  occurred_at      BIGINT   NOT NULL,
  recorded_at      BIGINT   NOT NULL,
  PRIMARY KEY (program, member, version, ordinal)
) ENGINE = InnoDB;

-- open is 1 while points remain or are held, and while the lot is pending.

CREATE TABLE IF NOT EXISTS loyalty_lots (
  program        VARBINARY(64)  NOT NULL,
  member         VARBINARY(255) NOT NULL,
  lot            BIGINT   NOT NULL,
  open           SMALLINT NOT NULL,
  unit           VARBINARY(255) NOT NULL,
  state          SMALLINT NOT NULL,
  original       BIGINT   NOT NULL,
  remaining      BIGINT   NOT NULL,
  held           BIGINT   NOT NULL,
  earned_at      BIGINT   NOT NULL,
  available_from BIGINT   NOT NULL,
  expires_at     BIGINT   NOT NULL,
  source         VARBINARY(320) NOT NULL,
  origin         VARBINARY(255) NOT NULL,
  qualifies      SMALLINT NOT NULL,
  merged_into    BIGINT   NOT NULL,
  merged         BIGINT   NOT NULL,
  PRIMARY KEY (program, member, lot),
  KEY loyalty_lots_open (program, member, open, expires_at, earned_at, lot)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS loyalty_records (
  program   VARBINARY(64)  NOT NULL,
  member    VARBINARY(255) NOT NULL,
  kind      VARBINARY(255) NOT NULL,
  id        VARBINARY(320) NOT NULL,
  status    VARBINARY(255) NOT NULL,
  reference VARBINARY(255) NOT NULL,
  sort      VARBINARY(320) NOT NULL,
  due_at    BIGINT     NOT NULL,
  lots      MEDIUMBLOB NOT NULL,
  data      MEDIUMBLOB,
  PRIMARY KEY (program, member, kind, id),
  KEY loyalty_records_due (program, member, due_at),
  KEY loyalty_records_listed (program, kind, reference, status, sort, member, id)
) ENGINE = InnoDB;

-- The key of events is the order of those that are not acknowledged, which saves an index.

CREATE TABLE IF NOT EXISTS loyalty_events (
  program     VARBINARY(64)  NOT NULL,
  member      VARBINARY(255) NOT NULL,
  version     BIGINT   NOT NULL,
  ordinal     INT      NOT NULL,
  bucket      SMALLINT NOT NULL,
  acked       SMALLINT NOT NULL,
  type        VARBINARY(255) NOT NULL,
  recorded_at BIGINT   NOT NULL,
  data        MEDIUMBLOB,
  PRIMARY KEY (program, acked, bucket, member, version, ordinal)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS loyalty_claims (
  program   VARBINARY(64)  NOT NULL,
  space     VARBINARY(255) NOT NULL,
  claim_key VARBINARY(320) NOT NULL,
  holder    VARBINARY(255) NOT NULL,
  PRIMARY KEY (program, space, claim_key)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS loyalty_counters (
  program     VARBINARY(64)  NOT NULL,
  counter_key VARBINARY(320) NOT NULL,
  shard       INT    NOT NULL,
  used        BIGINT NOT NULL,
  PRIMARY KEY (program, counter_key, shard)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS loyalty_revisions (
  program      VARBINARY(64) NOT NULL,
  number       BIGINT NOT NULL,
  effective_at BIGINT NOT NULL,
  digest       MEDIUMBLOB,
  text         MEDIUMBLOB,
  PRIMARY KEY (program, number)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS loyalty_schema (
  version BIGINT NOT NULL,
  PRIMARY KEY (version)
) ENGINE = InnoDB;

INSERT IGNORE INTO loyalty_schema (version) VALUES (1);

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
