-- trino
concat_ws(chr(31), "payment_id",
             CAST(CAST("amount" AS decimal(38,4)) AS varchar),
             CASE WHEN "refunded" THEN '1' WHEN NOT "refunded" THEN '0' END,
             CAST(CAST("settled_at" AS timestamp(6)) AS varchar),
             "note",
             CAST(length("note") AS VARCHAR),
             CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END + CASE WHEN "amount" IS NULL THEN 2 ELSE 0 END + CASE WHEN "refunded" IS NULL THEN 4 ELSE 0 END + CASE WHEN "settled_at" IS NULL THEN 8 ELSE 0 END + CASE WHEN "note" IS NULL THEN 16 ELSE 0 END) AS VARCHAR))
-- spark
concat_ws(char(31), `payment_id`,
             replace(format_number(CAST(`amount` AS DECIMAL(38,4)), 4), ',', ''),
             CASE WHEN `refunded` THEN '1' WHEN NOT `refunded` THEN '0' END,
             CASE WHEN `settled_at` >= DATE'0001-01-01' AND `settled_at` < DATE'+10000-01-01' THEN date_format(`settled_at`, 'yyyy-MM-dd HH:mm:ss.SSSSSS') ELSE concat(CASE WHEN year(`settled_at`) > 9999 THEN '+' WHEN year(`settled_at`) < 0 THEN '-' ELSE '' END, format_string('%04d', abs(year(`settled_at`))), date_format(`settled_at`, '-MM-dd HH:mm:ss.SSSSSS')) END,
             `note`,
             CAST(length(`note`) AS STRING),
             CAST((CASE WHEN `payment_id` IS NULL THEN 1 ELSE 0 END + CASE WHEN `amount` IS NULL THEN 2 ELSE 0 END + CASE WHEN `refunded` IS NULL THEN 4 ELSE 0 END + CASE WHEN `settled_at` IS NULL THEN 8 ELSE 0 END + CASE WHEN `note` IS NULL THEN 16 ELSE 0 END) AS STRING))
-- duckdb
concat_ws(chr(31), "payment_id",
             CAST(CAST("amount" AS DECIMAL(38,4)) AS VARCHAR),
             CASE WHEN "refunded" THEN '1' WHEN NOT "refunded" THEN '0' END,
             CASE WHEN year(CAST("settled_at" AS TIMESTAMP)) BETWEEN 1 AND 9999 THEN strftime(CAST("settled_at" AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f') ELSE CASE WHEN year(CAST("settled_at" AS TIMESTAMP)) > 9999 THEN '+' ELSE '' END || printf('%s%04d', CASE WHEN year(CAST("settled_at" AS TIMESTAMP)) < 0 THEN '-' ELSE '' END, abs(year(CAST("settled_at" AS TIMESTAMP)))) || strftime(CAST("settled_at" AS TIMESTAMP), '-%m-%d %H:%M:%S.%f') END,
             "note",
             CAST(length("note") AS VARCHAR),
             CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END + CASE WHEN "amount" IS NULL THEN 2 ELSE 0 END + CASE WHEN "refunded" IS NULL THEN 4 ELSE 0 END + CASE WHEN "settled_at" IS NULL THEN 8 ELSE 0 END + CASE WHEN "note" IS NULL THEN 16 ELSE 0 END) AS VARCHAR))
