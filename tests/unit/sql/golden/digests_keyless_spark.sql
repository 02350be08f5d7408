SELECT CAST(CAST(conv(substr(key_hash, 1, 7), 16, 10) AS BIGINT) % 64 AS BIGINT) AS bucket,
       CAST(sum(row_count) AS BIGINT) AS row_count,
       CAST(sum(CASE WHEN row_count > 1 THEN row_count ELSE 0 END) AS BIGINT) AS duplicates,
       CAST(sum(digest_1) AS BIGINT) AS digest_1,
       CAST(sum(digest_2) AS BIGINT) AS digest_2,
       CAST(sum(digest_3) AS BIGINT) AS digest_3,
       CAST(sum(digest_4) AS BIGINT) AS digest_4,
       CAST(sum(finer) AS BIGINT) AS finer
FROM (
  SELECT key_hash, count(*) AS row_count,
         sum(CAST(conv(substr(row_hash, 1, 8), 16, 10) AS BIGINT)) AS digest_1,
         sum(CAST(conv(substr(row_hash, 9, 8), 16, 10) AS BIGINT)) AS digest_2,
         sum(CAST(conv(substr(row_hash, 17, 8), 16, 10) AS BIGINT)) AS digest_3,
         sum(CAST(conv(substr(row_hash, 25, 8), 16, 10) AS BIGINT)) AS digest_4,
         sum(finer) AS finer
  FROM (
    SELECT md5(concat_ws(char(31), `payment_id`,
             replace(format_number(CAST(`amount` AS DECIMAL(38,4)), 4), ',', ''),
             CASE WHEN `refunded` THEN '1' WHEN NOT `refunded` THEN '0' END,
             CASE WHEN `settled_at` >= DATE'0001-01-01' AND `settled_at` < DATE'+10000-01-01' THEN date_format(`settled_at`, 'yyyy-MM-dd HH:mm:ss.SSSSSS') ELSE concat(CASE WHEN year(`settled_at`) > 9999 THEN '+' WHEN year(`settled_at`) < 0 THEN '-' ELSE '' END, format_string('%04d', abs(year(`settled_at`))), date_format(`settled_at`, '-MM-dd HH:mm:ss.SSSSSS')) END,
             `note`,
             CAST(length(`note`) AS STRING),
             CAST((CASE WHEN `payment_id` IS NULL THEN 1 ELSE 0 END + CASE WHEN `amount` IS NULL THEN 2 ELSE 0 END + CASE WHEN `refunded` IS NULL THEN 4 ELSE 0 END + CASE WHEN `settled_at` IS NULL THEN 8 ELSE 0 END + CASE WHEN `note` IS NULL THEN 16 ELSE 0 END) AS STRING))) AS key_hash,
           md5(concat_ws(char(31), `payment_id`,
             replace(format_number(CAST(`amount` AS DECIMAL(38,4)), 4), ',', ''),
             CASE WHEN `refunded` THEN '1' WHEN NOT `refunded` THEN '0' END,
             CASE WHEN `settled_at` >= DATE'0001-01-01' AND `settled_at` < DATE'+10000-01-01' THEN date_format(`settled_at`, 'yyyy-MM-dd HH:mm:ss.SSSSSS') ELSE concat(CASE WHEN year(`settled_at`) > 9999 THEN '+' WHEN year(`settled_at`) < 0 THEN '-' ELSE '' END, format_string('%04d', abs(year(`settled_at`))), date_format(`settled_at`, '-MM-dd HH:mm:ss.SSSSSS')) END,
             `note`,
             CAST(length(`note`) AS STRING),
             CAST((CASE WHEN `payment_id` IS NULL THEN 1 ELSE 0 END + CASE WHEN `amount` IS NULL THEN 2 ELSE 0 END + CASE WHEN `refunded` IS NULL THEN 4 ELSE 0 END + CASE WHEN `settled_at` IS NULL THEN 8 ELSE 0 END + CASE WHEN `note` IS NULL THEN 16 ELSE 0 END) AS STRING))) AS row_hash,
           CASE WHEN substr(CASE WHEN `settled_at` >= DATE'0001-01-01' AND `settled_at` < DATE'+10000-01-01' THEN date_format(`settled_at`, 'yyyy-MM-dd HH:mm:ss.SSSSSS') ELSE concat(CASE WHEN year(`settled_at`) > 9999 THEN '+' WHEN year(`settled_at`) < 0 THEN '-' ELSE '' END, format_string('%04d', abs(year(`settled_at`))), date_format(`settled_at`, '-MM-dd HH:mm:ss.SSSSSS')) END, -3) <> '000' THEN 1 ELSE 0 END AS finer
    FROM parity_source
  ) AS hashed
  GROUP BY key_hash
) AS keyed
GROUP BY CAST(conv(substr(key_hash, 1, 7), 16, 10) AS BIGINT) % 64
