SELECT CAST(from_base(substr(key_hash, 1, 7), 16) % 64 AS BIGINT) AS bucket,
       CAST(sum(row_count) AS BIGINT) AS row_count,
       CAST(sum(CASE WHEN row_count > 1 THEN row_count ELSE 0 END) AS BIGINT) AS duplicates,
       CAST(sum(digest_1) AS BIGINT) AS digest_1,
       CAST(sum(digest_2) AS BIGINT) AS digest_2,
       CAST(sum(digest_3) AS BIGINT) AS digest_3,
       CAST(sum(digest_4) AS BIGINT) AS digest_4,
       CAST(sum(finer) AS BIGINT) AS finer
FROM (
  SELECT key_hash, count(*) AS row_count,
         sum(from_base(substr(row_hash, 1, 8), 16)) AS digest_1,
         sum(from_base(substr(row_hash, 9, 8), 16)) AS digest_2,
         sum(from_base(substr(row_hash, 17, 8), 16)) AS digest_3,
         sum(from_base(substr(row_hash, 25, 8), 16)) AS digest_4,
         sum(finer) AS finer
  FROM (
    SELECT lower(to_hex(md5(to_utf8(concat_ws(chr(31), "payment_id",
             CAST(CAST("amount" AS decimal(38,4)) AS varchar),
             CASE WHEN "refunded" THEN '1' WHEN NOT "refunded" THEN '0' END,
             CAST(CAST("settled_at" AS timestamp(6)) AS varchar),
             "note",
             CAST(length("note") AS VARCHAR),
             CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END + CASE WHEN "amount" IS NULL THEN 2 ELSE 0 END + CASE WHEN "refunded" IS NULL THEN 4 ELSE 0 END + CASE WHEN "settled_at" IS NULL THEN 8 ELSE 0 END + CASE WHEN "note" IS NULL THEN 16 ELSE 0 END) AS VARCHAR)))))) AS key_hash,
           lower(to_hex(md5(to_utf8(concat_ws(chr(31), "payment_id",
             CAST(CAST("amount" AS decimal(38,4)) AS varchar),
             CASE WHEN "refunded" THEN '1' WHEN NOT "refunded" THEN '0' END,
             CAST(CAST("settled_at" AS timestamp(6)) AS varchar),
             "note",
             CAST(length("note") AS VARCHAR),
             CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END + CASE WHEN "amount" IS NULL THEN 2 ELSE 0 END + CASE WHEN "refunded" IS NULL THEN 4 ELSE 0 END + CASE WHEN "settled_at" IS NULL THEN 8 ELSE 0 END + CASE WHEN "note" IS NULL THEN 16 ELSE 0 END) AS VARCHAR)))))) AS row_hash,
           CASE WHEN substr(CAST(CAST("settled_at" AS timestamp(6)) AS varchar), -3) <> '000' THEN 1 ELSE 0 END AS finer
    FROM (
SELECT * FROM payments WHERE day = ?
) AS legacy
  ) AS hashed
  GROUP BY key_hash
) AS keyed
GROUP BY from_base(substr(key_hash, 1, 7), 16) % 64
