SELECT "payment_id",
       CASE WHEN parity_inside THEN "amount" END AS "amount",
       CASE WHEN parity_inside THEN "refunded" END AS "refunded",
       CASE WHEN parity_inside THEN "settled_at" END AS "settled_at",
       "note"
FROM (
  SELECT "payment_id", "amount", "refunded", "settled_at", "note", from_base(substr(lower(to_hex(md5(to_utf8(concat_ws(chr(31), "payment_id", CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END) AS VARCHAR)))))), 1, 7), 16) % 64 IN (3, 17) AS parity_inside
  FROM (SELECT * FROM (
SELECT * FROM payments WHERE day = ?
) AS legacy) AS stored
) AS marked
