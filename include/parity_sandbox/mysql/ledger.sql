CREATE TABLE currencies (
  code CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  name VARCHAR(60) NOT NULL,
  minor_digits TINYINT NOT NULL DEFAULT 2
);
INSERT INTO currencies VALUES ('EUR','Euro',2),('USD','US dollar',2),('GBP','Pound sterling',2),('JPY','Yen',0);
CREATE TABLE merchants (
  merchant_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  legal_name VARCHAR(120) NOT NULL,
  status ENUM('active','suspended','closed') NOT NULL DEFAULT 'active',
  features SET('payouts','adverts','refunds') NOT NULL DEFAULT '',
  settings JSON,
  flags BIT(4) NOT NULL DEFAULT b'0001',
  opened_on DATE NOT NULL DEFAULT '2020-01-01',
  KEY by_status (status)
);
INSERT INTO merchants (merchant_id, legal_name, status, features, settings, flags, opened_on)
SELECT seq, CONCAT('Merchant ', seq, ' Ltd'), ELT(1 + (seq % 9 = 0) + (seq % 27 = 0), 'active', 'suspended', 'closed'),
  ELT(1 + seq % 3, 'payouts', 'payouts,adverts', 'adverts,refunds'),
  JSON_OBJECT('tier', seq % 3, 'contact', CONCAT('ops', seq, '@merchant.example')), seq % 16,
  '2020-01-01' + INTERVAL seq DAY
FROM seq_1_to_500;
CREATE TABLE ledger_entries (
  entry_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount DECIMAL(18,4) NOT NULL,
  fee DECIMAL(18,4),
  fx_rate DOUBLE,
  booked_at DATETIME(6) NOT NULL,
  reference VARCHAR(64),
  memo VARCHAR(120),
  net DECIMAL(19,4) GENERATED ALWAYS AS (amount - COALESCE(fee, 0)) STORED,
  KEY by_merchant (merchant_id, booked_at),
  CONSTRAINT entries_merchant FOREIGN KEY (merchant_id) REFERENCES merchants (merchant_id),
  CONSTRAINT entries_amount CHECK (amount <> 0)
);
INSERT INTO ledger_entries (entry_id, merchant_id, currency, amount, fee, fx_rate, booked_at, reference, memo)
SELECT seq, 1 + seq % 500, ELT(1 + seq % 4, 'EUR', 'USD', 'GBP', 'JPY'),
  IF(seq % 4 = 3, CEIL(seq * 7919 % 1000000 / 100 + 1), 0.0501 + (seq * 7919 % 1000000) / 100),
  IF(seq % 11 = 0, NULL, IF(seq % 4 = 3, seq * 31 % 50, (seq * 31 % 5000) / 10000)), 1 + (seq * 17 % 1000) / 7919,
  '2026-02-01' + INTERVAL seq MINUTE + INTERVAL seq * 37 % 1000000 MICROSECOND,
  CONCAT('REF-', LPAD(seq, 8, '0')), IF(seq % 5 = 0, NULL, CONCAT('Settlement ', seq % 97))
FROM seq_1_to_20000;
CREATE TABLE payouts (
  payout_id BINARY(16) NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  amount DECIMAL(18,2) NOT NULL,
  paid_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  iban VARCHAR(34) NOT NULL,
  KEY by_merchant (merchant_id)
);
INSERT INTO payouts SELECT UNHEX(MD5(seq)), 1 + seq % 500, seq * 1.37, '2026-02-01 00:00:00' + INTERVAL seq HOUR,
  CONCAT('DE', LPAD(seq * 7919, 20, '0')) FROM seq_1_to_3000;
CREATE TABLE daily_balances (
  merchant_id BIGINT NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  day DATE NOT NULL,
  balance DECIMAL(20,4) NOT NULL,
  PRIMARY KEY (merchant_id, currency, day)
) PARTITION BY RANGE (merchant_id) (
  PARTITION low VALUES LESS THAN (251), PARTITION high VALUES LESS THAN MAXVALUE
);
INSERT INTO daily_balances SELECT 1 + seq % 500, ELT(1 + seq DIV 500 % 4, 'EUR', 'USD', 'GBP', 'JPY'),
  '2026-02-01' + INTERVAL seq DIV 2000 DAY, ROUND((seq * 104729 % 10000000) / 100 - 50000, IF(seq DIV 500 % 4 = 3, 0, 2)) FROM seq_1_to_6000;
CREATE TABLE audit_log (
  happened_at DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00',
  actor VARCHAR(40) NOT NULL,
  what TEXT NOT NULL
);
INSERT INTO audit_log SELECT '2026-02-01' + INTERVAL seq DIV 2 HOUR, CONCAT('user', seq % 7),
  CONCAT('approved batch ', seq DIV 2) FROM seq_1_to_2000;
CREATE VIEW merchant_totals AS
  SELECT merchant_id, currency, SUM(amount) AS total FROM ledger_entries GROUP BY merchant_id, currency;
CREATE FUNCTION minor_units(amount DECIMAL(18,4), digits INT) RETURNS BIGINT DETERMINISTIC
  RETURN ROUND(amount * POW(10, digits));
CREATE TRIGGER payouts_check BEFORE INSERT ON payouts FOR EACH ROW SET NEW.iban = UPPER(NEW.iban);
CREATE EVENT purge_audit ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' DISABLE
  DO DELETE FROM audit_log WHERE happened_at < '2020-01-01';
