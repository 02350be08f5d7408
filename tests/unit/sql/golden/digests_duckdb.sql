SELECT CAST(CAST('0x' || substr(key_hash, 1, 7) AS BIGINT) % 64 AS BIGINT) AS bucket,
       CAST(sum(row_count) AS BIGINT) AS row_count,
       CAST(sum(CASE WHEN row_count > 1 THEN row_count ELSE 0 END) AS BIGINT) AS duplicates,
       CAST(sum(digest_1) AS BIGINT) AS digest_1,
       CAST(sum(digest_2) AS BIGINT) AS digest_2,
       CAST(sum(digest_3) AS BIGINT) AS digest_3,
       CAST(sum(digest_4) AS BIGINT) AS digest_4,
       CAST(sum(finer) AS BIGINT) AS finer
FROM (
  SELECT key_hash, count(*) AS row_count,
         sum(CAST('0x' || substr(row_hash, 1, 8) AS BIGINT)) AS digest_1,
         sum(CAST('0x' || substr(row_hash, 9, 8) AS BIGINT)) AS digest_2,
         sum(CAST('0x' || substr(row_hash, 17, 8) AS BIGINT)) AS digest_3,
         sum(CAST('0x' || substr(row_hash, 25, 8) AS BIGINT)) AS digest_4,
         sum(finer) AS finer
  FROM (
    SELECT md5(concat_ws(chr(31), "payment_id", CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END) AS VARCHAR))) AS key_hash,
           md5(concat_ws(chr(31), "payment_id",
             CAST(CAST("amount" AS DECIMAL(38,4)) AS VARCHAR),
             CASE WHEN "refunded" THEN '1' WHEN NOT "refunded" THEN '0' END,
             CASE WHEN year(CAST("settled_at" AS TIMESTAMP)) BETWEEN 1 AND 9999 THEN strftime(CAST("settled_at" AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f') ELSE CASE WHEN year(CAST("settled_at" AS TIMESTAMP)) > 9999 THEN '+' ELSE '' END || printf('%s%04d', CASE WHEN year(CAST("settled_at" AS TIMESTAMP)) < 0 THEN '-' ELSE '' END, abs(year(CAST("settled_at" AS TIMESTAMP)))) || strftime(CAST("settled_at" AS TIMESTAMP), '-%m-%d %H:%M:%S.%f') END,
             "note",
             CAST(length("note") AS VARCHAR),
             CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END + CASE WHEN "amount" IS NULL THEN 2 ELSE 0 END + CASE WHEN "refunded" IS NULL THEN 4 ELSE 0 END + CASE WHEN "settled_at" IS NULL THEN 8 ELSE 0 END + CASE WHEN "note" IS NULL THEN 16 ELSE 0 END) AS VARCHAR))) AS row_hash,
           CASE WHEN substr(CASE WHEN year(CAST("settled_at" AS TIMESTAMP)) BETWEEN 1 AND 9999 THEN strftime(CAST("settled_at" AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f') ELSE CASE WHEN year(CAST("settled_at" AS TIMESTAMP)) > 9999 THEN '+' ELSE '' END || printf('%s%04d', CASE WHEN year(CAST("settled_at" AS TIMESTAMP)) < 0 THEN '-' ELSE '' END, abs(year(CAST("settled_at" AS TIMESTAMP)))) || strftime(CAST("settled_at" AS TIMESTAMP), '-%m-%d %H:%M:%S.%f') END, -3) <> '000' THEN 1 ELSE 0 END AS finer
    FROM payments
  ) AS hashed
  GROUP BY key_hash
) AS keyed
GROUP BY CAST('0x' || substr(key_hash, 1, 7) AS BIGINT) % 64
