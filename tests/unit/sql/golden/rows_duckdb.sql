SELECT "payment_id", "amount", "refunded", "settled_at", "note"
FROM (SELECT * FROM payments) AS stored
WHERE CAST('0x' || substr(md5(concat_ws(chr(31), "payment_id", CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END) AS VARCHAR))), 1, 7) AS BIGINT) % 64 IN (3, 17)
