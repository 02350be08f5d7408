UPDATE ledger_entries SET amount = ROUND(amount, 2) WHERE entry_id BETWEEN 101 AND 105;
UPDATE ledger_entries SET booked_at = booked_at + INTERVAL 330 MINUTE WHERE entry_id BETWEEN 5001 AND 5007;
UPDATE ledger_entries SET memo = '' WHERE entry_id IN (10000, 10005, 10010, 10015) AND memo IS NULL;
UPDATE ledger_entries SET reference = CONCAT(reference, ' ') WHERE entry_id IN (12001, 12002, 12003);
DELETE FROM ledger_entries WHERE entry_id IN (3, 777, 19999);
INSERT INTO ledger_entries (entry_id, merchant_id, currency, amount, booked_at)
  VALUES (20001, 1, 'EUR', 12.34, '2026-03-01'), (20002, 2, 'USD', 56.78, '2026-03-01');
UPDATE merchants SET legal_name = UPPER(legal_name) WHERE merchant_id = 42;
UPDATE daily_balances SET balance = -balance WHERE merchant_id = 300 AND currency = 'GBP';
INSERT INTO audit_log SELECT * FROM audit_log WHERE actor = 'user3' LIMIT 1;
ALTER TABLE merchants DROP KEY by_status;
ALTER TABLE payouts MODIFY iban VARCHAR(40) NOT NULL;
ALTER TABLE currencies ALTER minor_digits SET DEFAULT 3;
DROP TRIGGER payouts_check;
DROP FUNCTION minor_units;
CREATE FUNCTION minor_units(amount DECIMAL(18,4), digits INT) RETURNS BIGINT DETERMINISTIC
  RETURN TRUNCATE(amount * POW(10, digits), 0);
CREATE TABLE migration_notes (note_id INT NOT NULL PRIMARY KEY, note VARCHAR(200));
